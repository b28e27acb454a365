/** What a backup is asked for, what it works with, and what comes back. */
import type { AgentError } from '../base/agent-error.ts'
import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import type { Random } from '../base/random.ts'
import type { Task } from '../base/task.ts'
import type { BaseDb } from '../cache/base-db.ts'
import type { CachePolicy } from '../cache/cache-budget.ts'
import type { ChunkFolder } from '../cache/chunk-folder.ts'
import type { Compression } from '../codec/compression.ts'
import type { KeyspaceKeys } from '../codec/key-derivation.ts'
import type { HomeId, ItemId, PointId, VaultId } from '../contract/ids.ts'
import type { PointKind, PointManifest } from '../format/point.ts'
import type { ChangeJournal, JournalDifference, ScanChoice } from '../source/change-journal.ts'
import type { Vault } from '../vault/vault.ts'
import type { CaptureCounts } from './capture-counts.ts'

/** A vault of the item, or why it cannot be had now: the capture needs no vault. */
export interface ItemVault {
  readonly id: VaultId
  readonly vault: Vault | AgentError
}

/** What this home knows of the points that it has made of an item. */
export interface MadeHere {
  /** To be called before a point can come into any vault. */
  note(point: PointId): void
  has(point: PointId): boolean
  /** False: nothing is known, so nothing can be told from it. */
  readonly isKnown: boolean
}

export interface BackupDeps {
  readonly base: BaseDb
  readonly chunks: ChunkFolder
  readonly policy: CachePolicy
  /** One thread, and only when nothing else wants the processor or the disk. */
  readonly isGentle: boolean
  readonly keys: KeyspaceKeys
  /** One at least; all of the same keyspace. */
  readonly vaults: readonly ItemVault[]
  /** Seals a manifest; needs the keys only. */
  readonly sealPoint: (manifest: PointManifest) => Buffer
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly task: Task
  /** Left out: copies of the home folder are not noticed. */
  readonly made?: MadeHere
  /** Watches the item's folders while this process runs; left out: nobody does, and all is looked at. */
  readonly journal?: ChangeJournal
}

export interface BackupRequest {
  readonly item: {
    readonly id: ItemId
    readonly name: string
    readonly folders: readonly Buffer[]
    readonly excludes: readonly string[]
    readonly defaultExcludes: boolean
    readonly crossMounts: boolean
    readonly compression: Compression
  }
  readonly kind: PointKind
  readonly keepUntilMs?: number
  /** Goes on although a source is absent, replaced or emptied. */
  readonly accept: boolean
  readonly source: {
    readonly machine: string
    readonly platform: string
    readonly home: HomeId
    readonly product: string
  }
  /** Folders that are never entered: the home folder and vaults. */
  readonly barriers: readonly Buffer[]
}

export interface BackupResult {
  readonly manifest: PointManifest
  readonly counts: CaptureCounts
  readonly failedFiles: number
  /** Bytes of objects put into the vaults by this run. */
  readonly transferredBytes: number
  /** How it looked for changes. */
  readonly scan: ScanChoice
  /** What a full scan has proved the journal to have missed. */
  readonly difference: JournalDifference | undefined
  /** Chunk files that vaults had lost; what was in them was stored again where the source still has it. */
  readonly lostChunkFiles: number
  /** What was done once more with what the last point has, since something was found missing or damaged in a vault. */
  readonly again: 'nothing' | 'read' | 'stored'
  /** Earlier points that waited, of this item and of others, and are in all vaults of this one now. */
  readonly caughtUp: readonly PointId[]
  /** Why vaults have not confirmed the point; those that have are absent. */
  readonly failures: ReadonlyMap<VaultId, AgentError>
  /** Set when no vault has confirmed the point: the trouble of the first. */
  readonly failure: AgentError | undefined
}
