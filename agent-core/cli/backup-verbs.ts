import type { BackupDocument } from '../api/agent-api.ts'
import { countOf, formatCount, formatSize, formatTook } from './amounts.ts'
import { keepUntil, type RetainOptions, usageError, wholeNumber } from './argument-values.ts'
import { exitStatus } from './exit-status.ts'
import type { Output } from './output.ts'
import type { RunVerb, Session } from './session.ts'
import { sayWarnings } from './warning-lines.ts'

interface BackupInput extends RetainOptions {
  readonly item: string
  readonly scheduled?: true
  readonly watch?: true
  readonly wait: boolean
  readonly every?: string
}

const minuteMs = 60_000
const everyMinutes = '15'
const longestEveryMinutes = 7 * 24 * 60

export const backupNow: RunVerb<BackupInput> = async (input, session) => {
  if (input.watch === true) return await watch(input, session)
  if (input.every !== undefined) {
    throw usageError(
      '--every goes with --watch; without it one backup is made.',
      'Add --watch to go on until interrupted, or give the item a policy with a schedule: "tharsis policy create NAME --every 15m".',
    )
  }
  const { output } = session
  const keepUntilMs = keepUntil(input, session.clock.nowMs())
  if (input.scheduled === true && keepUntilMs !== undefined) {
    throw usageError(
      'A scheduled point is kept by the rules of the policy; --retain-until and --retain-days are for those on demand.',
      'Leave out --scheduled, or the date.',
    )
  }
  const options = {
    accept: session.options.accept === true,
    ...(input.scheduled === true && { scheduled: true }),
    ...(keepUntilMs === undefined ? {} : { keepUntilMs }),
  }
  if (!input.wait) {
    const job = await (await session.agent()).startBackup(input.item, options)
    await output.summary(job, () => [`Backup of "${input.item}" is queued as job ${job.id.slice(0, 8)}.`])
    return exitStatus.done
  }
  const backup = await (await session.agent()).backupNow(input.item, options, session.context)
  await output.summary(backup, () => backupLines(input.item, backup, output))
  return sayOutcome(backup, output)
}

/** Backs up again and again until it is told to stop; the exit status is that of the last backup. */
async function watch(input: BackupInput, session: Session): Promise<number> {
  if (input.retainUntil !== undefined || input.retainDays !== undefined) {
    throw usageError(
      '--watch makes many points; --retain-until and --retain-days speak of one.',
      'Leave one of them out.',
    )
  }
  if (!input.wait) {
    throw usageError(
      '--watch waits for the end of each backup; --no-wait does not go with it.',
      'Leave one of them out.',
    )
  }
  const { output } = session
  const everyMs = wholeNumber(input.every ?? everyMinutes, '--every', 1, longestEveryMinutes) * minuteMs
  const options = { everyMs, accept: session.options.accept === true, wake: session.hearWakes() }
  let status: number = exitStatus.done
  for await (const outcome of (await session.agent()).watchItem(input.item, options, session.context)) {
    if ('backup' in outcome) {
      const { backup } = outcome
      await output.event(backup, () => [...backupLines(input.item, backup, output), scanLine(backup)])
      status = sayOutcome(backup, output)
    } else {
      const { error } = outcome
      await output.event({ error }, () => [])
      output.error(error.message)
      output.problemDetail(error.advice)
      status = error.exitCode
    }
    if (output.closed) break
  }
  return status
}

/** Says on standard error what is not as it should be; returns the exit status. */
function sayOutcome(backup: BackupDocument, output: Output): number {
  sayWarnings(output, backup.warnings)
  for (const remark of backup.remarks) output.note(`Note: ${remark}`)
  for (const { failure } of backup.vaults) {
    if (failure === undefined) continue
    output.error(failure.message)
    output.problemDetail(failure.advice)
  }
  return statusOf(backup)
}

function statusOf(backup: BackupDocument): number {
  if (backup.failure !== undefined) return backup.failure.exitCode
  if (backup.warnings.length > 0) return exitStatus.warnings
  const { state } = backup.job
  switch (state) {
    case 'completed':
      return exitStatus.done
    case 'completed with warnings':
    case 'waiting':
      return exitStatus.warnings
    case 'failed':
      return exitStatus.failed
    case 'cancelled':
      return exitStatus.cancelled
  }
}

function scanLine({ scan }: BackupDocument): string {
  const how = scan.kind === 'full' ? 'Everything was looked at' : `Only changes were looked at (${scan.watcher})`
  return `${how}, because ${scan.reason}.`
}

function backupLines(item: string, backup: BackupDocument, output: Output): readonly string[] {
  const { job, point, files, bytes } = backup
  const took = formatTook(Date.parse(job.finishedAt) - Date.parse(job.startedAt))
  const failed = files.failed > 0 ? `, ${formatCount(files.failed)} not read` : ''
  return [
    point === null
      ? `Backup of "${item}" ${job.state} after ${took}; no point was made.`
      : `Backup of "${item}" ${job.state === 'waiting' ? `waits after ${took}` : `${job.state} in ${took}`}: point ${point.id.slice(0, 8)} (number ${point.seq}, ${point.kind}), ${placeWords(backup)}.`,
    ...output.facts([
      ['Files', `${formatCount(files.seen)} seen, ${changeWords(files)}${failed}`],
      ['Read', `${formatSize(bytes.read)} of ${formatSize(bytes.total)} (${countOf(files.read, 'file')})`],
      ['New', `${formatSize(bytes.new)}, stored as ${formatSize(bytes.stored)}`],
      ['Transferred', formatSize(backup.transferred)],
    ]),
  ]
}

/** Where the point is safe by now. */
function placeWords({ vaults }: BackupDocument): string {
  const names = (confirmed: boolean) =>
    vaults.flatMap((vault) => (vault.confirmed === confirmed ? [`"${vault.name}"`] : [])).join(', ')
  const [safe, waiting] = [names(true), names(false)]
  if (safe === '') return `captured here, not yet in ${waiting}`
  return waiting === '' ? `confirmed in ${safe}` : `confirmed in ${safe}, not yet in ${waiting}`
}

function changeWords(files: BackupDocument['files']): string {
  return `${formatCount(files.changed)} new or changed, ${formatCount(files.deleted)} deleted`
}
