import { mkdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { TestFolder } from '../../test/support/test-home.ts'
import { systemClock } from '../base/clock.ts'
import { decodeCbor } from '../format/cbor.ts'
import { decodeEntry, type Entry } from '../format/tree.ts'
import type { FoundEntry } from '../source/found-entry.ts'
import { lookAt } from '../source/list-directory.ts'
import { CaptureCounts } from './capture-counts.ts'
import { EntryCapturer } from './entry-capturer.ts'

const nothingToTell = () => {
  throw new Error('nothing is to be reported')
}
const report = {
  seen: nothingToTell,
  seenUnchanged: nothingToTell,
  vanished: nothingToTell,
  changing: nothingToTell,
  unreadable: nothingToTell,
  metadataUnreadable: nothingToTell,
}

test.each<[string, Partial<Entry>, number]>([
  ['as it was before is not read again', {}, 0o600],
  ['that was a file made in the same tick', { type: 'file' }, 0o750],
  ['in whose place another stood that was made in the same tick', { inode: 1n }, 0o750],
  ['that was changed since', { ctime: { sec: 1, ns: 0 } }, 0o750],
])('the attributes of a directory %s', (_which, was, mode) => {
  using folder = new TestFolder()
  const path = Buffer.from(folder.at('here'))
  mkdirSync(path)
  const found = { ...(lookAt(path) as FoundEntry), mode: 0o750 }
  const before: Entry = {
    name: Buffer.from('here'),
    type: 'directory',
    mtime: found.mtime,
    ctime: found.ctime,
    inode: found.inode,
    posix: { mode: 0o600, uid: 0, gid: 0, xattrs: [] },
    ...was,
  }
  const capturer = new EntryCapturer(systemClock.nowMs() + 60_000, report, new CaptureCounts())
  const place = { name: before.name, path, fullPath: path, found, volume: 0 }
  const slot = capturer.directory(place, { entriesBelow: 0, bytesBelow: 0 }, { before: undefined, reuse: before })
  expect(decodeEntry(decodeCbor(slot.now?.encoded as Uint8Array, 'entry'), 'entry').posix.mode).toBe(mode)
})
