import { mkdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { describeChangeWatcherContract } from '../../test/contracts/change-watcher.contract.ts'
import { needsThat } from '../../test/support/needs.ts'
import { TestFolder } from '../../test/support/test-home.ts'
import { systemClock } from '../base/clock.ts'
import { watchByChokidar } from './chokidar-watcher.ts'
import { watchByFanotify } from './fanotify-watcher.ts'
import { TooManyFolders, watchFolders } from './folder-watcher.ts'
import { WatchedArea } from './watched-area.ts'

describe('with root', needsThat(process.geteuid?.() === 0, 'needs root'), () => {
  describeChangeWatcherContract('fanotify', async (deps) => watchByFanotify(deps))
})
describeChangeWatcherContract('folders', async (deps) => watchFolders(deps, 1000))
describeChangeWatcherContract('chokidar', watchByChokidar)

test('more folders than the budget are refused', () => {
  using folder = new TestFolder()
  for (let count = 0; count < 3; count++) mkdirSync(folder.at(`${count}`))
  const area = new WatchedArea({ folders: [Buffer.from(folder.path)], crossMounts: false, enters: () => true })
  const sink = { folder: () => {}, tree: () => {}, doubt: () => {} }
  expect(() => watchFolders({ area, sink, clock: systemClock }, 3)).toThrow(TooManyFolders)
})
