/**
 * The object-store port: what a vault's place must be able to do.
 *
 * Semantic contract (one suite, `object-store.contract.ts`, holds every implementation to it):
 *  1. A name is `/`-separated segments of `[a-z0-9._-]`, at most 200 bytes; no segment begins or ends
 *     with a dot or is a Windows device name. It is safe on case-insensitive file systems and in S3.
 *     No name is also the folder of others (`a` beside `a/b`): the vault's layout sees to that. A name
 *     that breaks the rule is a bug and throws RangeError.
 *  2. `put` is atomic and never replaces: after it resolves, true or false, the name holds exactly
 *     these bytes, durable; before, it holds nothing. A crash leaves either.
 *  3. `put` of a name that holds the same bytes resolves `false` (a lost answer is recognised), also
 *     where the place is full; other bytes there: `store.conflict`, and what is there stays.
 *  4. `get` returns exactly the bytes that were put, or exactly the range asked for. A range past the
 *     end, or an object over `maxSizeBytes`, is `store.wrong-size`; a body that ends early is `store.failed`
 *     or `store.interrupted`; never a shorter answer.
 *  5. A missing name is `store.not-found`; `stat` of it resolves `undefined`.
 *  6. `list` yields each name under the prefix once, in ascending byte order, strictly after
 *     `startAfter`; names whose put has resolved before the call are there. The prefix is one of
 *     characters, not of segments. Temporary names and files whose names break rule 1 are not
 *     there; nor are links. A listing that cannot be finished throws, it never ends early.
 *  7. `delete` is durable and idempotent. An object being read while deleted is read whole or fails.
 *  8. A place that is absent is `vault.unreachable`; a full one `vault.full`; one that refuses,
 *     `vault.denied` or `vault.credentials`; one that asks for time, `store.busy`; a connection that broke,
 *     `store.interrupted`; anything else `store.failed` with the cause kept. Nothing is created where
 *     the place itself is absent, nor where another place has come to stand at its address.
 *  9. All calls may run concurrently, from several processes.
 * 10. An aborted signal rejects with its reason; the object then is there whole or not at all.
 */

import type { Pace } from '../base/pace.ts'
import type { S3Abilities } from '../contract/s3-server.ts'

/**
 * The bytes of an object: in memory (left alone by the caller until `put` has settled), or a complete
 * local file that is never changed again (a store may link it: then it *is* the object).
 * A file of another length than `sizeBytes` is `store.failed`.
 */
export type ObjectBody = Uint8Array | FileBody

export interface FileBody {
  readonly path: string
  readonly sizeBytes: number
  /** The file's SHA-256 in lower-case hex, where the caller knows it: a server that checks it saves reading the file twice. */
  readonly sha256?: string
}

export interface ByteRange {
  readonly offset: number
  readonly sizeBytes: number
}

export interface ObjectInfo {
  readonly name: string
  readonly sizeBytes: number
  readonly modifiedAtMs: number
}

/** What was found out about a place by trying (never by guessing from its type). */
export interface StoreCapabilities {
  /** How a complete object gets its final name without replacing another. */
  readonly publish: 'link' | 'rename' | 'conditional-put' | 'put'
  /** True when file modes keep other users of the machine out. */
  readonly keepsModes: boolean
  /** True when the folder itself can be synced (else durability of names is the file system's word). */
  readonly syncsFolders: boolean
  /** What protects nothing here, in plain words; empty when all is well. */
  readonly remarks: readonly string[]
  /** What a server was found to do; absent for other places. */
  readonly s3?: S3Abilities
}

export interface CallOptions {
  readonly signal?: AbortSignal
}

export interface PutOptions extends CallOptions {
  /** Waited for before each piece leaves this machine; a place on this machine need not. */
  readonly pace?: Pace
}

export interface GetOptions extends CallOptions {
  readonly range?: ByteRange
  /** A longer object is `store.wrong-size`, before anything is allocated for it. */
  readonly maxSizeBytes?: number
}

export interface SweepOptions extends CallOptions {
  /** Only below this name; everywhere when left out. */
  readonly folder?: string
  /** Objects that are put next: what a place has of them in a form that the put goes on with stays. */
  readonly resumed?: ReadonlySet<string>
}

export interface VersionRepair {
  /** Names whose true version is on top again. */
  readonly repaired: readonly string[]
  /** Names of which no version is true any more. */
  readonly lost: readonly string[]
}

/** Locks that a place keeps objects by: nobody deletes one before its lock ends. */
export interface ObjectLocks {
  /** What a point needs is locked for so long at least from its confirmation on. */
  readonly leastMs: number
  /** So long from when it is put, or extended, an object is locked; more than `leastMs`, so that not every point extends. */
  readonly lengthMs: number
  /** Locks an object until then at least (ms since 1970 UTC); one that is locked for longer stays so. `store.not-found`. */
  extend(name: string, untilMs: number, options?: CallOptions): Promise<void>
}

export interface ObjectStore {
  /** `directory`, `memory`, `s3` … */
  readonly kind: string
  /** For people and messages: the folder, or the URL without credentials. */
  readonly address: string
  /**
   * False where a probe found that the credentials may not delete: `delete` is `vault.denied` then without asking the place.
   * Left out: it has not shown.
   */
  readonly mayDelete?: boolean | undefined

  /** Puts an object; true when this call made it, false when the same bytes were there (2, 3). */
  put(name: string, body: ObjectBody, options?: PutOptions): Promise<boolean>
  /** The object's bytes, or those of `range` (4), in a buffer that is the caller's own. */
  get(name: string, options?: GetOptions): Promise<Buffer>
  stat(name: string, options?: CallOptions): Promise<ObjectInfo | undefined>
  list(prefix: string, options?: CallOptions & { readonly startAfter?: string }): AsyncIterable<ObjectInfo>
  delete(name: string, options?: CallOptions): Promise<void>
  /** Removes what crashed writers left (temporary names older than `olderThanMs`); returns how many. */
  sweep(olderThanMs: number, options?: SweepOptions): Promise<number>
  /** Tries what the place can do; leaves nothing behind. */
  probe(options?: CallOptions): Promise<StoreCapabilities>
  close(): Promise<void>
  /**
   * Puts objects that somebody else overwrote or deleted right again, where the place keeps versions; absent where it never
   * does. Deletes nothing.
   */
  readonly repairVersions?: (options?: CallOptions) => Promise<VersionRepair>
  /** Absent where objects are not locked. */
  readonly locks?: ObjectLocks
  /** A store of plain local files: where this process can read the object, if it is there, while the store is open. */
  readonly localPath?: (name: string) => string
}
