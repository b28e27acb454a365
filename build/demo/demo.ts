/**
 * `npm run demo [FOLDER] [-- --keep]`: the main job on real files, for a person to watch, through the real command
 * line, in a temporary home and vault. In this order:
 *  1. copy the folder (it is only read), make a vault and an item
 *  2. back up; change files; back up; change a little; back up
 *  3. list the points, check the vault, restore the first and the latest, compare each with what was backed up
 *  4. show what was transferred beside what full and differential backups would have
 * Exits with 1 when anything differs or fails, with 130 on Ctrl-C. Nothing stays behind, unless --keep is given.
 */
import { existsSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { systemClock } from '../../agent-core/base/clock.ts'
import { countOf, formatCount, formatSize, formatTook } from '../../agent-core/cli/amounts.ts'
import { changeLittle, changeMuch } from './change-files.ts'
import { type CopyResult, copyFolder } from './copy-folder.ts'
import { type BackupStep, costTable } from './cost-table.ts'
import { compareRecords, countEntries, type FolderRecord, recordFolder } from './folder-record.ts'
import { TharsisCommands } from './tharsis-commands.ts'
import { openWorkFolder, removeFolder, type WorkFolder } from './work-folder.ts'

const mebibyte = 1024 ** 2
const limits = { bytes: 640 * mebibyte, entries: 25_000 }
/** The copy, the vault, the payload in the cache and one restored folder at a time. */
const copiesOnDisk = 4
const shownDifferences = 20
/** What changed within this time before a backup is read again by the next one (docs/format/trees.md, "Unchanged"). */
const settleMs = 2_100
const item = 'files'

const say = (line = '') => process.stdout.write(`${line}\n`)
const startedMs = performance.now()
const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort())

process.exitCode = await main().catch((error: unknown) => {
  if (!stop.signal.aborted) throw error
  say('\nStopped. Everything that the demo made has been removed.')
  return 130
})

async function main(): Promise<number> {
  const options = readOptions()
  if (typeof options === 'string') {
    process.stderr.write(`${options}\n`)
    return 2
  }
  using work = openWorkFolder(limits.bytes * copiesOnDisk)
  try {
    const status = await demo(options.folder, work)
    if (options.keep) work.keep()
    say(options.keep ? `\nKept: ${work.path}` : '\nHome, vault and copies have been removed (--keep keeps them).')
    return status
  } catch (error) {
    if (stop.signal.aborted) throw error
    process.stderr.write(`\nThe demo failed: ${(error as Error).message}\n`)
    if (options.keep) work.keep()
    return 1
  }
}

async function demo(folder: string, work: WorkFolder): Promise<number> {
  const tharsis = new TharsisCommands(work.path, stop.signal, say)
  const source = join(work.path, 'source')
  say('Tharsis: the main job on real files, in a temporary home and vault.')
  say(`All commands below run in ${work.path}, with THARSIS_HOME and THARSIS_PASSPHRASE set.`)

  say(`\n1. A copy of ${folder}, because files will be changed; the folder itself is only read`)
  const copy = await copyFolder(folder, source, {
    limits: { ...limits, bytes: Math.min(limits.bytes, work.freeBytes / copiesOnDisk) },
    signal: stop.signal,
    barrier: work.path,
  })
  say(`   ${copyWords(copy)}`)

  say('\n2. An encrypted vault, and an item: what is protected, and where to')
  sayOutput((await tharsis.run('vault', 'create', 'demo', '--local', 'vault')).output)
  sayOutput((await tharsis.run('item', 'enable', item, '--vault', 'demo', '--no-default-excludes', 'source')).output)

  say('\n3. The first backup: everything')
  const first = await backUp(tharsis, source)
  say('\n4. A day of work')
  for (const line of changeMuch(source, first.record)) say(`   - ${line}`)
  await systemClock.delay(settleMs, stop.signal)
  say('\n5. The increment: only what changed is read and stored')
  const second = await backUp(tharsis, source)
  say('\n6. A little more work, and the next increment')
  for (const line of changeLittle(source, second.record)) say(`   - ${line}`)
  const third = await backUp(tharsis, source)

  say('\n7. The points, and a check of everything in the vault')
  sayOutput((await tharsis.run('point', 'list', item)).output)
  sayOutput((await tharsis.run('vault', 'verify', 'demo', '--read-data', '100')).output)

  say('\n8. Back again: the first and the latest point, each compared with what was backed up')
  const firstPoint = first.backup.point?.id ?? ''
  const differences = [
    ...(await restoreAndCompare(tharsis, { point: firstPoint, to: 'first', work, record: first.record })),
    ...(await restoreAndCompare(tharsis, { point: 'latest', to: 'latest', work, record: third.record })),
  ]

  say('\n9. What it took, beside other kinds of backup')
  for (const line of costTable([first, second, third])) say(`   ${line}`)
  say(`\n${verdict(differences, third.record)}`)
  return differences.length === 0 ? 0 : 1
}

function readOptions(): { readonly folder: string; readonly keep: boolean } | string {
  const usage = 'Usage: npm run demo [FOLDER] [-- --keep]'
  try {
    const { values, positionals } = parseArgs({ options: { keep: { type: 'boolean' } }, allowPositionals: true })
    if (positionals.length > 1) return usage
    // npm runs a script in the project's folder; a person means the one they stand in.
    const folder = positionals[0]
      ? resolve(process.env['INIT_CWD'] ?? '.', positionals[0])
      : join(import.meta.dirname, '..', '..', 'node_modules')
    if (!existsSync(folder) || !statSync(folder).isDirectory()) return `${folder} is no folder. ${usage}`
    return { folder, keep: values.keep === true }
  } catch (error) {
    return `${(error as Error).message}\n${usage}`
  }
}

async function backUp(tharsis: TharsisCommands, source: string): Promise<BackupStep> {
  const record = await recordFolder(source, stop.signal)
  const backup = await tharsis.backup(item)
  if (backup.point?.confirmed !== true) throw new Error('The vault did not confirm the point.')
  const { files, bytes, transferred, point, tookMs } = backup
  say(`   Point ${point.id.slice(0, 8)}, confirmed in the vault, after ${formatTook(tookMs)}`)
  say(
    `   ${countOf(files.seen, 'file')} seen, ${formatCount(files.changed)} new or changed, ${formatCount(files.deleted)} deleted; ` +
      `${formatSize(bytes.read)} of ${formatSize(bytes.total)} read`,
  )
  say(`   ${formatSize(bytes.new)} new, ${formatSize(transferred)} transferred`)
  return { backup, record }
}

async function restoreAndCompare(
  tharsis: TharsisCommands,
  restore: { readonly point: string; readonly to: string; readonly work: WorkFolder; readonly record: FolderRecord },
): Promise<string[]> {
  const { point, to, work, record } = restore
  const { output } = await tharsis.run('restore', 'files', item, point.slice(0, 8), '--to', to)
  sayOutput(output)
  const restored = join(work.path, to)
  const differences = compareRecords(record, await recordFolder(restored, stop.signal))
  const { files, folders, others } = countEntries(record)
  say(
    differences.length === 0
      ? `   Same: ${countOf(files, 'file')} (every byte), ${countOf(folders, 'folder')}, ${countOf(others, 'link')}; permissions, owners, times, hard links`
      : `   ${countOf(differences.length, 'difference')}:`,
  )
  for (const line of differences.slice(0, shownDifferences)) say(`     ${line}`)
  if (differences.length > shownDifferences) say(`     and ${differences.length - shownDifferences} more`)
  removeFolder(restored)
  return differences
}

function copyWords({ entries, bytes, isCut, leftOut, unreadable }: CopyResult): string {
  const parts = [`${formatCount(entries)} entries, ${formatSize(bytes)}`]
  if (isCut) parts.push('the rest is left out, so that this ends in about a minute')
  if (leftOut > 0) parts.push(`${formatCount(leftOut)} mounts, devices or sockets left out`)
  if (unreadable > 0) parts.push(`${formatCount(unreadable)} that this user may not read left out`)
  return parts.join('; ')
}

function sayOutput(output: string): void {
  for (const line of output.trimEnd().split('\n')) if (line !== '') say(`   ${line}`)
}

function verdict(differences: readonly string[], record: FolderRecord): string {
  const took = formatTook(performance.now() - startedMs)
  if (differences.length > 0) return `DIFFERENT: ${countOf(differences.length, 'difference')}, named above (${took}).`
  return `All the same: both points came back as they were, ${formatCount(record.size - 1)} entries in the latest (${took}).`
}
