/**
 * Brings a replica up to date with its vault. In this order:
 *  1. look at both places: the replica must be empty, or hold this very vault
 *  2. list the replica, then the vault (list-objects); plan (plan-replication)
 *  3. of each keyspace: chunk files → index → points → confirmations → marks, tombstones, definitions, keys
 *  4. vault.json, if the replica has none yet
 * Every object is checked before it is copied. Killed anywhere, the replica holds whole points; the next run goes on. What
 * the vault lacks stays in the replica: a vault that somebody emptied does not empty it.
 */
import { AgentError, isAgentError } from '../base/agent-error.ts'
import type { Log } from '../base/log.ts'
import type { Task } from '../base/task.ts'
import { sha256 } from '../codec/block-id.ts'
import type { KeyspaceId, VaultId } from '../contract/ids.ts'
import { maxChunkFileSizeBytes } from '../format/chunk-file.ts'
import { ensure } from '../format/invalid.ts'
import {
  keyspaceLayout,
  keyspaceOfName,
  parseChunkName,
  parsePointName,
  vaultFileName,
} from '../format/vault-layout.ts'
import { readIndexGone } from '../vault/clean-ups.ts'
import type { ObjectStore } from '../vault/object-store.ts'
import { readObject } from '../vault/read-object.ts'
import { readLedger } from '../vault/tombstone-ledger.ts'
import type { Vault } from '../vault/vault.ts'
import { listKeyspaces, readVaultFile } from '../vault/vault-keys.ts'
import { checkObject } from './check-object.ts'
import { type ListedVault, listVault, type ObjectSizes } from './list-objects.ts'
import { copyOrder, type KeyspacePlan, type ObjectToCopy, planReplication } from './plan-replication.ts'

/** Objects on their way at the same time, of kinds whose order among themselves tells nothing. */
const lanes = 4
/** A prune of the vault that takes away what was listed is met by listing again. */
const maxRounds = 4

export interface ReplicationDeps {
  readonly vault: ObjectStore
  readonly vaultId: VaultId
  readonly replica: ObjectStore
  /** True when the replica was complete before: then a place without vault.json is not the replica. */
  readonly wasComplete: boolean
  /** The vault as the machines see it whose keys this home has. */
  readonly machines: ReadonlyMap<KeyspaceId, Vault>
  readonly task: Task
  readonly log: Log
}

export interface Replication {
  readonly copied: { readonly objects: number; readonly points: number; readonly bytes: number }
  /** Objects of the vault that are damaged, and were not copied. */
  readonly damaged: readonly { readonly object: string; readonly reason: string }[]
  /** Points that the vault has lost, without a tombstone, and that the replica still holds. */
  readonly lost: number
  /** Points that were not copied, since chunk files that they may need are damaged or gone. */
  readonly heldBack: number
}

/** Throws `replica.diverged`, `replica.other`, and the error of a place that does not answer; what was copied stays. */
export async function runReplication(deps: ReplicationDeps): Promise<Replication> {
  const { vault, replica, task } = deps
  task.setPhase('estimate')
  const vaultFile = await checkReplicaPlace(deps)
  for (const machine of deps.machines.values()) await requireItsVaultFile(machine, vaultFile)
  const run = new Run(deps)
  for (let round = 1; ; round++) {
    const replicaListed = await listVault(replica, task.signal)
    const listed = await listVault(vault, task.signal)
    const plans = planReplication(listed, replicaListed)
    run.begin(plans)
    try {
      for (const plan of plans) await run.copyKeyspace(plan, listed, replicaListed)
      if (replicaListed.vaultFileSizeBytes === undefined) await replica.put(vaultFileName, vaultFile, signalOf(task))
      return run.result()
    } catch (error) {
      if (!(error instanceof ListedObjectGone) || round === maxRounds) throw error
      deps.log.info('the vault was cleaned while it was replicated; it is listed again', { object: error.object })
    }
  }
}

/** Something was removed from the vault after it was listed. */
class ListedObjectGone extends Error {
  readonly object: string
  constructor(object: string) {
    super(`${object} was removed from the vault while it was copied`)
    this.object = object
  }
}

class Run {
  readonly #deps: ReplicationDeps
  readonly #damaged = new Map<string, string>()
  /** Chunk files that the index named and no list showed, in an earlier round. */
  readonly #missed = new Set<string>()
  #objects = 0
  #points = 0
  #bytes = 0
  #lost = 0
  #heldBack = 0

  constructor(deps: ReplicationDeps) {
    this.#deps = deps
  }

  begin(plans: readonly KeyspacePlan[]): void {
    const { task } = this.#deps
    const copies = plans.flatMap((plan) => copyOrder.flatMap((step) => plan.copies[step]))
    task.setPhase('transfer')
    task.expect({ files: copies.length, bytes: copies.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) })
    this.#damaged.clear()
    this.#lost = 0
    this.#heldBack = 0
  }

  async copyKeyspace(plan: KeyspacePlan, vault: ListedVault, replica: ListedVault): Promise<void> {
    const { keyspace, copies, extra } = plan
    await this.#requireSameHistory(keyspace, vault, replica)
    await this.#copy(plan, copies.chunks)
    const isNothingNew = copies.index.length + copies.points.length + copies.confirmations.length === 0
    const mayName = isNothingNew || (await this.#hasChunkFiles(keyspace, vault, replica))
    if (mayName && (await this.#copyIndex(plan))) {
      await this.#copy(plan, copies.points)
      const points = vault.keyspaces.get(keyspace)?.points
      const isOfWhole = (point: string) => points?.has(point) === true && !this.#damaged.has(point)
      const whole = copies.confirmations.filter(({ name }) => isOfWhole(name.slice(0, -'.ok'.length)))
      this.#points += await this.#copy(plan, whole, 1)
    } else {
      this.#heldBack += copies.confirmations.length
    }
    await this.#copy(plan, copies.others, 1)
    const machine = this.#deps.machines.get(keyspace)
    if (machine !== undefined) this.#lost += await countLost(machine, extra.confirmations)
  }

  /** Throws `replica.diverged` when the newest index segment or definitions that both hold are whole and differ. */
  async #requireSameHistory(keyspace: KeyspaceId, vault: ListedVault, replica: ListedVault): Promise<void> {
    const layout = keyspaceLayout(keyspace)
    const keys = this.#deps.machines.get(keyspace)?.keys
    const [here, there] = [vault.keyspaces.get(keyspace), replica.keyspaces.get(keyspace)]
    for (const [step, prefix] of [['index', layout.index] as const, ['others', layout.definitions] as const]) {
      const names = [...(here?.[step].keys() ?? [])].filter((name) => name.startsWith(prefix))
      const newest = names.findLast((name) => there?.[step].has(name))
      if (newest === undefined) continue
      const check = (bytes: Buffer) => checkObject(newest, bytes, keyspace, keys)
      const original = await this.#readWhole(newest, check)
      const copy = await readFrom(this.#deps.replica, newest, check, this.#deps.task)
      if (original === undefined || copy === undefined || copy.equals(original)) continue
      throw new AgentError('replica.diverged', { address: this.#deps.replica.address, object: newest })
    }
  }

  result(): Replication {
    return {
      copied: { objects: this.#objects, points: this.#points, bytes: this.#bytes },
      damaged: [...this.#damaged].map(([object, reason]) => ({ object, reason })),
      lost: this.#lost,
      heldBack: this.#heldBack,
    }
  }

  /** Copies objects; resolves with how many are in the replica now that were not before. */
  async #copy(plan: KeyspacePlan, objects: readonly ObjectToCopy[], sideBySide = lanes): Promise<number> {
    const waiting = [...objects]
    let copied = 0
    const lane = async () => {
      for (let object = waiting.shift(); object !== undefined; object = waiting.shift()) {
        if (await this.#copyObject(plan, object)) copied++
      }
    }
    const results = await Promise.allSettled(Array.from({ length: sideBySide }, lane))
    const failed = results.find((result) => result.status === 'rejected')
    if (failed !== undefined) throw failed.reason
    return copied
  }

  async #copyObject(plan: KeyspacePlan, object: ObjectToCopy): Promise<boolean> {
    const { replica, task, machines } = this.#deps
    const { name, sizeBytes } = object
    task.throwIfAborted()
    const keys = machines.get(plan.keyspace)?.keys
    const bytes = await this.#readWhole(name, (read) => checkObject(name, read, plan.keyspace, keys))
    if (bytes === undefined) return false
    if (object.isOther) await this.#removeDamagedCopy(plan, name)
    const isNew = await replica.put(name, bytes, signalOf(task)).catch((error: unknown) => {
      if (!isAgentError(error, 'store.conflict')) throw error
      throw new AgentError('replica.diverged', { address: replica.address, object: name }, error)
    })
    if (isNew) {
      this.#objects++
      this.#bytes += sizeBytes
    }
    task.add({ files: 1, bytes: sizeBytes })
    return isNew
  }

  /** The object's bytes once they are checked; undefined when they are damaged in two readings, which is noted. */
  async #readWhole(name: string, check: (bytes: Buffer) => void, isRepeated = false): Promise<Buffer | undefined> {
    const { vault, task } = this.#deps
    try {
      return await readChecked(vault, name, check, task)
    } catch (error) {
      if (isAgentError(error, 'store.not-found')) throw new ListedObjectGone(name)
      if (!isDamage(error)) throw error
      if (!isRepeated) return await this.#readWhole(name, check, true)
      this.#damaged.set(name, error.message)
      return undefined
    }
  }

  /** Throws `replica.diverged` unless what stands in the replica under that name is no whole object. */
  async #removeDamagedCopy(plan: KeyspacePlan, name: string): Promise<void> {
    const { replica, machines, task } = this.#deps
    const keys = machines.get(plan.keyspace)?.keys
    const whole = await readFrom(replica, name, (bytes) => checkObject(name, bytes, plan.keyspace, keys), task)
    if (whole !== undefined) throw new AgentError('replica.diverged', { address: replica.address, object: name })
    await replica.delete(name, signalOf(task))
  }

  /** Copies index segments up to the first damaged one; true when there is none. */
  async #copyIndex(plan: KeyspacePlan): Promise<boolean> {
    for (const segment of plan.copies.index) {
      await this.#copy(plan, [segment])
      if (this.#damaged.has(segment.name)) return false
    }
    return true
  }

  #damagedIn(keyspace: KeyspaceId): string[] {
    return [...this.#damaged.keys()].filter((name) => keyspaceOfName(name) === keyspace)
  }

  /** True when the replica holds now every chunk file that the vault's index names. */
  async #hasChunkFiles(keyspace: KeyspaceId, vault: ListedVault, replica: ListedVault): Promise<boolean> {
    const machine = this.#deps.machines.get(keyspace)
    const damaged = this.#damagedIn(keyspace).filter((name) => name.startsWith(keyspaceLayout(keyspace).chunks))
    // What another machine's index names cannot be read: each of its chunk files counts.
    if (machine === undefined) return damaged.length === 0
    const there = [vault.keyspaces.get(keyspace)?.chunks, replica.keyspaces.get(keyspace)?.chunks]
    const named = await this.#indexed(machine, vault.keyspaces.get(keyspace)?.index)
    const gone = [...named].filter((name) => !there.some((chunks) => chunks?.has(name)))
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
    for await (const { sequence, segment } of machine.readIndex(-1, onDamage)) {
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

/**
 * Answers vault.json as the vault holds it. Throws `vault.replaced` for another vault in the vault's place,
 * `replica.other` when the replica's place holds something else, `vault.unreachable` when a replica was there and is not.
 */
export async function checkReplicaPlace(
  deps: Pick<ReplicationDeps, 'vault' | 'vaultId' | 'replica' | 'wasComplete' | 'task'>,
): Promise<Buffer> {
  const { vault, vaultId, replica, wasComplete, task } = deps
  const { file, bytes } = await readVaultFile(vault)
  if (file.vaultId !== vaultId) throw new AgentError('vault.replaced', { address: vault.address })
  const there = await readVaultFile(replica).catch((error: unknown) => {
    const isAbsent = isAgentError(error, 'vault.unreachable') || isAgentError(error, 'vault.file-missing')
    if (wasComplete || !isAbsent) throw error
    return undefined
  })
  if (there !== undefined && !there.bytes.equals(bytes)) {
    throw new AgentError('replica.other', { address: replica.address })
  }
  if (there === undefined) await requireOwnBeginning(vault, replica, task)
  return bytes
}

/** How many of these confirmations, which the vault lacks, are of points that nobody has removed lawfully. */
async function countLost(machine: Vault, confirmations: readonly string[]): Promise<number> {
  if (confirmations.length === 0) return 0
  const { tombstones } = await readLedger(machine, () => undefined)
  return confirmations.filter((name) => {
    const point = parsePointName(name)?.point
    return point !== undefined && !tombstones.has(point)
  }).length
}

/** Throws `format.invalid` unless vault.json is the one that the keyspace was made for. */
async function requireItsVaultFile(machine: Vault, vaultFile: Buffer): Promise<void> {
  const { vaultSha256 } = await machine.readFacts()
  ensure(sha256(vaultFile).equals(vaultSha256), vaultFileName, 0, 'it is not the file the keyspace was made for')
}

/** A replica that was begun and never completed holds nothing but keyspaces of its vault. */
async function requireOwnBeginning(vault: ObjectStore, replica: ObjectStore, task: Task): Promise<void> {
  const keyspaces = new Set(await listKeyspaces(vault))
  for await (const { name } of replica.list('', signalOf(task))) {
    const keyspace = keyspaceOfName(name)
    if (keyspace === undefined || !keyspaces.has(keyspace)) {
      throw new AgentError('replica.other', { address: replica.address })
    }
  }
}

/** Throws `format.invalid` or `format.too-new` for a damaged object, and what the store throws. */
async function readChecked(
  store: ObjectStore,
  name: string,
  check: (bytes: Buffer) => void,
  task: Task,
): Promise<Buffer> {
  const bytes =
    parseChunkName(name) === undefined
      ? await readObject(store, name, signalOf(task))
      : await store.get(name, { maxSizeBytes: maxChunkFileSizeBytes, ...signalOf(task) })
  check(bytes)
  return bytes
}

/** An object of the replica; undefined when it is damaged. */
async function readFrom(
  replica: ObjectStore,
  name: string,
  check: (bytes: Buffer) => void,
  task: Task,
): Promise<Buffer | undefined> {
  try {
    return await readChecked(replica, name, check, task)
  } catch (error) {
    if (isDamage(error)) return undefined
    throw error
  }
}

function isDamage(error: unknown): error is AgentError {
  return (
    isAgentError(error, 'format.invalid') ||
    isAgentError(error, 'format.too-new') ||
    isAgentError(error, 'store.wrong-size')
  )
}

function signalOf({ signal }: Task) {
  return { signal }
}
