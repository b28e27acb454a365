import { describe, expect, test } from 'vitest'
import { type ComparedEntry, comparedStatus, isUnchanged } from './compare-entry.ts'
import type { FoundEntry } from './found-entry.ts'

/** Of the coarsest file system, FAT. */
const clockTickMs = 2000
const lastScanMs = 1_700_000_100_000
const found: FoundEntry = {
  type: 'file',
  sizeBytes: 10,
  mtime: { sec: 1_700_000_000, ns: 5 },
  ctime: { sec: 1_700_000_001, ns: 6 },
  birth: { sec: 1_600_000_000, ns: 0 },
  inode: 77n,
  device: 1,
  allocatedBytes: 4096,
  isNoDump: false,
  linkCount: 1,
  mode: 0o644,
  uid: 0,
  gid: 0,
  specialDevice: { major: 0, minor: 0 },
}
const previous: ComparedEntry = {
  type: 'file',
  sizeBytes: 10,
  mtimeSec: 1_700_000_000,
  mtimeNs: 5,
  ctimeSec: 1_700_000_001,
  ctimeNs: 6,
  inode: 77n,
  hasContent: true,
}

test('an entry with equal fields is unchanged, on whatever device and however it was born', () => {
  expect(isUnchanged(comparedStatus(found), previous, lastScanMs)).toBe(true)
  expect(
    isUnchanged(comparedStatus({ ...found, device: 9, birth: undefined, linkCount: 2 }), previous, lastScanMs),
  ).toBe(true)
})

describe('a difference is seen', () => {
  test.each<[string, Partial<FoundEntry>]>([
    ['type', { type: 'symlink' }],
    ['length', { sizeBytes: 11 }],
    ['inode', { inode: 78n }],
    ['seconds of mtime', { mtime: { sec: 1_700_000_001, ns: 5 } }],
    ['nanoseconds of mtime', { mtime: { sec: 1_700_000_000, ns: 6 } }],
    ['an older mtime', { mtime: { sec: 1_600_000_000, ns: 5 } }],
    ['seconds of ctime', { ctime: { sec: 1_700_000_002, ns: 6 } }],
    ['nanoseconds of ctime', { ctime: { sec: 1_700_000_001, ns: 7 } }],
  ])('%s', (_what, change) => {
    expect(isUnchanged(comparedStatus({ ...found, ...change }), previous, lastScanMs)).toBe(false)
  })
})

test('a file without content in the last point is read', () => {
  expect(isUnchanged(comparedStatus(found), { ...previous, hasContent: false }, lastScanMs)).toBe(false)
})

test('what is no file has neither length nor content to compare', () => {
  const link: ComparedEntry = { ...previous, type: 'symlink', sizeBytes: 0, hasContent: false }
  expect(isUnchanged(comparedStatus({ ...found, type: 'symlink', sizeBytes: 99 }), link, lastScanMs)).toBe(true)
})

test('a file rewritten within a tick under an old mtime is told by its young ctime', () => {
  const young = { sec: lastScanMs / 1000, ns: 0 }
  expect(
    isUnchanged(
      comparedStatus({ ...found, ctime: young }),
      { ...previous, ctimeSec: young.sec, ctimeNs: young.ns },
      lastScanMs,
    ),
  ).toBe(false)
})

test('a file changed within a clock tick before the last scan may have changed again unseen', () => {
  const ctimeMs = found.ctime.sec * 1000 + found.ctime.ns / 1e6
  const at = (scanMs: number) => isUnchanged(comparedStatus(found), previous, scanMs)
  expect(at(ctimeMs + clockTickMs + 1)).toBe(true)
  expect(at(ctimeMs + clockTickMs)).toBe(false)
  expect(at(ctimeMs)).toBe(false)
  expect(at(ctimeMs - 5000)).toBe(false)
  expect(at(0)).toBe(false)
})
