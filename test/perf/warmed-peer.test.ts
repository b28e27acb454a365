import { expect, test } from 'vitest'
import type { Peer } from './peer.ts'
import { warmedPeer } from './warmed-peer.ts'

const plain: Peer = {
  name: 'peer',
  version: ['peer', 'version'],
  env: () => ({}),
  init: () => ['init'],
  backup: (_context, source, number) => ['backup', source, String(number)],
  list: () => ['list'],
  restore: (_context, source, target, number) => ['restore', source, target, String(number)],
  restored: (_source, target) => target,
  restoreOne: (_context, source, file, target, number) => ['one', source, file, target, String(number)],
  check: () => ['check'],
  prune: () => ['prune'],
}
const context = { corpus: 'small', repo: 'repo', state: 'state' }

test('a backup finds its corpus read, a restore the repository and the cache; the commands stay what they are', () => {
  const read: string[] = []
  const peer = warmedPeer(plain, (folder) => read.push(folder))
  expect(peer.backup(context, 'corpus', 1)).toEqual(['backup', 'corpus', '1'])
  expect(read.splice(0)).toEqual(['corpus'])
  expect(peer.restore(context, 'corpus', 'target', 2)).toEqual(['restore', 'corpus', 'target', '2'])
  expect(read.splice(0)).toEqual(['repo', 'state'])
  expect(peer.restoreOne(context, 'corpus', 'file', 'target', 2)).toEqual(['one', 'corpus', 'file', 'target', '2'])
  expect(read.splice(0)).toEqual(['repo', 'state'])
  peer.init(context)
  peer.check(context)
  expect(read).toEqual([])
})
