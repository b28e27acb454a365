/** The object store in memory, for tests: the whole contract, nothing durable. */
import { AgentError } from '../base/agent-error.ts'
import type { Clock } from '../base/clock.ts'
import { checkSize, readWholeBody } from './object-body.ts'
import { assertObjectName, assertObjectPrefix, folderOf } from './object-name.ts'
import type { ObjectBody, ObjectInfo, ObjectStore } from './object-store.ts'

export interface MemoryStore extends ObjectStore {
  /** The place's absence, as if its disk were taken away (true) and brought back (false). */
  setAbsent(absent: boolean): void
  /** Flips bits or cuts an object behind the store's back: replaces its bytes with what `change` returns. */
  damage(name: string, change: (bytes: Buffer) => Buffer): void
}

interface Kept {
  readonly bytes: Buffer
  readonly modifiedAtMs: number
}

export function createMemoryStore(deps: { readonly clock: Clock }, address = 'memory'): MemoryStore {
  const objects = new Map<string, Kept>()
  /** Names by folder, so that a listing of few names looks at few. */
  const folders = new Map<string, Set<string>>()
  let isAbsent = false

  function enter(signal: AbortSignal | undefined): void {
    signal?.throwIfAborted()
    if (isAbsent) throw new AgentError('vault.unreachable', { address, reason: 'it was taken away' })
  }

  function keptOf(name: string): Kept {
    const found = objects.get(name)
    if (found === undefined) throw new AgentError('store.not-found', { object: name })
    return found
  }

  async function put(name: string, body: ObjectBody, options?: { readonly signal?: AbortSignal }): Promise<boolean> {
    assertObjectName(name)
    enter(options?.signal)
    const bytes = await readWholeBody(body, address, options?.signal)
    enter(options?.signal)
    const there = objects.get(name)
    if (there !== undefined) {
      if (there.bytes.equals(bytes)) return false
      throw new AgentError('store.conflict', { object: name })
    }
    objects.set(name, { bytes, modifiedAtMs: deps.clock.nowMs() })
    const folder = folderOf(name)
    folders.set(folder, (folders.get(folder) ?? new Set()).add(name))
    return true
  }

  return {
    kind: 'memory',
    address,
    put,
    get: async (name, options) => {
      assertObjectName(name)
      enter(options?.signal)
      const { bytes } = keptOf(name)
      const { offset, sizeBytes } = options?.range ?? { offset: 0, sizeBytes: bytes.length }
      if (!isWhole(offset) || !isWhole(sizeBytes)) {
        throw new RangeError(`not a range: ${sizeBytes} bytes from ${offset}`)
      }
      checkSize(
        name,
        bytes.length,
        offset + sizeBytes,
        options?.range === undefined ? options?.maxSizeBytes : undefined,
      )
      return Buffer.from(bytes.subarray(offset, offset + sizeBytes))
    },
    stat: async (name, options) => {
      assertObjectName(name)
      enter(options?.signal)
      const found = objects.get(name)
      return found && infoOf(name, found)
    },
    list: async function* (prefix, options) {
      assertObjectPrefix(prefix)
      enter(options?.signal)
      const { startAfter = '' } = options ?? {}
      const names: string[] = []
      for (const [folder, held] of folders) {
        if (!folder.startsWith(prefix) && !prefix.startsWith(folder)) continue
        for (const name of held) if (name.startsWith(prefix) && name > startAfter) names.push(name)
      }
      names.sort()
      for (const name of names) {
        enter(options?.signal)
        const found = objects.get(name)
        if (found !== undefined) yield infoOf(name, found)
      }
    },
    delete: async (name, options) => {
      assertObjectName(name)
      enter(options?.signal)
      objects.delete(name)
      folders.get(folderOf(name))?.delete(name)
    },
    sweep: async (_olderThanMs, options) => {
      enter(options?.signal)
      return 0
    },
    probe: async (options) => {
      enter(options?.signal)
      return { publish: 'conditional-put', keepsModes: true, syncsFolders: true, remarks: [] }
    },
    close: async () => {},
    setAbsent: (absent) => {
      isAbsent = absent
    },
    damage: (name, change) => {
      const found = keptOf(name)
      objects.set(name, { ...found, bytes: change(Buffer.from(found.bytes)) })
    },
  }
}

function infoOf(name: string, kept: Kept): ObjectInfo {
  return { name, sizeBytes: kept.bytes.length, modifiedAtMs: kept.modifiedAtMs }
}

function isWhole(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0
}
