/**
 * Compares the source with the last point's tree before a walk comes there: a thread on each further processor, and this
 * one while it would wait. The walk then looks at changed folders only, as it does where a change journal
 * knows them. Lots (plan-lots.ts) are claimed by whoever begins them. What could not be compared, the walk compares by itself: a
 * thread that fails costs time and nothing else. docs/adr/0044-compare-ahead.md.
 */
import { yieldToEventLoop } from '../base/event-loop.ts'
import { WorkerThread } from '../base/worker-thread.ts'
import type { TreeReader } from '../cache/tree-reader.ts'
import { keepHeapSmall } from '../platform/process-memory.ts'
import type { FoundEntry } from '../source/found-entry.ts'
import type { ComparedSubtree, Subtree, TreeComparison } from './compare-tree.ts'
import { type Claim, claim, claimedHere, createClaim, giveUp } from './lot-claim.ts'
import { type CutDirectory, planLots } from './plan-lots.ts'
import { compareInWalk } from './walk-order.ts'

/** What a thread compares by, beside its own number. */
export interface CompareAheadRules {
  readonly excludes: readonly string[]
  readonly defaultExcludes: boolean
  readonly barriers: readonly Uint8Array[]
  readonly crossMounts: boolean
  readonly lastScanStartedMs: number
  readonly scanStartedMs: number
  readonly basePath: string
  /** Tells whether a page is what its id says. */
  readonly idKey: Uint8Array
}

export interface CompareAheadStart extends CompareAheadRules {
  readonly claimant: number
}

export type ToCompareAhead =
  | { readonly type: 'lot'; readonly lot: number; readonly claim: Claim; readonly subtrees: readonly Subtree[] }
  | { readonly type: 'stop' }

export interface FromCompareAhead {
  readonly lot: number
  /** One for each subtree of the lot; undefined for those that the walk must compare by itself. */
  readonly compared: readonly (ComparedSubtree | undefined)[]
}

export interface CompareAheadOptions {
  readonly threadCount: number
  readonly rules: CompareAheadRules
  /** Reads the tree of the last point. */
  readonly tree: TreeReader
  /** Compares in this thread. */
  readonly comparison: TreeComparison
  /** Hears of a thread that has died; its work is done by others. */
  readonly onFailure: (error: Error) => void
  /** Left out: as many as pay. */
  readonly entriesPerLot?: number
}

/** Lots that are planned and not taken: what waits for a slow walk stays in memory. */
const maxLotsAhead = 64

interface Lot {
  readonly subtrees: readonly Subtree[]
  readonly claim: Claim
  compared?: FromCompareAhead['compared']
}

export class CompareAhead implements AsyncDisposable {
  readonly #options: CompareAheadOptions
  readonly #threads: WorkerThread<CompareAheadStart, ToCompareAhead, FromCompareAhead>[]
  /** Those that the walk has not passed, by their numbers in its order. */
  readonly #lots = new Map<number, Lot>()
  #lotCount = 0
  /** How many subtrees of the first lot the walk has passed. */
  #passed = 0
  #plan: AsyncGenerator<Subtree[], void, undefined> | undefined
  #isLastFolder = false
  #ended: Promise<unknown> | undefined
  /** Set while the walk waits for a thread. */
  #arrived: (() => void) | undefined

  /** Starts the threads. Dispose it. */
  constructor(options: CompareAheadOptions) {
    this.#options = options
    keepHeapSmall()
    this.#threads = Array.from(
      { length: options.threadCount },
      (_, index) =>
        new WorkerThread({
          file: new URL('./compare-ahead-worker.ts', import.meta.url),
          start: { ...options.rules, claimant: index + 1 },
          onMessage: (message) => this.#receive(message),
          onFailure: (error) => this.#release(index + 1, error),
        }),
    )
  }

  /** Begins with a protected folder; what is left of the one before is forgotten. `isLast`: the threads end when it is compared. */
  async begin(folder: CutDirectory, isLast: boolean): Promise<void> {
    this.#lots.clear()
    this.#passed = 0
    this.#isLastFolder = isLast
    this.#plan = planLots(this.#options.tree, folder, this.#options.entriesPerLot)
    await this.#planAhead()
  }

  /**
   * What has changed in a directory, and below; undefined when the walk must find out by itself. Asked for in the order of
   * the walk. Throws what reading the tree throws.
   */
  async take(path: Buffer, found: Pick<FoundEntry, 'inode' | 'device'>): Promise<ComparedSubtree | undefined> {
    const key = path.toString('latin1')
    for (;;) {
      const [number, lot] = this.#lots.entries().next().value ?? []
      if (number === undefined || lot === undefined) return undefined
      const subtree = lot.subtrees[this.#passed]
      if (subtree === undefined) {
        this.#lots.delete(number)
        this.#passed = 0
        await this.#planAhead()
        continue
      }
      const order = compareInWalk(subtree.path, key)
      if (order > 0) return undefined
      if (order === 0) {
        const compared = (await this.#result(lot))[this.#passed]
        this.#passed++
        return compared?.inode === found.inode && compared.device === found.device ? compared : undefined
      }
      this.#passed++
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#lots.clear()
    this.#plan = undefined
    await this.#end()
  }

  async #planAhead(): Promise<void> {
    while (this.#plan !== undefined && this.#lots.size < maxLotsAhead) {
      const planned = await this.#plan.next()
      if (planned.done === true) {
        this.#plan = undefined
        this.#endIfDone()
        return
      }
      const lot: Lot = { subtrees: planned.value, claim: createClaim() }
      const number = this.#lotCount++
      this.#lots.set(number, lot)
      for (const thread of this.#threads) thread.send({ type: 'lot', lot: number, ...lot })
    }
  }

  /** Compares whatever nobody has begun until the lot is compared. */
  async #result(lot: Lot): Promise<FromCompareAhead['compared']> {
    while (lot.compared === undefined) {
      const next = claim(lot.claim, claimedHere) ? lot : this.#claimLater()
      if (next === undefined) {
        await new Promise<void>((resolve) => {
          this.#arrived = resolve
        })
      } else {
        next.compared = next.subtrees.map((subtree) => this.#options.comparison.compare(subtree))
        this.#endIfDone()
        await yieldToEventLoop()
      }
    }
    return lot.compared
  }

  #claimLater(): Lot | undefined {
    return this.#lots.values().find((lot) => claim(lot.claim, claimedHere))
  }

  #receive({ lot, compared }: FromCompareAhead): void {
    const planned = this.#lots.get(lot)
    if (planned !== undefined) planned.compared = compared
    this.#endIfDone()
    this.#arrived?.()
  }

  /** The walk may go on for long; what a thread holds is given back before. */
  #endIfDone(): void {
    const isDone = this.#plan === undefined && this.#lots.values().every(({ compared }) => compared !== undefined)
    if (this.#isLastFolder && isDone) void this.#end()
  }

  #end(): Promise<unknown> {
    this.#ended ??= Promise.all(this.#threads.map((thread) => thread[Symbol.asyncDispose]()))
    return this.#ended
  }

  /** A thread has failed: what it had begun is begun again. */
  #release(claimant: number, error: Error): void {
    this.#options.onFailure(error)
    for (const lot of this.#lots.values()) {
      if (lot.compared === undefined) giveUp(lot.claim, claimant)
    }
    this.#arrived?.()
  }
}
