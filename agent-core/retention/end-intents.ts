/**
 * The end of a clean-up, P3 of docs/format/write-order.md: what its intent names and nothing needs leaves the index, then
 * the vault. Every step may be cut off; the next call, by the same home, goes on.
 */
import { isAgentError } from '../base/agent-error.ts'
import type { Clock } from '../base/clock.ts'
import type { Task } from '../base/task.ts'
import type { ChunkFileName } from '../contract/ids.ts'
import { endIntent, type OpenIntent, putIntent, writeIndexGone } from '../vault/clean-ups.ts'
import { inLanes } from '../vault/in-lanes.ts'
import { deleteUnlessLocked } from '../vault/let-go.ts'
import type { Vault } from '../vault/vault.ts'
import type { VaultContents } from './vault-contents.ts'
import type { VaultLook } from './vault-look.ts'

/** Chunk files that are deleted at the same time. */
const lanes = 8
/** Live index-gone objects from which on a new one repeats them all. */
const foldFromObjects = 32

export interface EndDeps {
  readonly vault: Vault
  readonly clock: Clock
  readonly task: Task
}

export interface EndedIntents {
  readonly deletedFiles: number
  readonly deletedBytes: number
  readonly takenBack: readonly ChunkFileName[]
  /** Why the vault did not let go of the rest; undefined when it did. */
  readonly refusal?: string
}

/** Ends intents of this home that are due, by a look that was begun after they were put. */
export async function endIntents(
  intents: readonly OpenIntent[],
  look: VaultLook,
  deps: EndDeps,
): Promise<EndedIntents> {
  const total = { deletedFiles: 0, deletedBytes: 0, takenBack: [] as ChunkFileName[] }
  let { contents } = look
  let refusal: string | undefined
  for (const intent of intents) {
    const isLeft = (name: ChunkFileName) => !contents.gone.has(name)
    const takenBack = look.neededOf(intent.chunkFiles.filter(isLeft))
    const kept = new Set(takenBack)
    const going = intent.chunkFiles.filter((name) => !kept.has(name))
    contents = await tellIndex(going, contents, deps)
    try {
      const deleted = await deleteFiles(going, contents, deps)
      const lock = (await deleteSuperseded(intent, contents, deps)) ?? deleted.lock
      total.deletedFiles += deleted.files
      total.deletedBytes += deleted.bytes
      refusal ??= lock
      if (lock !== undefined) {
        // It stays open for what is locked, and a later run deletes that; but it must not condemn what is needed.
        if (takenBack.length === 0) continue
        const { id: _, ...announced } = intent
        await putIntent(deps.vault, { ...announced, chunkFiles: deleted.locked })
      }
      total.takenBack.push(...takenBack)
      const deletedCount = going.length - deleted.locked.length
      await endIntent(deps.vault, intent.id, { endedAtMs: deps.clock.nowMs(), deletedCount, takenBack })
    } catch (error) {
      if (!isAgentError(error, 'vault.denied')) throw error
      return { ...total, refusal: error.data.reason }
    }
  }
  return { ...total, ...(refusal !== undefined && { refusal }) }
}

/** Index-gone for what is still in the index, or may come into it by a segment that somebody is about to write. */
async function tellIndex(
  names: readonly ChunkFileName[],
  contents: VaultContents,
  { vault }: EndDeps,
): Promise<VaultContents> {
  const told = names.filter((name) => !contents.gone.has(name))
  if (told.length === 0) return contents
  const gone = new Set([...contents.gone, ...told])
  const { live, superseded } = contents.goneObjects
  const folds = live.length >= foldFromObjects
  const object = { chunkFiles: folds ? [...gone] : told, supersedes: folds ? live : [] }
  const sequence = await writeIndexGone(vault, object)
  const goneObjects = folds
    ? { live: [sequence], superseded: [...superseded, ...live] }
    : { live: [...live, sequence], superseded }
  return { ...contents, gone, goneObjects }
}

async function deleteFiles(names: readonly ChunkFileName[], contents: VaultContents, { vault, task }: EndDeps) {
  const deleted = { files: 0, bytes: 0, locked: [] as ChunkFileName[], lock: undefined as string | undefined }
  await inLanes(names, lanes, async (name) => {
    const there = contents.listed.get(name)
    if (there === undefined) return
    task.throwIfAborted()
    const object = vault.layout.chunk(name)
    task.add({ current: object })
    const lock = await deleteUnlessLocked(vault.store, object)
    if (lock !== undefined) {
      deleted.lock ??= lock
      deleted.locked.push(name)
      return
    }
    deleted.files++
    deleted.bytes += there.sizeBytes
  })
  return deleted
}

/** Index segments and index-gone objects that others repeat, as the index stands now; answers until when one is locked. */
async function deleteSuperseded(
  intent: OpenIntent,
  contents: VaultContents,
  { vault }: EndDeps,
): Promise<string | undefined> {
  const { layout, store } = vault
  const segments = new Set(contents.segments.superseded)
  const gone = new Set(contents.goneObjects.superseded)
  const names = [
    ...intent.indexSegments.filter((sequence) => segments.has(sequence)).map(layout.indexSegment),
    ...intent.indexGone.filter((sequence) => gone.has(sequence)).map(layout.indexGoneObject),
  ]
  // In any order. A segment that repeats others names also what those had repeated; an index-gone object that counts again, as
  // the one that repeats it went first, says nothing untrue and is folded again.
  const locks = await inLanes(names, lanes, async (name) => await deleteUnlessLocked(store, name))
  return locks.find((lock) => lock !== undefined)
}
