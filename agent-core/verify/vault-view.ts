/** How a check reads a vault: every byte counted, damage of one object told apart from a vault that is gone. */
import { type AgentError, isAgentError } from '../base/agent-error.ts'
import type { Task } from '../base/task.ts'
import type { ChunkFileBytes } from '../cache/sequential-bytes.ts'
import type { ChunkFileName } from '../contract/ids.ts'
import { invalid } from '../format/invalid.ts'
import { vaultFileName } from '../format/vault-layout.ts'
import { listNumbered, type NumberedObject } from '../vault/numbered-objects.ts'
import type { ByteRange } from '../vault/object-store.ts'
import { readAhead } from '../vault/read-ahead.ts'
import type { ListedObject } from '../vault/read-listed.ts'
import { objectLimit, readObject } from '../vault/read-object.ts'
import type { Vault } from '../vault/vault.ts'
import { DamageLog } from './damage-log.ts'

export class VaultView {
  readonly vault: Vault
  readonly task: Task
  readonly log = new DamageLog()
  readonly remarks: string[] = []
  bytesRead = 0
  objects = 0

  constructor(vault: Vault, task: Task) {
    this.vault = vault
    this.task = task
  }

  /**
   * A whole small object, `open`ed; undefined when it is damaged or gone, which is noted then (its number goes to
   * `onDamage`), as when it is longer than `maxSizeBytes`. Throws what the vault itself throws.
   */
  async read<Content>(
    name: string,
    open: (bytes: Buffer) => Content,
    onDamage: (damage: number) => void = () => undefined,
    maxSizeBytes = Number.POSITIVE_INFINITY,
  ): Promise<Content | undefined> {
    this.task.throwIfAborted()
    this.objects++
    try {
      const bytes = await this.get(name, { maxSizeBytes })
      return open(bytes)
    } catch (error) {
      const { offset, reason } = damageOf(error)
      onDamage(this.log.add(name, offset, reason))
      return undefined
    }
  }

  /** As `read` for each of `objects`, several at a time; what they hold in the same order. */
  async readAll<Content>(
    objects: readonly ListedObject[],
    open: (bytes: Buffer, name: string) => Content,
    onDamage: (damage: number, name: string) => void = () => undefined,
  ): Promise<(Content | undefined)[]> {
    const contents: (Content | undefined)[] = []
    const read = async ({ name, sizeBytes }: ListedObject) =>
      await this.read(
        name,
        (bytes) => open(bytes, name),
        (damage) => onDamage(damage, name),
        sizeBytes,
      )
    for await (const { result } of readAhead(objects, read)) contents.push(await result)
    return contents
  }

  /** Bytes of an object; throws `format.invalid` where this object alone cannot be read. */
  async get(
    name: string,
    options: { readonly range?: ByteRange; readonly maxSizeBytes?: number } = {},
  ): Promise<Buffer> {
    const { signal } = this.task
    try {
      const bytes = await readObject(this.vault.store, name, { signal, ...options })
      this.bytesRead += bytes.length
      return bytes
    } catch (error) {
      if (isAgentError(error, 'store.not-found')) throw invalid(name, 0, 'the object is missing', error)
      if (!isAgentError(error, 'store.failed')) throw error
      // When the vault still answers, it is this object that cannot be read.
      await this.vault.store.get(vaultFileName, { signal, maxSizeBytes: objectLimit(vaultFileName) })
      throw invalid(name, options.range?.offset ?? 0, `it cannot be read: ${error.data.reason}`, error)
    }
  }

  /** All objects whose names begin with `prefix`. */
  async listUnder(prefix: string): Promise<ListedObject[]> {
    const listed: ListedObject[] = []
    const { signal } = this.task
    for await (const { name, sizeBytes } of this.vault.store.list(prefix, { signal })) listed.push({ name, sizeBytes })
    return listed
  }

  /** Objects under `prefix` whose names are numbers, in their order; others are none of this version's. */
  async numberedUnder(prefix: string): Promise<NumberedObject[]> {
    return await listNumbered(this.vault.store, prefix, { signal: this.task.signal })
  }

  chunkBytes(name: ChunkFileName, sizeBytes: number): ChunkFileBytes {
    const object = this.vault.layout.chunk(name)
    return {
      sizeBytes,
      read: async (offset, length) => await this.get(object, { range: { offset, sizeBytes: length } }),
    }
  }
}

/** Place and reason of damage; throws `error` again when it speaks of anything else. */
export function damageOf(error: unknown): { readonly offset: number; readonly reason: string } {
  if (isAgentError(error, 'format.invalid')) return error.data
  if (isAgentError(error, 'format.too-new')) return { offset: 0, reason: tooNewReason(error) }
  throw error
}

function tooNewReason(error: AgentError<'format.too-new'>): string {
  return `it is damaged, or was written by a newer Tharsis (${error.data.reason})`
}
