/**
 * Copies what a replica lacks of one keyspace, in the order of docs/format/write-order.md, *Replica*: chunk files → index →
 * points → confirmations → marks, tombstones, definitions, keys. Every object is checked before it is copied. Cut off
 * anywhere, the replica holds whole points.
 */
import { AgentError, isAgentError } from '../base/agent-error.ts'
import type { Task } from '../base/task.ts'
import type { KeyspaceId } from '../contract/ids.ts'
import { keyspaceLayout } from '../format/vault-layout.ts'
import { readIndexGone } from '../vault/clean-ups.ts'
import { inLanes } from '../vault/in-lanes.ts'
import type { ObjectStore } from '../vault/object-store.ts'
import { readIndex } from '../vault/read-index.ts'
import type { Vault } from '../vault/vault.ts'
import { checkObject } from './check-object.ts'
import type { ListedKeyspace, ObjectSizes } from './list-objects.ts'
import type { KeyspacePlan, ObjectToCopy } from './plan-replication.ts'
import { isDamage, readChecked, readUnlessDamaged } from './read-checked.ts'

/** Objects on their way at the same time, of kinds whose order among themselves tells nothing. */
const lanes = 4

export interface CopyDeps {
  readonly vault: ObjectStore
  readonly replica: ObjectStore
  /** The vault as the machine sees it; undefined: its key is not known here. */
  readonly machine: Vault | undefined
  readonly task: Task
  /** What was copied is added to it. */
  readonly counts: CopyCounts
}

export interface CopyCounts {
  objects: number
  /** Confirmed ones. */
  points: number
  bytes: number
}

/** What the copying of a keyspace came to. */
export interface CopiedKeyspace {
  /** Why objects of the vault were not copied, by name. */
  readonly damaged: ReadonlyMap<string, string>
  /** Confirmed points that were not copied, since chunk files that they may need are damaged or gone. */
  readonly heldBack: number
}

/** Something was removed from the vault after it was listed. */
export class ListedObjectGone extends Error {
  readonly object: string
  constructor(object: string) {
    super(`${object} was removed from the vault while it was copied`)
    this.object = object
  }
}

export class KeyspaceCopy {
  readonly #deps: CopyDeps
  readonly #plan: KeyspacePlan
  readonly #vault: ListedKeyspace | undefined
  readonly #replica: ListedKeyspace | undefined
  /** Chunk files that the index named and no list showed, in an earlier round. */
  readonly #missed: Set<string>
  readonly #damaged = new Map<string, string>()
  /** `missed` outlives this copy: it is filled for the next round. */
  constructor(
    plan: KeyspacePlan,
    listed: { readonly vault: ListedKeyspace | undefined; readonly replica: ListedKeyspace | undefined },
    missed: Set<string>,
    deps: CopyDeps,
  ) {
    this.#plan = plan
    this.#vault = listed.vault
    this.#replica = listed.replica
    this.#missed = missed
    this.#deps = deps
  }

  /** Throws `replica.diverged`, `ListedObjectGone`, and what the stores throw; what was copied stays. */
  async run(): Promise<CopiedKeyspace> {
    const { copies } = this.#plan
    const { counts } = this.#deps
    let heldBack = 0
    await this.#requireSameHistory()
    await this.#copy(copies.chunks)
    const isNothingNew = copies.index.length + copies.points.length + copies.confirmations.length === 0
    const mayName = isNothingNew || (await this.#hasChunkFiles())
    if (mayName && (await this.#copyIndex())) {
      await this.#copy(copies.points)
      const isOfWhole = (point: string) => this.#vault?.points.has(point) === true && !this.#damaged.has(point)
      const whole = copies.confirmations.filter(({ name }) => isOfWhole(name.slice(0, -'.ok'.length)))
      counts.points += await this.#copy(whole, 1)
    } else {
      heldBack = copies.confirmations.length
    }
    await this.#copy(copies.others, 1)
    return { damaged: this.#damaged, heldBack }
  }

  get #keyspace(): KeyspaceId {
    return this.#plan.keyspace
  }

  #check(name: string): (bytes: Buffer) => void {
    return (bytes) => checkObject(name, bytes, this.#keyspace, this.#deps.machine?.keys)
  }

  #diverged(object: string, cause?: unknown): AgentError {
    return new AgentError('replica.diverged', { address: this.#deps.replica.address, object }, cause)
  }

  /** Throws `replica.diverged` when the newest index segment or definitions that both hold are whole and differ. */
  async #requireSameHistory(): Promise<void> {
    const { replica, task } = this.#deps
    const layout = keyspaceLayout(this.#keyspace)
    for (const [step, prefix] of [['index', layout.index] as const, ['others', layout.definitions] as const]) {
      const names = [...(this.#vault?.[step].keys() ?? [])].filter((name) => name.startsWith(prefix))
      const newest = names.findLast((name) => this.#replica?.[step].has(name))
      if (newest === undefined) continue
      const original = await this.#readWhole(newest)
      const copy = await readUnlessDamaged(replica, newest, this.#check(newest), task.signal)
      if (original !== undefined && copy?.equals(original) === false) throw this.#diverged(newest)
    }
  }

  /** Copies objects; resolves with how many are in the replica now that were not before. */
  async #copy(objects: readonly ObjectToCopy[], sideBySide = lanes): Promise<number> {
    const areNew = await inLanes(objects, sideBySide, (object) => this.#copyObject(object))
    return areNew.filter(Boolean).length
  }

  async #copyObject({ name, sizeBytes, isOther }: ObjectToCopy): Promise<boolean> {
    const { replica, task, counts } = this.#deps
    task.throwIfAborted()
    const bytes = await this.#readWhole(name)
    if (bytes === undefined) return false
    if (isOther) await this.#removeDamagedCopy(name)
    const isNew = await replica.put(name, bytes, { signal: task.signal }).catch((error: unknown) => {
      if (!isAgentError(error, 'store.conflict')) throw error
      throw this.#diverged(name, error)
    })
    if (isNew) {
      counts.objects++
      counts.bytes += sizeBytes
    }
    task.add({ files: 1, bytes: sizeBytes })
    return isNew
  }

  /** The object's bytes once they are checked; undefined when they are damaged in two readings, which is noted. */
  async #readWhole(name: string, isRepeated = false): Promise<Buffer | undefined> {
    const { vault, task } = this.#deps
    try {
      return await readChecked(vault, name, this.#check(name), task.signal)
    } catch (error) {
      if (isAgentError(error, 'store.not-found')) throw new ListedObjectGone(name)
      if (!isDamage(error)) throw error
      if (!isRepeated) return await this.#readWhole(name, true)
      this.#damaged.set(name, error.message)
      return undefined
    }
  }

  /** Throws `replica.diverged` unless what stands in the replica under that name is no whole object. */
  async #removeDamagedCopy(name: string): Promise<void> {
    const { replica, task } = this.#deps
    const whole = await readUnlessDamaged(replica, name, this.#check(name), task.signal)
    if (whole !== undefined) throw this.#diverged(name)
    await replica.delete(name, { signal: task.signal })
  }

  /** Copies index segments up to the first damaged one; true when there is none. */
  async #copyIndex(): Promise<boolean> {
    for (const segment of this.#plan.copies.index) {
      await this.#copy([segment])
      if (this.#damaged.has(segment.name)) return false
    }
    return true
  }

  /** True when the replica holds now every chunk file that the vault's index names. */
  async #hasChunkFiles(): Promise<boolean> {
    const { machine } = this.#deps
    const { chunks } = keyspaceLayout(this.#keyspace)
    const damaged = [...this.#damaged.keys()].filter((name) => name.startsWith(chunks))
    // What another machine's index names cannot be read: each of its chunk files counts.
    if (machine === undefined) return damaged.length === 0
    const there = [this.#vault?.chunks, this.#replica?.chunks]
    const named = await this.#indexed(machine, this.#vault?.index)
    const gone = [...named].filter((name) => !there.some((listed) => listed?.has(name)))
    const fresh = gone.find((name) => !this.#missed.has(name))
    for (const name of gone) this.#missed.add(name)
    // A prune may have taken it away between the lists: then the next ones name it no more.
    if (fresh !== undefined) throw new ListedObjectGone(fresh)
    for (const name of gone) this.#damaged.set(name, 'it is missing')
    return gone.length === 0 && !damaged.some((name) => named.has(name))
  }

  /** Object names of the chunk files in those segments of a machine's index. */
  async #indexed(machine: Vault, listed: ObjectSizes | undefined): Promise<Set<string>> {
    const names = new Set<string>()
    const onDamage = (error: AgentError, sequence: number) => {
      this.#damaged.set(machine.layout.indexSegment(sequence), error.message)
    }
    for await (const { sequence, segment } of readIndex(machine, -1, onDamage)) {
      // What was written after the lists may name chunk files that they do not show.
      if (listed?.has(machine.layout.indexSegment(sequence)) !== true) continue
      for (const { name } of segment.chunkFiles) names.add(machine.layout.chunk(name))
    }
    for (const { gone } of await readIndexGone(machine, -1)) {
      for (const name of gone.chunkFiles) names.delete(machine.layout.chunk(name))
    }
    return names
  }
}
