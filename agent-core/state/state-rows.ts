/** What stands in the tables of `state.db`: records as the program knows them, and the rows that they are made of. */
import type { ItemId, KeyspaceId, VaultId } from '../contract/ids.ts'
import type { Policy } from '../contract/policy.ts'
import { decodeCbor } from '../format/cbor.ts'
import type { StoppedItem } from '../format/definitions.ts'
import { policyFromCbor, type ShortenedRules } from '../format/policy.ts'
import { type PlaceRow, placeOf, type StorePlace } from './store-place.ts'

/** A vault as this home knows it. */
export type KnownVault = VaultFacts & StorePlace

interface VaultFacts {
  readonly name: string
  readonly id: VaultId
  /** The machine whose keys are used there. */
  readonly keyspace: KeyspaceId
  readonly machine: string
  /** `read-only`: another machine's points are read. */
  readonly access: 'owner' | 'read-only'
}

/** A protected item. */
export interface Item {
  readonly name: string
  readonly id: ItemId
  /** Names of its vaults, one at least; the first is asked first. */
  readonly vaults: readonly string[]
  /** Absolute paths, raw bytes. */
  readonly folders: readonly Buffer[]
  readonly excludes: readonly string[]
  readonly defaultExcludes: boolean
  readonly crossMounts: boolean
  readonly compression: 'lz4' | 'zstd'
  /** Name of its policy. */
  readonly policy: string
  /** Set while it is not backed up. */
  readonly stopped?: StoppedItem
  /** Its rules were made shorter: until that is in force, those of before keep its points too. */
  readonly shortened?: readonly ShortenedRules[]
}

/** The second place of a vault. */
export type KnownReplica = ReplicaFacts & StorePlace

interface ReplicaFacts {
  /** Name of the vault. */
  readonly vault: string
  /** It is to be brought up to date so often. */
  readonly everyMs: number
  /** So long it keeps what was removed from the vault. */
  readonly graceMs: number
  /** When it was last begun to be brought up to date, and when that was last completed; null: never. */
  readonly begunMs: number | null
  readonly completedMs: number | null
  /** Until when all of it is locked at least; 0: not known, or nothing is. */
  readonly lockedUntilMs: number
}

export type ReplicaRow = ReplicaFacts & PlaceRow

export function replicaOf(row: ReplicaRow): KnownReplica {
  const { vault, everyMs, graceMs, begunMs, completedMs, lockedUntilMs } = row
  return { vault, everyMs, graceMs, begunMs, completedMs, lockedUntilMs, ...placeOf(row) }
}

export type VaultRow = VaultFacts & PlaceRow

export function vaultOf(row: VaultRow): KnownVault {
  const { name, id, keyspace, machine, access } = row
  return { name, id, keyspace, machine, access, ...placeOf(row) }
}

export interface ItemRow {
  readonly name: string
  readonly id: ItemId
  readonly folders: string
  readonly excludes: string
  readonly default_excludes: number
  readonly cross_mounts: number
  readonly compression: 'lz4' | 'zstd'
  readonly policy: string
  readonly stopped: string | null
  readonly shortened: string | null
}

export interface PolicyRow {
  readonly name: string
  readonly definition: Buffer
}

/** Throws `format.invalid` when the row is damaged. */
export function policyOf({ name, definition }: PolicyRow): Policy {
  const what = `policy "${name}" in state.db`
  return policyFromCbor(decodeCbor(definition, what), what)
}

export function itemOf(row: ItemRow): Omit<Item, 'vaults'> {
  return {
    name: row.name,
    id: row.id,
    folders: (JSON.parse(row.folders) as string[]).map((folder) => Buffer.from(folder, 'base64')),
    excludes: JSON.parse(row.excludes) as string[],
    defaultExcludes: row.default_excludes === 1,
    crossMounts: row.cross_mounts === 1,
    compression: row.compression,
    policy: row.policy,
    ...(row.stopped !== null && { stopped: JSON.parse(row.stopped) as StoppedItem }),
    ...(row.shortened !== null && { shortened: JSON.parse(row.shortened) as ShortenedRules[] }),
  }
}
