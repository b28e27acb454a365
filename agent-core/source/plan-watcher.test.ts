import { expect, test } from 'vitest'
import { planWatcher, type WatcherFacts } from './plan-watcher.ts'

const budget = { chokidarEntries: 5000, watchedFolders: 20_000 }

function kinds(facts: Partial<WatcherFacts>): readonly string[] {
  const usual = {
    platform: 'linux',
    isRoot: false,
    fileSystems: ['ext4'],
    hasTwins: false,
    entries: 100,
    budget,
  } as const
  return planWatcher({ ...usual, ...facts }).map(({ kind }) => kind)
}

test.each([
  ['a small item of a user', {}, ['chokidar', 'folders', 'none']],
  ['a large item of a user', { entries: undefined }, ['folders', 'none']],
  ['root', { isRoot: true, entries: undefined }, ['fanotify', 'folders', 'none']],
  ['root, a small item', { isRoot: true }, ['fanotify', 'chokidar', 'folders', 'none']],
  ['macOS, a small item', { platform: 'darwin' as const }, ['chokidar', 'none']],
  ['macOS, a large item', { platform: 'darwin' as const, entries: undefined }, ['none']],
  ['a network share', { fileSystems: ['ext4', 'nfs4'], isRoot: true }, ['none']],
  ['a file system that machines of a cluster share', { fileSystems: ['ocfs2'], isRoot: true }, ['none']],
  ['a file system mounted twice', { hasTwins: true, isRoot: true }, ['none']],
  ['a FUSE file system', { fileSystems: ['fuse.sshfs'] }, ['none']],
  ['no budget left', { budget: { chokidarEntries: 0, watchedFolders: 0 } }, ['none']],
])('%s', (_title, facts, expected) => {
  expect(kinds(facts)).toEqual(expected)
})

test('each choice says why', () => {
  const choices = planWatcher({
    platform: 'linux',
    isRoot: true,
    fileSystems: ['nfs'],
    hasTwins: false,
    entries: 1,
    budget,
  })
  expect(choices[0]?.reason).toContain('nfs')
})
