import { describe, expect, test } from 'vitest'
import { describeChangeWatcherContract } from '../../test/contracts/change-watcher.contract.ts'
import { watchByChokidar } from './chokidar-watcher.ts'
import { watchByFanotify } from './fanotify-watcher.ts'
import { watchFolders } from './folder-watcher.ts'

const isRoot = process.geteuid?.() === 0

if (isRoot) describeChangeWatcherContract('fanotify', async (deps) => watchByFanotify(deps))
describeChangeWatcherContract('folders', async (deps) => watchFolders(deps, 1000))
describeChangeWatcherContract('chokidar', watchByChokidar)

describe.runIf(!isRoot)('change watcher contract: fanotify', () => {
  test('needs root: the system tier runs it', () => {
    expect(isRoot).toBe(false)
  })
})
