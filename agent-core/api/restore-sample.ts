/**
 * The restore sample of a verification: files picked at random from points picked at random come back from the vault
 * alone into a private folder, and are read there and compared by block ids.
 */
import { closeSync, mkdirSync, openSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { AgentError } from '../base/agent-error.ts'
import { troubleWords } from '../base/file-trouble.ts'
import { shownPath } from '../base/file-warning.ts'
import { type Random, randomId } from '../base/random.ts'
import { createTask, type Task } from '../base/task.ts'
import { BlockReader } from '../cache/chunk-reader.ts'
import { TreeReader } from '../cache/tree-reader.ts'
import type { PointManifest } from '../format/point.ts'
import { placeInDirectory } from '../restore/destinations.ts'
import { isDamage } from '../restore/failure.ts'
import { holdsPart } from '../restore/file-parts.ts'
import { runRestore } from '../restore/run-restore.ts'
import type { Vault } from '../vault/vault.ts'
import type { VaultCheck } from '../verify/check-vault.ts'
import { type PickedFile, pickFile } from '../verify/pick-file.ts'
import type { AgentDeps } from './agent-deps.ts'

const sampleFiles = 25
/** Longer files are not picked: there must be room for one at a time. */
const longestFileBytes = 1024 ** 3

export interface SampleResult {
  readonly filesRestored: number
  /** `<item>:<path>` of each file that did not come back as it was, and why. */
  readonly failures: readonly { readonly point: PointManifest; readonly file: string; readonly reason: string }[]
}

/** Restores and compares the sample. Throws what the vault and the home folder's disk throw. */
export async function restoreSample(
  deps: AgentDeps,
  vault: Vault,
  check: VaultCheck,
  task: Task,
): Promise<SampleResult> {
  const blocks = new BlockReader(check.index, [vault.chunkSource()], vault.keys)
  const readBlock = (id: Uint8Array) => blocks.read(id)
  const source = { tree: new TreeReader(readBlock), readBlock, idKey: vault.keys.id }
  const folder = join(deps.paths.proofs, `sample-${randomId(deps.random)}`)
  const failures: SampleResult['failures'][number][] = []
  let filesRestored = 0
  const points = check.points.filter(({ manifest }) => manifest.root !== undefined)
  task.setPhase('restore')
  task.expect({ files: points.length === 0 ? 0 : sampleFiles })
  try {
    for (let turn = 0; turn < sampleFiles && points.length > 0; turn++) {
      task.throwIfAborted()
      const point = (points[draw(deps.random, points.length)] as (typeof points)[number]).manifest
      let picked: PickedFile | undefined
      try {
        picked = point.root && (await pickFile(source.tree, point.root, deps.random))
        if (picked === undefined || (picked.entry.sizeBytes ?? 0) > longestFileBytes) continue
        await restoreAndCompare(picked, { source, folder, deps, task, timeMs: point.timeMs })
      } catch (error) {
        if (!isDamage(error)) throw error
        const path = picked === undefined ? '…' : shownPath(picked.sourcePath).path
        failures.push({ point, file: `${point.itemName}:${path}`, reason: (error as Error).message })
        continue
      }
      filesRestored++
      task.add({ files: 1, bytes: picked.entry.sizeBytes ?? 0 })
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return { filesRestored, failures }
}

interface SampleContext {
  readonly source: {
    readonly tree: TreeReader
    readonly readBlock: (id: Uint8Array) => Promise<Uint8Array>
    readonly idKey: Uint8Array
  }
  readonly folder: string
  readonly deps: AgentDeps
  readonly task: Task
  readonly timeMs: number
}

/** Throws `vault.damaged` when the file cannot be restored, or reads back as another. */
async function restoreAndCompare(picked: PickedFile, context: SampleContext): Promise<void> {
  const { source, folder, deps, task, timeMs } = context
  rmSync(folder, { recursive: true, force: true })
  makePrivate(folder)
  using restoring = createTask({ clock: deps.clock, signal: task.signal })
  const options = { conflict: 'overwrite' as const, metadata: false, special: false, copyTimeMs: timeMs }
  const destinations = placeInDirectory([picked], Buffer.from(folder))
  await runRestore({ source, random: deps.random, threadCount: 0 }, destinations, options, restoring)
  const [warning] = restoring.warnings
  const what = shownPath(picked.sourcePath).path
  if (warning !== undefined) throw new AgentError('vault.damaged', { object: what, offset: 0, reason: warning.message })
  const path = Buffer.concat([Buffer.from(`${folder}/`), picked.names.at(-1) as Buffer])
  const fd = openSync(path, 'r')
  try {
    let position = 0
    const { content } = picked.entry
    for await (const part of content === undefined ? [] : source.tree.parts(content)) {
      if (!holdsPart(fd, position, part, source.idKey, () => task.throwIfAborted())) {
        throw new AgentError('vault.damaged', {
          object: what,
          offset: position,
          reason: 'it came back with other bytes',
        })
      }
      position += part.sizeBytes
    }
    if (statSync(path).size !== position) {
      throw new AgentError('vault.damaged', {
        object: what,
        offset: position,
        reason: 'it came back in another length',
      })
    }
  } finally {
    closeSync(fd)
  }
}

function makePrivate(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw new AgentError('home.unusable', { home: folder, reason: troubleWords(error) }, error)
  }
}

function draw(random: Random, limit: number): number {
  return random.bytes(6).readUIntLE(0, 6) % limit
}
