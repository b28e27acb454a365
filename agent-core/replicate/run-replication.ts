/**
 * Brings a replica up to date with its vault. In this order:
 *  1. look at both places: the replica must be empty, or hold this very vault (replica-place)
 *  2. list the replica, then the vault (list-objects); plan (plan-replication)
 *  3. copy what each keyspace lacks (copy-keyspace)
 *  4. vault.json, if the replica has none yet
 *  5. of each keyspace that was copied whole: let go what the vault's clean-ups have removed (follow-removals)
 * Killed anywhere, the replica holds whole points; the next run goes on. What the vault lacks without having removed it stays in the
 * replica: a vault that somebody emptied does not empty it.
 */
import { AgentError } from '../base/agent-error.ts'
import type { Log } from '../base/log.ts'
import type { KeyspaceId } from '../contract/ids.ts'
import { parsePointName, vaultFileName } from '../format/vault-layout.ts'
import { readLedger } from '../vault/tombstone-ledger.ts'
import { Vault } from '../vault/vault.ts'
import { type CopiedKeyspace, KeyspaceCopy, ListedObjectGone } from './copy-keyspace.ts'
import { type FollowedRemovals, type FollowTerms, followRemovals, nothingFollowed } from './follow-removals.ts'
import { type ListedVault, listVault } from './list-objects.ts'
import { type ComparedKeyspace, type KeyspacePlan, objectsToCopy, planReplication } from './plan-replication.ts'
import { isDamage } from './read-checked.ts'
import { checkReplicaPlace, type ReplicaPlaceDeps, requireItsVaultFile } from './replica-place.ts'

/** A prune of the vault that takes away what was listed is met by listing again. */
const maxRounds = 4

export interface ReplicationDeps extends ReplicaPlaceDeps {
  /** The vault as the machines see it whose keys this home has. */
  readonly machines: ReadonlyMap<KeyspaceId, Vault>
  readonly follow: FollowTerms
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
  /** What clean-ups of the vault had removed, and the replica let go or will let go. */
  readonly followed: FollowedRemovals
}

/** Throws `replica.diverged`, `replica.other`, and the error of a place that does not answer; what was copied stays. */
export async function runReplication(deps: ReplicationDeps): Promise<Replication> {
  const { vault, replica, task } = deps
  task.setPhase('estimate')
  const vaultFile = await checkReplicaPlace(deps)
  for (const machine of deps.machines.values()) await requireItsVaultFile(machine, vaultFile)
  const counts = { objects: 0, points: 0, bytes: 0 }
  const missed = new Set<string>()
  for (let round = 1; ; round++) {
    const there = await listVault(replica, task.signal)
    const listed = await listVault(vault, task.signal)
    const plans = planReplication(listed, there)
    const sizes = plans.flatMap((plan) => objectsToCopy(plan).map(({ sizeBytes }) => sizeBytes))
    task.setPhase('transfer')
    task.expect({ files: sizes.length, bytes: sizes.reduce((sum, size) => sum + size, 0) })
    try {
      const copied = new Map<KeyspaceId, CopiedKeyspace>()
      for (const plan of plans) {
        const places = listedIn({ listed, there }, plan.keyspace)
        const machine = deps.machines.get(plan.keyspace)
        const copy = new KeyspaceCopy(plan, places, missed, { vault, replica, machine, task, counts })
        copied.set(plan.keyspace, await copy.run())
      }
      if (there.vaultFileSizeBytes === undefined) {
        await replica.put(vaultFileName, vaultFile, { signal: task.signal })
      }
      const ends = await endKeyspaces(plans, copied, { listed, there }, deps)
      return { copied: counts, ...ends }
    } catch (error) {
      if (!(error instanceof ListedObjectGone) || round === maxRounds) throw error
      deps.log.info('the vault was cleaned while it was replicated; it is listed again', { object: error.object })
    }
  }
}

/** Both places as they were listed. */
interface Round {
  readonly listed: ListedVault
  readonly there: ListedVault
}

function listedIn({ listed, there }: Round, keyspace: KeyspaceId) {
  return { vault: listed.keyspaces.get(keyspace), replica: there.keyspaces.get(keyspace) }
}

/** What is to be told of keyspaces once all is copied, and their removals. */
async function endKeyspaces(
  plans: readonly KeyspacePlan[],
  copied: ReadonlyMap<KeyspaceId, CopiedKeyspace>,
  round: Round,
  deps: ReplicationDeps,
): Promise<Pick<Replication, 'damaged' | 'lost' | 'heldBack' | 'followed'>> {
  const damaged: { object: string; reason: string }[] = []
  let lost = 0
  let heldBack = 0
  let followed = nothingFollowed
  for (const plan of plans) {
    const copy = copied.get(plan.keyspace)
    const machine = deps.machines.get(plan.keyspace)
    const { vault, replica } = listedIn(round, plan.keyspace)
    for (const [object, reason] of copy?.damaged ?? []) damaged.push({ object, reason })
    heldBack += copy?.heldBack ?? 0
    if (machine === undefined) continue
    const missing = await countLost(machine, plan.extra.confirmations)
    lost += missing
    const isWhole = copy !== undefined && copy.damaged.size === 0 && copy.heldBack === 0
    if (!isWhole || missing > 0 || vault === undefined || replica === undefined) continue
    followed = addUp(followed, await follow({ plan, vault, replica }, machine, deps))
  }
  return { damaged, lost, heldBack, followed }
}

/** Damage in what the vault says of its removals, or in what the replica has announced, lets nothing go, and is told. */
async function follow(compared: ComparedKeyspace, machine: Vault, deps: ReplicationDeps): Promise<FollowedRemovals> {
  const { id, keys, random } = machine
  const replica = new Vault({ store: deps.replica, id, keys, random })
  try {
    return await followRemovals(compared, { ...deps.follow, vault: machine, replica, signal: deps.task.signal })
  } catch (error) {
    const isUnclear = isDamage(error) || (error instanceof AgentError && error.code === 'vault.cleaning')
    if (!isUnclear) throw error
    deps.log.warn('the replica lets nothing go', { reason: error.message })
    return { ...nothingFollowed, refusal: error.message }
  }
}

function addUp(a: FollowedRemovals, b: FollowedRemovals): FollowedRemovals {
  const dueAtMs = Math.min(a.waiting.dueAtMs ?? Number.POSITIVE_INFINITY, b.waiting.dueAtMs ?? Number.POSITIVE_INFINITY)
  const refusal = a.refusal ?? b.refusal
  return {
    points: a.points + b.points,
    chunkFiles: a.chunkFiles + b.chunkFiles,
    bytes: a.bytes + b.bytes,
    waiting: {
      points: a.waiting.points + b.waiting.points,
      chunkFiles: a.waiting.chunkFiles + b.waiting.chunkFiles,
      ...(Number.isFinite(dueAtMs) && { dueAtMs }),
    },
    ...(refusal !== undefined && { refusal }),
  }
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
