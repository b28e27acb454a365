/**
 * What the agent can be asked to do: the verbs of product.md as plain async functions. The CLI calls
 * them in-process today; the transports of the desktop carry the same interface. Documents are what
 * `--output json` prints: camelCase, bytes as numbers, times as ISO 8601 UTC.
 */

import type { Progress } from '../base/task.ts'
import type { FileWarning } from '../contract/errors.ts'
import type { ChunkFileName, ItemId, JobId, PointId, VaultId } from '../contract/ids.ts'
import type { StoreCapabilities } from '../vault/object-store.ts'

/** Every long verb takes these. */
export interface CallContext {
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: Progress) => void
}

/** A path as documents show it: UTF-8 text, and the raw bytes (base64) where they are not UTF-8. */
export interface ShownPath {
  readonly path: string
  readonly pathBytes?: string
}

export interface VaultDocument {
  readonly name: string
  readonly id: VaultId
  readonly kind: 'local'
  readonly address: string
  /** The machine whose keys this home uses there. */
  readonly machine: string
  readonly access: 'owner' | 'read-only'
  readonly secretPlace: string
  readonly state: 'reachable' | 'unreachable'
  readonly reason?: string
}

/** The byte of a vault that was not verified for longest. */
export interface UnverifiedDocument {
  /** When it was last read and proven, or, never proven, since when it lies there. */
  readonly since: string
  /** Whole days since then. */
  readonly days: number
  readonly everVerified: boolean
}

export interface VaultDetails extends VaultDocument {
  readonly points: number
  /** null: there is no chunk file. */
  readonly oldestUnverified: UnverifiedDocument | null
  readonly objects: number
  readonly storedBytes: number
  readonly freeBytes?: number
  readonly items: readonly string[]
}

export interface CreatedVault extends VaultDocument {
  /** Shown once; opens the vault like the passphrase. */
  readonly recoveryCode: string
  readonly remarks: readonly string[]
}

export interface VaultTest {
  readonly name: string
  readonly address: string
  readonly capabilities: StoreCapabilities
  readonly freeBytes?: number
  readonly putMs: number
  readonly getMs: number
}

export interface DamagedObject {
  readonly object: string
  readonly offset: number
  readonly reason: string
  /** Ids of the points it affects. */
  readonly points: readonly PointId[]
  /** Every affected file, as `<item>:<path>`. */
  readonly files: readonly string[]
}

/** How deep a verification looks; each does what those before it do. */
export type VerifyLevel = 'listing' | 'hash' | 'open' | 'restore'

export interface VerifyOptions {
  /** `open` when left out. */
  readonly level?: VerifyLevel
  /** Share of the data chunk files that is read; left out: those whose turn it is. */
  readonly readDataPercent?: number
}

export interface VerifyDocument {
  readonly level: VerifyLevel
  readonly objects: number
  readonly bytesRead: number
  readonly chunkFiles: number
  /** Chunk files that were read whole. */
  readonly chunkFilesRead: number
  readonly points: number
  /** Files that were restored as a sample and compared; only at level `restore`. */
  readonly filesRestored?: number
  readonly oldestUnverified: UnverifiedDocument | null
  readonly damaged: readonly DamagedObject[]
  readonly healed: number
  readonly remarks: readonly string[]
}

export interface ItemDocument {
  readonly id: ItemId
  readonly name: string
  /** Its vaults in the order in which they are asked. */
  readonly vaults: readonly ItemVaultDocument[]
  readonly folders: readonly ShownPath[]
  readonly excludes: readonly string[]
  readonly defaultExcludes: boolean
  readonly crossMounts: boolean
  readonly compression: 'lz4' | 'zstd'
  readonly access: 'owner' | 'read-only'
  readonly machine: string
  readonly lastPoint: { readonly id: PointId; readonly time: string; readonly tiers: readonly Tier[] } | null
  /** Set when `lastPoint` is null because the vault could not be asked. */
  readonly lastPointUnknown?: true
  /** Default exclusions with their reasons, in `item show`. */
  readonly defaults?: readonly { readonly rule: string; readonly reason: string }[]
  readonly remarks: readonly string[]
}

/** How far one vault of an item is. */
export interface ItemVaultDocument {
  readonly name: string
  /** The last point that this home knows the vault to have confirmed; null: none is known. */
  readonly confirmed: { readonly id: PointId; readonly seq: number; readonly time: string } | null
  /** Points of the item that are captured and that the vault has not confirmed; bytes of all that waits for the vault. */
  readonly behind: { readonly points: number; readonly bytes: number }
}

/** What is left out stays. */
export type ItemChanges = Partial<ItemSettings> & { readonly vaults?: readonly string[] }

export interface ItemSettings {
  readonly folders: readonly string[]
  readonly excludes: readonly string[]
  readonly defaultExcludes: boolean
  readonly crossMounts: boolean
  readonly compression: 'lz4' | 'zstd'
}

export type Tier = 'instant' | 'vault'

export type JobState = 'completed' | 'completed with warnings' | 'waiting' | 'failed' | 'cancelled'

export interface JobDocument {
  readonly id: JobId
  readonly state: JobState
  readonly startedAt: string
  readonly finishedAt: string
}

export interface BackupDocument {
  readonly job: JobDocument
  readonly point: {
    readonly id: PointId
    readonly seq: number
    readonly kind: string
    /** True once the vault has confirmed it; false: captured in the cache only. */
    readonly confirmed: boolean
  } | null
  readonly files: {
    readonly seen: number
    readonly read: number
    readonly changed: number
    readonly deleted: number
    readonly failed: number
  }
  /** `read` from the source, `new` before compression, `stored` in chunk files, `total` of the point. */
  readonly bytes: { readonly read: number; readonly new: number; readonly stored: number; readonly total: number }
  /** Bytes of the vault objects put by this run. */
  readonly transferred: number
  /** `full`: everything was looked at; `journal`: only what the watcher had told of. `reason` says why, in words. */
  readonly scan: {
    readonly kind: 'full' | 'journal'
    readonly watcher: 'fanotify' | 'chokidar' | 'folders' | 'none'
    readonly reason: string
  }
  readonly warnings: readonly FileWarning[]
  readonly remarks: readonly string[]
  /** Set when the point was captured but the vault did not take it (yet): the error's code, words, advice and exit status. */
  readonly failure?: {
    readonly code: string
    readonly message: string
    readonly advice: string
    readonly exitCode: number
  }
}

export interface WatchOptions {
  readonly everyMs: number
  readonly accept: boolean
  /** Resolves when a backup is wanted before its time. */
  readonly wake?: () => Promise<void>
}

export type WatchOutcome =
  | { readonly backup: BackupDocument }
  | {
      readonly error: {
        readonly code: string
        readonly message: string
        readonly advice: string
        readonly exitCode: number
      }
    }

export interface PointDocument {
  readonly id: PointId
  readonly seq: number
  readonly time: string
  readonly kind: string
  readonly keptUntil: string | null
  readonly held: boolean
  readonly partial: boolean
  readonly tiers: readonly Tier[]
  readonly files: number
  readonly bytes: { readonly total: number; readonly read: number; readonly new: number; readonly stored: number }
}

export interface PointDetails extends PointDocument {
  readonly item: string
  readonly machine: string
  readonly platform: string
  readonly snapshot: string
  readonly product: string
  readonly parent: PointId | null
  readonly directories: number
  readonly others: number
  readonly folders: readonly ShownPath[]
  readonly chunkFiles: readonly ChunkFileName[]
  readonly warnings: readonly FileWarning[]
  readonly missing: readonly ShownPath[]
}

export interface PointFile extends ShownPath {
  readonly type: string
  readonly size: number
  readonly mtime: string
  /** Permission bits in octal, owner and group ids. */
  readonly mode: string
  readonly uid: number
  readonly gid: number
  readonly linkTarget?: string
}

export type ConflictRule = 'copy' | 'overwrite' | 'skip'

export interface RestoreRequest {
  readonly item: string
  readonly point: string
  /** Paths in the point; none: the whole point. */
  readonly paths: readonly string[]
  /** Folder to restore into, or the original places. */
  readonly target: { readonly directory: string } | 'original'
  readonly conflict: ConflictRule
  readonly only?: 'missing' | 'changed'
  /** Restores owners, modes, times, attributes (default true). */
  readonly metadata: boolean
  /** Restores what gives power: set-user-id bits, capabilities, devices (default false). */
  readonly special: boolean
}

export interface RestorePlanDocument {
  readonly new: number
  readonly same: number
  readonly overwritten: number
  readonly copied: number
  readonly skipped: number
  readonly bytes: number
  readonly freeBytes: number
  readonly target: string
  /** The first entries that would not simply be new, for people. */
  readonly examples: readonly { readonly path: string; readonly action: string }[]
}

export interface RestoreDocument {
  readonly job: JobDocument
  readonly restored: number
  readonly skipped: number
  readonly failed: number
  readonly bytes: number
  /** Files were restored, none failed, and every one was read back and compared after it was written. */
  readonly verified: boolean
  readonly warnings: readonly FileWarning[]
}

export interface ChunkDocument {
  readonly file: string
  readonly name: ChunkFileName
  readonly kind: string
  readonly fileId: string
  readonly parentFileId: string | null
  readonly keyspace: string
  readonly epoch: number
  readonly createdAt: string
  readonly sizeBytes: number
  readonly extents: number
  readonly blocks: number
  readonly rawBytes: number
  readonly sha256: string
}

export interface ChunkDump extends ChunkDocument {
  readonly extentList: readonly {
    readonly number: number
    readonly offset: number
    readonly storedBytes: number
    readonly rawBytes: number
    readonly method: string
    readonly blocks: readonly { readonly id: string; readonly sizeBytes: number }[] | null
  }[]
}

export interface ChunkVerification {
  readonly file: string
  readonly whole: boolean
  /** Whether the blocks were opened with a key, or only the hash was checked. */
  readonly opened: boolean
  readonly damaged: readonly { readonly offset: number; readonly reason: string }[]
}

export interface CacheDocument {
  readonly folder: string
  /** Bytes that payload may take. */
  readonly budget: number
  readonly budgetIsDefault: boolean
  /** Bytes that payload takes: all of it but what is linked with a vault on the same file system. */
  readonly used: number
  /** Payload that a vault has not confirmed yet. */
  readonly waiting: { readonly files: number; readonly bytes: number }
  /** Payload that vaults hold, kept for quick restores. */
  readonly instant: { readonly files: number; readonly bytes: number; readonly days: number }
  /** Payload of either kind that is one copy with a vault's. */
  readonly linked: { readonly files: number; readonly bytes: number }
  /** The base beside the payload; it does not count for the budget. */
  readonly base: {
    readonly bytes: number
    readonly setAside: readonly { readonly file: string; readonly bytes: number }[]
  }
  /** Bytes free on the disk that holds it. */
  readonly free: number
}

export interface CacheMoved {
  readonly from: string
  readonly folder: string
  readonly files: number
  readonly bytes: number
  readonly remarks: readonly string[]
}

export interface CacheRebuilt {
  readonly folder: string
  /** Where the base from before is; null when there was none. */
  readonly setAside: string | null
  readonly vaults: readonly { readonly name: string; readonly chunkFiles: number; readonly points: number }[]
  readonly remarks: readonly string[]
}

export interface SettingsDocument {
  /** Bytes; null: computed from what is protected and what is free. */
  readonly cacheBudget: number | null
  readonly instantDays: number
  /** Backups work in one thread, and only when nothing else wants the processor or the disk. */
  readonly gentle: boolean
  /** Every chunk file of a vault is read once in so many days, when "vault verify" runs regularly. */
  readonly verifyDays: number
}

/** What is left out stays; null goes back to the default. */
export type SettingsChange = { readonly [Name in keyof SettingsDocument]?: SettingsDocument[Name] | null }

export interface DoctorDocument {
  readonly product: string
  readonly node: string
  readonly platform: string
  readonly home: string
  readonly checks: readonly {
    readonly name: string
    readonly state: 'good' | 'warning' | 'bad'
    readonly detail: string
    readonly advice?: string
  }[]
}

export interface AgentApi extends AsyncDisposable {
  createVault(name: string, directory: string, passphrase: string): Promise<CreatedVault>
  connectVault(
    name: string,
    directory: string,
    passphrase: string,
    options: { readonly read?: string; readonly takeOver?: string },
  ): Promise<VaultDocument & { readonly items: readonly string[]; readonly remarks: readonly string[] }>
  listVaults(): Promise<readonly VaultDocument[]>
  showVault(name: string): Promise<VaultDetails>
  testVault(name: string): Promise<VaultTest>
  verifyVault(name: string, options: VerifyOptions, context: CallContext): Promise<VerifyDocument>
  setPassphrase(
    name: string,
    passphrase: string,
  ): Promise<{ readonly name: string; readonly remarks: readonly string[] }>

  enableItem(name: string, vaults: readonly string[], settings: ItemSettings): Promise<ItemDocument>
  changeItem(name: string, changes: ItemChanges): Promise<ItemDocument>
  listItems(): Promise<readonly ItemDocument[]>
  showItem(name: string): Promise<ItemDocument>

  backupNow(
    item: string,
    options: { readonly keepUntilMs?: number; readonly accept: boolean },
    context: CallContext,
  ): Promise<BackupDocument>
  /**
   * Backs the item up now, and again every `everyMs` or when `wake` resolves, watching its folders meanwhile so that a
   * backup looks only where something has changed. Ends when the signal aborts between two backups. A backup that fails
   * is an outcome like another; what no later one would mend by itself (no such item) is thrown.
   */
  watchItem(item: string, options: WatchOptions, context: CallContext): AsyncIterable<WatchOutcome>

  listPoints(item: string): Promise<readonly PointDocument[]>
  showPoint(item: string, point: string): Promise<PointDetails>
  /** Entries of the point below `path`, folder by folder; `depth` 1: only the folder's own entries. */
  pointFiles(item: string, point: string, path: string | undefined, depth: number): AsyncIterable<PointFile>

  planRestore(request: RestoreRequest, context: CallContext): Promise<RestorePlanDocument>
  restoreFiles(request: RestoreRequest, context: CallContext): Promise<RestoreDocument>

  chunkInfo(file: string): Promise<ChunkDocument>
  chunkVerify(file: string): Promise<ChunkVerification>
  chunkDump(file: string): Promise<ChunkDump>

  showCache(): Promise<CacheDocument>
  /** Moves the cache to an empty or new folder. */
  moveCache(directory: string, context: CallContext): Promise<CacheMoved>
  /** Builds the base anew from the vaults. */
  rebuildCache(context: CallContext): Promise<CacheRebuilt>
  getSettings(): Promise<SettingsDocument>
  changeSettings(changes: SettingsChange): Promise<SettingsDocument>

  doctor(): Promise<DoctorDocument>

  /**
   * Gives the passphrase of vaults whose key is not stored on this machine any more; asked at most
   * once a verb. Set by the client; without it such a verb fails with `vault.locked`.
   */
  onPassphraseNeeded?: (vault: string) => Promise<string>

  /** Hears, as sentences, what is worth knowing beside an answer: that the vault is away, what of it is damaged. */
  onRemark?: (remark: string) => void
}

/** How a client opens the agent's verbs in its own process. */
export type OpenAgent = (options: { readonly home: string }) => Promise<AgentApi>
