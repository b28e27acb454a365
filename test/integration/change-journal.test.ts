/**
 * Points made by the change journal beside points made by full scans of the same states: two items over one folder. Their
 * trees must be the same, page by page. The seed is printed; JOURNAL_SEED repeats a run.
 */
import { linkSync, mkdirSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { backupNow } from '../../agent-core/api/backup-verbs.ts'
import { enableItem } from '../../agent-core/api/item-verbs.ts'
import { createNewVault } from '../../agent-core/api/vault-verbs.ts'
import { sourceRules } from '../../agent-core/backup/look-at-folders.ts'
import { type Clock, systemClock } from '../../agent-core/base/clock.ts'
import { openBase } from '../../agent-core/cache/base-db.ts'
import type { ItemId } from '../../agent-core/contract/ids.ts'
import { decodePointManifest } from '../../agent-core/format/point.ts'
import { ChangeJournal } from '../../agent-core/source/change-journal.ts'
import type { WatcherKind } from '../../agent-core/source/change-watcher.ts'
import { defaultWatcherBudget } from '../../agent-core/source/plan-watcher.ts'
import { needsThat } from '../support/needs.ts'
import { createRandomChanges, makeTree } from '../support/random-changes.ts'
import { seededRandom } from '../support/seeded-random.ts'
import { plainSettings, TestFolder, TestHome, testPassphrase } from '../support/test-home.ts'

/** Ahead of the file system's, so that what was written just now counts as long ago: else everything stays dirty. */
class AheadClock implements Clock {
  aheadMs = 60_000
  nowMs(): number {
    return systemClock.nowMs() + this.aheadMs
  }

  async delay(ms: number, signal?: AbortSignal): Promise<void> {
    await systemClock.delay(ms, signal)
  }
}

const week = 7 * 86_400_000

class Pair implements AsyncDisposable {
  readonly clock = new AheadClock()
  readonly home = new TestHome({ clock: this.clock })
  readonly folder = new TestFolder('journal-')
  readonly source = this.folder.at('source')
  readonly #kind: WatcherKind
  #journal: ChangeJournal | undefined
  #watched = '' as ItemId
  #scanned = '' as ItemId

  constructor(kind: WatcherKind) {
    this.#kind = kind
    for (const name of ['source', 'outside']) mkdirSync(this.folder.at(name))
  }

  async setUp(): Promise<void> {
    const { deps } = this.home
    await createNewVault(deps, 'v', this.folder.at('vault'), testPassphrase)
    const settings = { ...plainSettings, folders: [this.source] }
    this.#watched = (await enableItem(deps, 'watched', ['v'], settings)).id
    this.#scanned = (await enableItem(deps, 'scanned', ['v'], settings)).id
    this.startJournal()
  }

  startJournal(): void {
    const { deps } = this.home
    const rules = sourceRules(plainSettings, [])
    this.#journal = new ChangeJournal(
      {
        item: this.#watched,
        area: {
          folders: [Buffer.from(this.source)],
          crossMounts: false,
          enters: (path, relative) => rules.judge(path, relative, true) === 'in',
        },
        settings: 'same',
        folder: this.folder.at('journals'),
        budget: defaultWatcherBudget,
        only: this.#kind,
      },
      deps,
    )
  }

  /** A backup by the journal, and a full one of the same state. */
  async backUp() {
    const watched = await backupNow(this.home.deps, 'watched', { scheduled: true, accept: true }, {}, this.#journal)
    const scanned = await backupNow(this.home.deps, 'scanned', { scheduled: true, accept: true }, {})
    using base = openBase(this.home.deps.paths.base, { readOnly: true })
    const pointOf = (item: ItemId) => {
      const { root, counts } = decodePointManifest(base.latestPoint(item)?.manifest ?? Buffer.of(), 'point')
      const { files, directories, others, bytes } = counts
      return { root, counts: { files, directories, others, bytes } }
    }
    return {
      scan: watched.scan,
      document: watched,
      byJournal: pointOf(this.#watched),
      inFull: pointOf(this.#scanned),
      scanned,
    }
  }

  /** Ends the journal as a process that is killed does. */
  abandonJournal(): ChangeJournal | undefined {
    const journal = this.#journal
    this.#journal = undefined
    return journal
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#journal?.[Symbol.asyncDispose]()
    this.home[Symbol.dispose]()
    this.folder[Symbol.dispose]()
  }
}

const isRoot = process.geteuid?.() === 0
const seed = Number(process.env['JOURNAL_SEED'] ?? systemClock.nowMs() % 1_000_000)

describe.each(['fanotify', 'folders', 'chokidar'] as const)('the change journal by %s', (kind) => {
  const unmet = needsThat(kind !== 'fanotify' || isRoot, 'needs root')

  test(`makes the points that full scans make (seed ${seed})`, unmet, async () => {
    await using pair = new Pair(kind)
    await pair.setUp()
    makeTree(pair.source)
    const random = createRandomChanges(pair.source, pair.folder.at('outside'), seededRandom(seed))
    expect((await pair.backUp()).scan).toMatchObject({ kind: 'full', watcher: kind, reason: 'the journal begins' })
    let byJournal = 0
    for (let round = 0; round < 8; round++) {
      const changes = random.change(round % 4 === 3 ? 0 : 1 + round)
      const both = await pair.backUp()
      const told = `seed ${seed}, round ${round}: ${changes.join(', ')}; ${both.scan.reason}`
      expect(both.byJournal, told).toEqual(both.inFull)
      expect([both.document.warnings, both.scanned.warnings], told).toEqual([[], []])
      if (both.scan.kind === 'journal') byJournal++
    }
    expect(byJournal).toBeGreaterThan(1)
  })
})

test('a full scan a week later finds nothing that the journal had missed', async () => {
  await using pair = new Pair('folders')
  await pair.setUp()
  makeTree(pair.source, 2)
  await pair.backUp()
  writeFileSync(`${pair.source}/folder 1/new`, 'seen')
  expect((await pair.backUp()).scan.kind).toBe('journal')
  pair.clock.aheadMs += week
  const good = await pair.backUp()
  expect([good.scan.reason, good.document.warnings]).toEqual(['the last full scan was a week ago', []])
  expect((await pair.backUp()).scan.kind).toBe('journal')
})

test('what no watcher can see is found by the weekly scan, and told; the next scan is full too', async () => {
  await using pair = new Pair('folders')
  await pair.setUp()
  makeTree(pair.source, 2)
  await pair.backUp()
  // Another name outside of the item, made after it was captured: writing to it is heard nowhere inside.
  linkSync(`${pair.source}/folder 1/file 1`, pair.folder.at('outside', 'name'))
  writeFileSync(pair.folder.at('outside', 'name'), 'written by another name')
  const blind = await pair.backUp()
  expect(blind.scan.kind).toBe('journal')
  expect(blind.byJournal).not.toEqual(blind.inFull)
  pair.clock.aheadMs += week
  const found = await pair.backUp()
  expect(found.byJournal).toEqual(found.inFull)
  expect(found.document.warnings).toMatchObject([{ code: 'journal.missed-changes', path: `${pair.source}/folder 1` }])
  const doubted = await pair.backUp()
  expect(doubted.scan.reason).toBe('the last full scan found changes that the journal had missed')
  expect(doubted.document.warnings).toEqual([])
  expect((await pair.backUp()).scan.kind).toBe('journal')
})

test('after its agent was killed the next scan is full, whatever was dirty', async () => {
  await using pair = new Pair('folders')
  await pair.setUp()
  makeTree(pair.source, 2)
  await pair.backUp()
  writeFileSync(`${pair.source}/folder 1/new`, 'seen')
  const killed = pair.abandonJournal()
  writeFileSync(`${pair.source}/folder 0/new`, 'unseen')
  pair.startJournal()
  const both = await pair.backUp()
  expect(both.scan).toMatchObject({ kind: 'full', reason: 'the agent was started anew' })
  expect(both.byJournal).toEqual(both.inFull)
  await killed?.[Symbol.asyncDispose]()
})

test('a point that came from elsewhere, and other folders, make the scan a full one', async () => {
  await using pair = new Pair('folders')
  await pair.setUp()
  makeTree(pair.source, 2)
  await pair.backUp()
  await backupNow(pair.home.deps, 'watched', { scheduled: true, accept: true }, {})
  const { scan } = await pair.backUp()
  expect(scan).toMatchObject({ kind: 'full', reason: 'the last point is not the one that the journal counts from' })
})
