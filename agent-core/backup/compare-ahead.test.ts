/** Comparing ahead of the walk, on real folders: the point must be what it would have been without. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type CaptureOptions, Capturing, laterMs } from '../../test/support/capturing.ts'
import { createRandomChanges } from '../../test/support/random-changes.ts'
import { seededRandom } from '../../test/support/seeded-random.ts'
import { testKeys } from '../../test/support/test-keys.ts'
import { fromHex, toHex } from '../base/bytes.ts'
import { openBase } from '../cache/base-db.ts'
import type { FoundEntry } from '../source/found-entry.ts'
import { lookAt } from '../source/list-directory.ts'
import { CompareAhead } from './compare-ahead.ts'
import { TreeComparison } from './compare-tree.ts'
import { sourceRules } from './look-at-folders.ts'

const rules = { excludes: ['*.out', 'left/'], defaultExcludes: false }
const times = { lastScanStartedMs: laterMs, scanStartedMs: laterMs }

interface AheadOptions {
  readonly threadCount: number
  /** Left out: all pages are at hand. */
  readonly isAbsent?: (id: Uint8Array) => boolean
  readonly basePath?: string
  readonly onCompared?: () => void
  readonly onFailure?: () => void
}

const unexpected = (error: Error) => {
  throw error
}

function aheadOf(
  capturing: Capturing,
  { threadCount, isAbsent, basePath, onCompared, onFailure }: AheadOptions,
): CompareAhead {
  const path = basePath ?? capturing.folder.at('base.db')
  if (basePath === undefined) {
    using base = openBase(path)
    base.pages.put([...capturing.pages].map(([id, page]) => [fromHex(id), page]))
  }
  return new CompareAhead({
    threadCount,
    rules: { ...rules, ...times, barriers: [], crossMounts: false, basePath: path, idKey: testKeys.id },
    tree: capturing.tree,
    onFailure: onFailure ?? unexpected,
    comparison: new TreeComparison({
      ...times,
      rules: sourceRules(rules, []),
      crossMounts: false,
      findPage: (id) => (isAbsent?.(id) === true ? undefined : capturing.pages.get(toHex(id))),
      checkpoint: () => onCompared?.(),
    }),
    entriesPerLot: 40,
  })
}

/** Names that sort differently as paths and as names. */
function makeTree(folder: string, random: () => number, depth: number): void {
  const names = ['a', 'a-b', 'a.b', 'ab', 'left', 'not.out', 'z\u00e4', 'empty', `name ${Math.floor(random() * 1000)}`]
  for (const name of names) {
    const path = join(folder, name)
    if (depth > 0 && (name === 'empty' || name === 'left' || random() < 0.5)) {
      mkdirSync(path)
      if (name !== 'empty') makeTree(path, random, depth - 1)
    } else {
      writeFileSync(path, 'x'.repeat(Math.floor(random() * 20)))
    }
  }
}

/** Captures the source without, then with comparing ahead, both compared with the capture before. */
async function captureTwice(capturing: Capturing, options: AheadOptions) {
  await using ahead = aheadOf(capturing, options)
  const { excludes } = rules
  const beside = capturing.last
  const plain = await capturing.capture({ excludes, beside })
  const told = capturing.told.splice(0)
  const captured = await capturing.capture({ excludes, compareAhead: ahead } satisfies CaptureOptions)
  expect(captured.root).toEqual(plain.root)
  expect(captured.counts).toEqual(plain.counts)
  expect(capturing.told.splice(0)).toEqual(told)
  return captured
}

async function filled(seed: number): Promise<Capturing> {
  const capturing = new Capturing()
  makeTree(capturing.source, seededRandom(seed), 3)
  await capturing.capture({ excludes: rules.excludes })
  return capturing
}

describe.each([0, 1, 2])('%s threads', (threadCount) => {
  test('after any changes the tree, the counts and what is told are those of a walk alone', {
    timeout: 60_000,
  }, async () => {
    const seed = Number(process.env['THARSIS_TEST_SEED'] ?? 20261127)
    using capturing = await filled(seed)
    mkdirSync(capturing.folder.at('outside'))
    const random = seededRandom(seed)
    const changes = createRandomChanges(capturing.source, capturing.folder.at('outside'), random)
    for (let round = 0; round < 12; round++) {
      const made = changes.change(Math.floor(random() * 12))
      await expect(captureTwice(capturing, { threadCount }), `seed ${seed}, ${made.join(', ')}`).resolves.toBeDefined()
    }
  })
})

test('where nothing has changed the walk looks at no directory below those that were cut', async () => {
  using capturing = await filled(1)
  let compared = 0
  const { counts, chunkFiles } = await captureTwice(capturing, { threadCount: 0, onCompared: () => compared++ })
  expect(counts).toMatchObject({ filesChanged: 0, deleted: 0 })
  expect(chunkFiles).toEqual([])
  expect(compared).toBeGreaterThan(20)
  const seen: string[] = []
  await using ahead = aheadOf(capturing, { threadCount: 0 })
  await capturing.capture({ excludes: rules.excludes, compareAhead: ahead, onSeen: (path) => seen.push(path) })
  expect(counts.files).toBeGreaterThan(100)
  expect(seen.length).toBeLessThan(counts.files / 2)
})

test('pages of the last point that are not at hand leave their directories to the walk', async () => {
  using capturing = await filled(2)
  writeFileSync(Buffer.concat([Buffer.from(capturing.at('empty')), Buffer.of(0x2f, 0xff, 0x0a)]), 'no UTF-8')
  const random = seededRandom(2)
  await captureTwice(capturing, { threadCount: 0, isAbsent: () => random() < 0.3 })
  await captureTwice(capturing, { threadCount: 0, isAbsent: () => true })
})

test('threads that die leave their work to others', async () => {
  using capturing = await filled(3)
  let died = 0
  const basePath = capturing.folder.at('nowhere', 'base.db')
  await captureTwice(capturing, { threadCount: 2, basePath, onFailure: () => died++ })
  expect(died).toBeGreaterThan(0)
})

test('what was compared is not taken for another directory that the walk has found', async () => {
  using capturing = await filled(4)
  const first = 'deep'
  mkdirSync(capturing.at(first, 'in'), { recursive: true })
  for (let file = 0; file < 5; file++) writeFileSync(capturing.at(first, 'in', String(file)), '')
  const { entry } = await capturing.capture({ excludes: rules.excludes })
  await using ahead = aheadOf(capturing, { threadCount: 0 })
  const path = Buffer.from(capturing.at(first))
  const found = lookAt(path) as FoundEntry
  const begin = async () => {
    const section = entry.directory ?? { entriesBelow: 0, bytesBelow: 0 }
    await ahead.begin({ path: capturing.source, relative: '', section }, true)
  }
  await begin()
  expect(await ahead.take(path, { ...found, inode: found.inode + 1n })).toBeUndefined()
  await begin()
  expect(await ahead.take(path, { ...found, device: found.device + 1 })).toBeUndefined()
  await begin()
  expect(await ahead.take(path, found)).toMatchObject({ dirty: [], before: { files: 5, directories: 1 } })
  // It was passed, and the walk never goes back.
  expect(await ahead.take(path, found)).toBeUndefined()
})

test('a walk that ends early leaves the threads to their end', async () => {
  using capturing = await filled(5)
  const ahead = aheadOf(capturing, { threadCount: 2 })
  const { directory } = capturing.last?.entry ?? {}
  await ahead.begin(
    { path: capturing.source, relative: '', section: directory ?? { entriesBelow: 0, bytesBelow: 0 } },
    true,
  )
  await ahead[Symbol.asyncDispose]()
  const path = Buffer.from(capturing.at('a'))
  expect(await ahead.take(path, lookAt(path) as FoundEntry)).toBeUndefined()
})

test('a source that goes away meanwhile is told as by a walk alone', async () => {
  using capturing = await filled(6)
  await using ahead = aheadOf(capturing, {
    threadCount: 0,
    onCompared: () => rmSync(capturing.at('ab'), { recursive: true, force: true }),
  })
  await capturing.capture({ excludes: rules.excludes, compareAhead: ahead })
  const { entry } = await capturing.capture({ excludes: rules.excludes })
  expect(await capturing.names(entry)).not.toContain('ab')
})
