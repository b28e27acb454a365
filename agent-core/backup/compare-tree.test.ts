import { linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { Capturing, laterMs } from '../../test/support/capturing.ts'
import { toHex } from '../base/bytes.ts'
import type { FoundEntry } from '../source/found-entry.ts'
import { lookAt } from '../source/list-directory.ts'
import { type Subtree, TreeComparison, type TreeComparisonOptions } from './compare-tree.ts'
import { sourceRules } from './look-at-folders.ts'

function comparisonOf(capturing: Capturing, changed: Partial<TreeComparisonOptions> = {}): TreeComparison {
  return new TreeComparison({
    rules: sourceRules({ excludes: [], defaultExcludes: false }, []),
    crossMounts: false,
    lastScanStartedMs: laterMs,
    scanStartedMs: laterMs,
    findPage: (id) => capturing.pages.get(toHex(id)),
    checkpoint: () => undefined,
    ...changed,
  })
}

function rootOf(capturing: Capturing): Subtree {
  const { inode } = lookAt(Buffer.from(capturing.source)) as FoundEntry
  return { path: capturing.source, relative: '', inode, list: capturing.last?.entry.directory?.list }
}

async function filled(): Promise<Capturing> {
  const capturing = new Capturing()
  mkdirSync(capturing.at('one', 'two'), { recursive: true })
  writeFileSync(capturing.at('one', 'file'), '12345')
  writeFileSync(capturing.at('one', 'two', 'deep'), '123')
  symlinkSync('nowhere', capturing.at('link'))
  await capturing.capture()
  return capturing
}

const all = { files: 2, directories: 2, others: 1, bytes: 8 }

test('what is as it was is counted, and no folder is dirty', async () => {
  using capturing = await filled()
  const compared = comparisonOf(capturing).compare(rootOf(capturing))
  expect(compared).toMatchObject({ dirty: [], unsettled: [], before: all, unchanged: all, excluded: 0 })
})

test('a folder is dirty by its own entries, not by those below', async () => {
  using capturing = await filled()
  writeFileSync(capturing.at('one', 'two', 'deep'), '1234')
  const compared = comparisonOf(capturing).compare(rootOf(capturing))
  const unchanged = { files: 1, directories: 2, others: 1, bytes: 5 }
  expect(compared).toMatchObject({ dirty: [capturing.at('one', 'two')], before: all, unchanged })
})

test('a new folder makes the one dirty that it is in, and is not entered', async () => {
  using capturing = await filled()
  mkdirSync(capturing.at('one', 'two', 'new', 'newer'), { recursive: true })
  const compared = comparisonOf(capturing).compare(rootOf(capturing))
  // The folder's own times have changed, too: it is another entry of the one above.
  expect(compared?.dirty).toEqual([capturing.at('one'), capturing.at('one', 'two')])
})

test('what stays out leaves its folder clean, and is counted', async () => {
  using capturing = await filled()
  const rules = sourceRules({ excludes: ['*.tmp'], defaultExcludes: false }, [])
  for (const name of ['1.tmp', '2.tmp']) writeFileSync(capturing.at('one', name), '')
  await capturing.capture({ excludes: ['*.tmp'] })
  expect(comparisonOf(capturing, { rules }).compare(rootOf(capturing))).toMatchObject({ dirty: [], excluded: 2 })
  expect(comparisonOf(capturing).compare(rootOf(capturing))?.dirty).toEqual([capturing.at('one')])
})

test('folders with entries that changed just now, or have other names, are told', async () => {
  using capturing = await filled()
  linkSync(capturing.at('one', 'two', 'deep'), capturing.at('one', 'two', 'other'))
  await capturing.capture()
  const compared = comparisonOf(capturing).compare(rootOf(capturing))
  expect(compared).toMatchObject({ dirty: [], unsettled: [capturing.at('one', 'two')] })
  const justNow = comparisonOf(capturing, { scanStartedMs: 0 }).compare(rootOf(capturing))
  expect(justNow?.unsettled.toSorted()).toEqual([[], ['one'], ['one', 'two']].map((names) => capturing.at(...names)))
})

test('a directory that is another one now is dirty, and what the last point has below is counted', async () => {
  using capturing = await filled()
  const root = rootOf(capturing)
  const compared = comparisonOf(capturing).compare({ ...root, inode: root.inode + 1n })
  const nothing = { files: 0, directories: 0, others: 0, bytes: 0 }
  expect(compared).toMatchObject({ inode: 0n, dirty: [capturing.source], before: all, unchanged: nothing })
})

test('without a page nothing can be told', async () => {
  using capturing = await filled()
  expect(comparisonOf(capturing, { findPage: () => undefined }).compare(rootOf(capturing))).toBeUndefined()
})

test('what the checkpoint throws ends it', async () => {
  using capturing = await filled()
  const stopped = new Error('stopped')
  const checkpoint = () => {
    throw stopped
  }
  expect(() => comparisonOf(capturing, { checkpoint }).compare(rootOf(capturing))).toThrow(stopped)
})
