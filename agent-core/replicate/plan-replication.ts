/**
 * Decides what a replica lacks, and in which order it gets it: docs/format/write-order.md. Whatever is cut off in
 * between, what the replica holds is whole: a confirmed point comes after all that it rests on.
 */
import type { KeyspaceId } from '../contract/ids.ts'
import type { ListedKeyspace, ListedVault, ObjectSizes } from './list-objects.ts'

/** Kinds of objects in the order in which they are copied. */
const copyOrder = ['chunks', 'index', 'points', 'confirmations', 'others'] as const
/** Index-gone comes when what it names goes (`follow-removals.ts`). */
export const listedKinds = [...copyOrder, 'indexGone'] as const
type ListedKind = (typeof listedKinds)[number]

export interface ObjectToCopy {
  readonly name: string
  readonly sizeBytes: number
  /** The replica holds that name in another length. */
  readonly isOther: boolean
}

export interface KeyspacePlan {
  readonly keyspace: KeyspaceId
  readonly copies: Readonly<Record<ListedKind, readonly ObjectToCopy[]>>
  /** What the replica holds and the vault does not (any more). */
  readonly extra: Readonly<Record<ListedKind, readonly string[]>>
}

/** A keyspace of both places as it was listed; all that the vault holds of it was copied since. */
export interface ComparedKeyspace {
  readonly plan: KeyspacePlan
  readonly vault: ListedKeyspace
  readonly replica: ListedKeyspace
}

/** How far a replica is behind its vault. */
export interface ReplicaLag {
  /** Confirmed points that it lacks. */
  readonly points: number
  /** Of all objects that it is to get. */
  readonly bytes: number
}

/** `replica`: as it was listed before the vault was. */
export function planReplication(vault: ListedVault, replica: ListedVault): KeyspacePlan[] {
  return [...vault.keyspaces.values()].map((listed) => planKeyspace(listed, replica.keyspaces.get(listed.keyspace)))
}

/** What is copied whatever the vault has removed. */
export function objectsToCopy(plan: KeyspacePlan): ObjectToCopy[] {
  return copyOrder.flatMap((kind) => plan.copies[kind])
}

export function lagOf(plans: readonly KeyspacePlan[]): ReplicaLag {
  const copies = plans.flatMap(objectsToCopy)
  return {
    points: plans.reduce((sum, plan) => sum + plan.copies.confirmations.length, 0),
    bytes: copies.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
  }
}

function planKeyspace(vault: ListedKeyspace, replica: ListedKeyspace | undefined): KeyspacePlan {
  const nothing: ObjectSizes = new Map()
  const ofEach = <Value>(make: (vaultSizes: ObjectSizes, replicaSizes: ObjectSizes) => Value) => {
    const entries = listedKinds.map((kind) => [kind, make(vault[kind], replica?.[kind] ?? nothing)] as const)
    return Object.fromEntries(entries) as Record<ListedKind, Value>
  }
  return { keyspace: vault.keyspace, copies: ofEach(lacking), extra: ofEach(extra) }
}

function lacking(vault: ObjectSizes, replica: ObjectSizes): ObjectToCopy[] {
  const copies: ObjectToCopy[] = []
  for (const [name, sizeBytes] of vault) {
    const there = replica.get(name)
    if (there !== sizeBytes) copies.push({ name, sizeBytes, isOther: there !== undefined })
  }
  return copies
}

function extra(vault: ObjectSizes, replica: ObjectSizes): string[] {
  return [...replica.keys()].filter((name) => !vault.has(name))
}

export interface ReplicationTimes {
  readonly everyMs: number
  readonly begunMs: number | null
  readonly completedMs: number | null
}

/** A replication that failed is tried again after so long, or after its interval where that is shorter. */
const retryMs = 60 * 60_000

/** True when a replica is to be brought up to date now. Clocks that were put back make it due, not late. */
export function replicationDue({ everyMs, begunMs, completedMs }: ReplicationTimes, nowMs: number): boolean {
  const since = (ms: number | null) => (ms === null || ms > nowMs ? Number.POSITIVE_INFINITY : nowMs - ms)
  return since(completedMs) >= everyMs && since(begunMs) >= Math.min(everyMs, retryMs)
}
