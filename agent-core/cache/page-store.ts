/**
 * Tree pages on their way into the base and out of it. Written in batches outside of the capture's
 * transaction: they are addressed by content, and a page too many does no harm.
 */

import { AgentError } from '../base/agent-error.ts'
import { asBuffer } from '../base/bytes.ts'
import { EntryGlances } from '../format/entry-glance.ts'
import type { ListRef } from '../format/paged-list.ts'
import { decodePointManifest } from '../format/point.ts'
import { maxInlineParts } from '../format/tree.ts'
import type { BaseDb } from './base-db.ts'
import { BasePageReader } from './base-page-reader.ts'
import { TreeReader } from './tree-reader.ts'

const batchSizeBytes = 4 * 1024 * 1024
/** Pages that no base needs are dropped once they are as many as the ones that are needed. */
const slackPages = 1024
/** Shorter files have no more parts than stand in their entries: none is cut finer than every 4 KiB. */
const leastListedBytes = maxInlineParts * 4096

export class PageStore {
  readonly #base: BaseDb
  readonly #reader: BasePageReader
  readonly #waiting = new Map<string, readonly [Uint8Array, Uint8Array]>()
  #waitingBytes = 0

  /** `idKey`: tells whether a page is what its id says. */
  constructor(base: BaseDb, idKey: Uint8Array) {
    this.#base = base
    this.#reader = new BasePageReader(base.pages, idKey)
  }

  /** Takes a page; it is in the base after the next `flush` at the latest. */
  keep(id: Uint8Array, page: Uint8Array): void {
    this.#waiting.set(keyOf(id), [id, page])
    this.#waitingBytes += page.length
    if (this.#waitingBytes >= batchSizeBytes) this.flush()
  }

  flush(): void {
    if (this.#waiting.size === 0) return
    this.#base.pages.put(this.#waiting.values())
    this.#waiting.clear()
    this.#waitingBytes = 0
  }

  /** A page from here or the base; undefined when it is in neither. */
  find(id: Uint8Array): Uint8Array | undefined {
    return this.#waiting.get(keyOf(id))?.[1] ?? this.#reader.find(id)
  }

  /** A page from here or the base, else from `fetch`; what was fetched is kept. */
  async read(id: Uint8Array, fetch: (id: Uint8Array) => Promise<Uint8Array>): Promise<Uint8Array> {
    const here = this.find(id)
    if (here !== undefined) return here
    const fetched = Buffer.from(await fetch(id))
    this.keep(id, fetched)
    return fetched
  }

  /**
   * Says that what has come to the `heldBefore` pages of the base is an item's first latest state, and all live: no dead page is
   * to be looked for among it.
   */
  countAsLive(heldBefore: number): void {
    this.flush()
    this.#base.pages.addLive(this.#base.pages.counts().held - heldBefore)
  }

  /**
   * Drops pages that no latest state needs, when there are as many of them as needed ones. Looks into the base
   * only; while that lacks a page of a latest state (its vault may be away), everything stays. Resolves with what
   * kept it from cleaning, if anything did: a cache that is not tidy is no failed backup.
   */
  async dropUnused(): Promise<AgentError | undefined> {
    try {
      this.flush()
      const { held, lastLive } = this.#base.pages.counts()
      if (held < lastLive * 2 + slackPages) return undefined
      const live = await this.#livePages()
      this.#base.pages.keep((id) => live.has(markOf(id)), live.size)
    } catch (error) {
      if (error instanceof AgentError) return error
      if (!(error instanceof PageAbsent)) throw error
    }
    return undefined
  }

  async #livePages(): Promise<Set<number>> {
    const tree = new TreeReader(async (id) => {
      const page = this.#base.pages.page(id)
      if (page === undefined) throw new PageAbsent()
      return page
    })
    const live = new Set<number>()
    for (const point of this.#base.latestPoints()) {
      const { root, chunkFiles, warnings, missing } = decodePointManifest(point.manifest, 'captured point')
      for (const list of [chunkFiles, warnings, missing]) await this.#mark(tree, list, live)
      await this.#markDirectory(tree, root, live)
    }
    return live
  }

  async #mark(tree: TreeReader, list: ListRef | undefined, live: Set<number>): Promise<void> {
    if (list === undefined) return
    for await (const id of tree.pageIds(list)) live.add(markOf(id))
  }

  async #markDirectory(tree: TreeReader, list: ListRef | undefined, live: Set<number>): Promise<void> {
    await this.#mark(tree, list, live)
    for await (const page of tree.leafPages(list)) {
      for (const entries = new EntryGlances(page, 'tree page'); entries.next(); ) {
        // A short file's parts stand in its entry.
        if (entries.type !== 'directory' && entries.sizeBytes < leastListedBytes) continue
        const { directory, content } = entries.decode()
        if (directory !== undefined) await this.#markDirectory(tree, directory.list, live)
        if (content !== undefined && 'id' in content.parts) await this.#mark(tree, content.parts, live)
      }
    }
  }
}

function keyOf(id: Uint8Array): string {
  return asBuffer(id).toString('latin1')
}

/** 48 bits of an id stand for all of it, to spare memory: where two are the same, a dead page is kept. */
function markOf(id: Uint8Array): number {
  return asBuffer(id).readUIntBE(0, 6)
}

/** The base lacks a page; what lies below it is unknown. */
class PageAbsent extends Error {}
