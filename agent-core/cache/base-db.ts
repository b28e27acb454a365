/**
 * `base.db`, the base: the latest captured state of every item, and where every block is, per
 * vault. It is a cache: deleted or damaged, it is rebuilt from a vault, and only time is lost.
 *
 *  - A block counts as known for a vault only when a chunk file that holds it is placed there.
 *  - `capture` is the one transaction that merges an increment into the base.
 *  - Every commit is synced: what capture acknowledged is not lost.
 */
import type { AgentError } from '../base/agent-error.ts'
import type { Clock } from '../base/clock.ts'
import type { ChunkFileName, ItemId, KeyspaceId, PointId, VaultId } from '../contract/ids.ts'
import type { BlockTable } from '../format/block-table.ts'
import type { IndexedChunkFile } from '../format/index-segment.ts'
import { BaseChunks, type ChunkFileState } from './base-chunks.ts'
import { BaseCleanUps } from './base-clean-ups.ts'
import type { BaseConnection } from './base-connection.ts'
import { BaseFacts } from './base-facts.ts'
import { openForReading, openForWriting } from './base-file.ts'
import { BasePages } from './base-pages.ts'
import { BasePoints } from './base-points.ts'
import {
  type BlockLocation,
  type CapturedPoint,
  type Increment,
  isOfKeyspace,
  type KnownChunkFile,
  type PlacedChunkFile,
} from './base-rows.ts'
import { rebuildBlockIndex } from './base-schema.ts'
import { BaseSegments } from './base-segments.ts'
import { BaseTrust } from './base-trust.ts'

export type OpenBaseOptions = {
  /** Beside a writer; an empty base in memory stands for one that is damaged or not made yet. */
  readonly readOnly?: boolean
  /** With `readOnly`: blocks that a writer merges later need not be found, so a look-up that misses costs less. */
  readonly asOpened?: boolean
  /** For the writer: spares checking the whole file again within a day. */
  readonly clock?: Clock
}

/**
 * Opens the base at `path`. One that is not there is created; one that is found damaged is set aside as
 * `<path>.damaged-<n>` and a new one is made; `setAside` then names it. Throws `home.newer`, `cache.failed`,
 * `cache.full`.
 */
export function openBase(path: string, options: OpenBaseOptions = {}): BaseDb {
  if (options.readOnly === true) return new BaseDb(openForReading(path), { looksAgain: options.asOpened !== true })
  const { sql, setAside } = openForWriting(path, options.clock)
  return new BaseDb(sql, { setAside, looksAgain: false })
}

/** Every method throws `cache.failed` where SQLite refuses, and `cache.damaged` where the file is found damaged. */
export class BaseDb implements Disposable {
  readonly path: string
  /** Where a damaged base was moved to when this one was opened. */
  readonly setAside: string | undefined
  readonly #looksAgain: boolean
  readonly #sql: BaseConnection
  readonly #chunks: BaseChunks
  readonly #points: BasePoints
  readonly #facts: BaseFacts
  /** The index segments of the vaults that were read or written. */
  readonly segments: BaseSegments
  /** Tree pages of the latest states. */
  readonly pages: BasePages
  /** What clean-ups say of the vaults' chunk files. */
  readonly cleanUps: BaseCleanUps
  /** What was found missing or damaged in the vaults. */
  readonly trust: BaseTrust

  constructor(sql: BaseConnection, options: { readonly setAside?: string | undefined; readonly looksAgain: boolean }) {
    this.path = sql.path
    this.setAside = options.setAside
    this.#looksAgain = options.looksAgain
    this.#sql = sql
    this.#chunks = new BaseChunks(sql)
    this.#points = new BasePoints(sql)
    this.#facts = new BaseFacts(sql)
    this.segments = new BaseSegments(sql)
    this.pages = new BasePages(sql)
    this.cleanUps = new BaseCleanUps(sql)
    this.trust = new BaseTrust(sql)
  }

  /** False when there is no block here: nothing need be looked up. */
  get holdsBlocks(): boolean {
    return this.#chunks.holdsBlocks
  }

  /** All places of a block, in any chunk file, in any vault. */
  locate(id: Uint8Array): BlockLocation[] {
    return this.#chunks.locate(id, this.#looksAgain)
  }

  /** A chunk file by its number in this base. */
  chunkFile(number: number): KnownChunkFile {
    return this.#chunks.file(number)
  }

  /** The blocks of a chunk file in their order. */
  blockTable(number: number): BlockTable {
    return this.#chunks.table(number)
  }

  chunkFileNumber(name: ChunkFileName): number | undefined {
    return this.#chunks.number(name)
  }

  /** Numbers of the chunk files that `vault` is known to hold and index. */
  placedChunks(vault: VaultId): Set<number> {
    return this.#chunks.placed(vault)
  }

  /** Numbers of the chunk files that wait in the cache for `vault`. */
  waitingChunks(vault: VaultId): Set<number> {
    return this.#chunks.waiting(vault)
  }

  /** Chunk files that wait in the cache for `vault`, oldest first, as index segments list them. */
  waitingChunkFiles(vault: VaultId): IndexedChunkFile[] {
    return this.#chunks.waitingFiles(vault)
  }

  /** True when `vault` is known to hold and index the chunk file. */
  isPlaced(vault: VaultId, name: ChunkFileName): boolean {
    return this.#chunks.isPlaced(vault, name)
  }

  /** True when another vault than `vault` is known to hold and index the chunk file. */
  isPlacedElsewhere(vault: VaultId, name: ChunkFileName): boolean {
    return this.#chunks.isPlacedElsewhere(vault, name)
  }

  /** All chunk files that the base knows (of one keyspace): whether a vault holds them, or else whether one waits for them. */
  chunkFileStates(keyspace?: KeyspaceId): Map<ChunkFileName, ChunkFileState> {
    return this.#chunks.states(keyspace)
  }

  /** Lets chunk files that `vault` has lost, and that are still in the cache, wait for it again. */
  awaitAgain(vault: VaultId, numbers: readonly number[]): void {
    this.#transaction(() => {
      this.#chunks.unplace(vault, numbers)
      for (const number of numbers) this.#chunks.await(vault, number)
    })
  }

  /** Writes a copy of the base to `path`, where nothing may be yet; it is not synced. */
  copyTo(path: string): void {
    this.#sql.run('VACUUM INTO ?', path)
  }

  /** The latest captured point of an item. */
  latestPoint(item: ItemId): CapturedPoint | undefined {
    return this.#points.latest(item)
  }

  /** All latest points, one an item. */
  latestPoints(): CapturedPoint[] {
    return this.#points.allLatest()
  }

  /** Points that `vault` has not confirmed yet, in the order they were captured. */
  unconfirmedPoints(vault: VaultId): CapturedPoint[] {
    return this.#points.unconfirmed(vault)
  }

  /** True when a captured point waits for some vault: nothing else knows of it. */
  get hasUnconfirmed(): boolean {
    return this.#points.hasUnconfirmed()
  }

  /** True when a vault has confirmed the point, and it is still here because others wait for it. */
  isConfirmed(point: PointId): boolean {
    return this.#points.isConfirmed(point)
  }

  /** Lets the latest point of an item, and chunk files that it needs, wait for a vault that lacks them. */
  awaitPoint(vault: VaultId, point: PointId, chunks: Iterable<number>): void {
    this.#transaction(() => {
      for (const chunk of chunks) this.#chunks.await(vault, chunk)
      this.#points.setAwaited(vault, point, true)
    })
  }

  /** What `SecondLook` wrote down of an item's last point in `vault`. */
  lastLook(vault: VaultId, item: ItemId): string | undefined {
    return this.#facts.bytes(`look/${vault}/${item}`)?.toString('utf8')
  }

  keepLook(vault: VaultId, item: ItemId, look: string): void {
    this.#transaction(() => this.#facts.setBytes(`look/${vault}/${item}`, Buffer.from(look)))
  }

  /**
   * Adds the content of an index segment of `vault`, whose object has that SHA-256: its chunk files are known and
   * placed there, but those that are gone. One transaction.
   */
  mergeIndex(
    vault: VaultId,
    keyspace: KeyspaceId,
    sequence: number,
    chunkFiles: Iterable<IndexedChunkFile>,
    sha256: Uint8Array,
  ): void {
    this.#merge(() => {
      for (const file of chunkFiles) this.#chunks.place(vault, this.#chunks.add(keyspace, file))
      this.segments.note(vault, keyspace, sequence, sha256)
    })
  }

  /**
   * Registers complete chunk files that no captured point names yet, to go to `vault`: what an interrupted run left
   * in the cache, or a part of a long capture. One transaction.
   */
  adopt(vault: VaultId, keyspace: KeyspaceId, chunkFiles: Iterable<IndexedChunkFile>): void {
    this.#merge(() => {
      for (const file of chunkFiles) this.#chunks.await(vault, this.#chunks.add(keyspace, file))
    })
  }

  /** Captured: merges the increment into the base. One synced transaction; all of it or nothing. */
  capture(increment: Increment): void {
    const { point, vaults } = increment
    this.#merge(() => {
      for (const file of increment.chunkFiles) {
        const chunk = this.#chunks.add(increment.keyspace, file)
        for (const vault of vaults) this.#chunks.await(vault, chunk)
      }
      this.#points.put(point)
      for (const vault of vaults) this.#points.await(vault, point.id)
      this.#points.setLatest(point)
      for (const vault of vaults) {
        this.trust.settle(vault, point.item, increment.distrustSeen?.get(vault) ?? this.trust.count(vault))
      }
      if (increment.lastFileId) this.#facts.setBytes(`last-file-id/${increment.keyspace}`, increment.lastFileId)
    })
  }

  /** Confirmed: `vault` holds the point whole. Points that nothing needs any more are dropped from the base. */
  confirm(vault: VaultId, point: CapturedPoint): void {
    this.#transaction(() => {
      this.#facts.setBytes(`confirmed/${vault}/${point.item}`, point.manifest)
      this.#points.confirm(vault, point.id)
    })
  }

  /** The manifest of the last point of an item that was seen confirmed in `vault`. */
  lastConfirmed(vault: VaultId, item: ItemId): Buffer | undefined {
    return this.#facts.bytes(`confirmed/${vault}/${item}`)
  }

  /** Takes the state of `point`, read from `vault`, as the base of its item (after the base was lost, or a take-over). */
  adoptPoint(vault: VaultId, point: CapturedPoint): void {
    this.#transaction(() => {
      this.#facts.setBytes(`confirmed/${vault}/${point.item}`, point.manifest)
      this.#points.put(point)
      this.#points.setLatest(point)
    })
  }

  /** Gives a captured point, which no vault holds yet, another number and parent. */
  renumber(point: CapturedPoint): void {
    this.#transaction(() => this.#points.put(point))
  }

  /**
   * Forgets what `vault` was known to hold of a keyspace, and the points of it that wait for that vault alone, since they
   * rest on that: the vault is not what it was (put back from an older copy). Its index is read again from the start.
   */
  forgetVault(vault: VaultId, keyspace: KeyspaceId): void {
    for (const { id, item } of this.unconfirmedPoints(vault).filter((point) => isOfKeyspace(point, keyspace))) {
      if (this.#points.isElsewhere(vault, id)) this.#transaction(() => this.#points.setAwaited(vault, id, false))
      else this.forgetItem(item)
    }
    this.#transaction(() => {
      this.#chunks.unplaceAll(vault, keyspace)
      this.cleanUps.forget(vault)
      this.#facts.setNumber(`locked-until/${vault}/${keyspace}`, 0)
      this.segments.forget(vault, keyspace)
    })
  }

  /** Until when all that points may need is locked in the vault at least (ms since 1970 UTC); 0: not known. */
  lockedUntilMs(vault: VaultId, keyspace: KeyspaceId): number {
    return this.#facts.number(`locked-until/${vault}/${keyspace}`)
  }

  keepLockedUntil(vault: VaultId, keyspace: KeyspaceId, untilMs: number): void {
    this.#transaction(() => this.#facts.setNumber(`locked-until/${vault}/${keyspace}`, untilMs))
  }

  /**
   * An item goes to `vault` no more: its points wait for that vault no longer, and nor does payload that nothing else waits
   * for there. Points that waited for it alone are given up; returns how many those are.
   */
  leaveVault(vault: VaultId, item: ItemId): number {
    const own = this.unconfirmedPoints(vault).filter((point) => point.item === item)
    const alone = own.filter(({ id }) => !this.#points.isElsewhere(vault, id))
    this.#transaction(() => {
      for (const { id } of own) this.#points.setAwaited(vault, id, false)
      if (alone.length > 0) this.#points.forgetItem(item)
      if (this.#points.unconfirmed(vault).length === 0) this.#chunks.stopWaiting(vault)
    })
    return alone.length
  }

  /** Forgets everything of a keyspace that this home has no business with any more, what waits included. */
  forgetKeyspace(keyspace: KeyspaceId, vaults: readonly VaultId[]): void {
    for (const vault of vaults) {
      const own = this.unconfirmedPoints(vault).filter((point) => isOfKeyspace(point, keyspace))
      for (const { item } of own) this.forgetItem(item)
      this.forgetVault(vault, keyspace)
    }
    const names = this.chunkFileStates(keyspace).keys()
    this.forgetChunkFiles([...names].flatMap((name) => this.chunkFileNumber(name) ?? []))
  }

  /** Forgets the latest state of an item: the next capture reads everything again. */
  forgetItem(item: ItemId): void {
    this.#transaction(() => this.#points.forgetItem(item))
  }

  /** Builds the index of blocks anew from what the base has of its chunk files. One transaction. */
  rebuildBlockIndex(): void {
    rebuildBlockIndex(this.#sql)
    this.#chunks.reset()
  }

  /** Says that the base has rotted; the mark makes the next writer look. */
  damaged(reason: string): AgentError<'cache.damaged'> {
    return this.#sql.damaged(reason)
  }

  /** Forgets that `vault` holds these chunk files; where else they are stays known. */
  unplace(vault: VaultId, numbers: readonly number[]): void {
    this.#transaction(() => this.#chunks.unplace(vault, numbers))
  }

  /** Chunk files of a keyspace that `vault` is known to hold, with their lengths. */
  placedChunkFiles(vault: VaultId, keyspace: KeyspaceId): PlacedChunkFile[] {
    return this.#chunks.placedFiles(vault, keyspace)
  }

  /** Forgets chunk files whose payload is lost; their blocks are read and stored again. */
  forgetChunkFiles(numbers: readonly number[]): void {
    this.#transaction(() => this.#chunks.forget(numbers))
  }

  /** File id of the last chunk file written for a keyspace. */
  lastFileId(keyspace: KeyspaceId): Uint8Array | undefined {
    return this.#facts.bytes(`last-file-id/${keyspace}`)
  }

  close(): void {
    this.#sql.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  /** A transaction that may bring chunk files; the blocks of all of them are merged at its end. */
  #merge(work: () => void): void {
    this.#transaction(() => {
      work()
      this.#chunks.mergeBlocks()
    })
    this.#sql.shortenLog()
  }

  #transaction(work: () => void): void {
    try {
      this.#sql.transaction(work)
    } catch (error) {
      this.#chunks.reset()
      throw error
    }
  }
}
