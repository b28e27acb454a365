/** The thread of look-ahead.ts: walks a folder depth first by the bytes of names, and stays only so far ahead. */
import { closeSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import { asBuffer } from '../base/bytes.ts'
import type { WorkerFlags } from '../base/worker-thread.ts'
import { fileStatus, readStatusRecords, StatusRecords } from '../platform/file-status.ts'
import { isDirectoryMode } from '../source/found-entry.ts'
import { joinPath, listDirectory, openDirectory } from '../source/list-directory.ts'
import { AheadBatch } from './ahead-batch.ts'
import { compareInWalk, type FromLookAhead, type LookAheadStart, type ToLookAhead } from './look-ahead.ts'
import { sourceRules } from './look-at-folders.ts'

/** What is listed and not taken is held in memory: 200 bytes an entry. */
const maxEntriesAhead = 16_384
/** A longer directory is left to the walk, with all that is below. */
const maxNames = 4096
/** Longer paths are opened in stretches, which is left to the walk. */
const maxPathSizeBytes = 3800

if (parentPort === null) throw new Error('the look-ahead runs in a worker thread')
const port = parentPort
const { excludes, defaultExcludes, barriers, crossMounts, taken, stop } = workerData as LookAheadStart & WorkerFlags
const rules = sourceRules({ excludes, defaultExcludes }, barriers.map(asBuffer))
let entriesListed = 0

class GivenUp extends Error {}

interface Directory {
  readonly path: Buffer
  /** Path below the protected folder. */
  readonly relative: string
}

port.on('message', (message: ToLookAhead) => {
  try {
    if (message.type === 'stop') throw new GivenUp()
    const batch = new AheadBatch(message.walk, (listed, transfer) => port.postMessage(listed, transfer))
    walk({ path: asBuffer(message.path), relative: '' }, message.from, batch)
    batch.end()
  } catch (error) {
    if (!(error instanceof GivenUp)) throw error
    port.close()
  }
})

function walk(directory: Directory, from: string, batch: AheadBatch): void {
  for (const below of list(directory, batch)) {
    const path = below.path.toString('latin1')
    const isPassed = compareInWalk(path, from) < 0 && !from.startsWith(`${path}/`)
    if (!isPassed) walk(below, from, batch)
  }
}

/** Puts the directory into the batch; returns the directories in it that a walk enters. */
function list({ path, relative }: Directory, batch: AheadBatch): Directory[] {
  stayNear()
  let fd: number | undefined
  try {
    fd = openDirectory(path)
    const { inode, device, isNoDump } = fileStatus(fd)
    const names = listDirectory(path)
    const isOut = rules.judgeContent({ path, openPath: path, relative, names, isNoDump }) !== 'in'
    if (names.length > maxNames) throw new TooLong()
    const records = readStatusRecords(fd, names)
    entriesListed += names.length
    batch.add({ path, names, records, inode, device })
    return isOut ? [] : directoriesIn({ path, relative }, names, new StatusRecords(records), device)
  } catch (error) {
    if (!(error instanceof TooLong) && (error as NodeJS.ErrnoException).code === undefined) throw error
    batch.addUnlisted(path)
    return []
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}

class TooLong extends Error {}

function directoriesIn(
  folder: Directory,
  names: readonly string[],
  records: StatusRecords,
  device: number,
): Directory[] {
  const directories: Directory[] = []
  for (const [index, text] of names.entries()) {
    if (!isDirectoryMode(records.mode(index))) continue
    if (records.device(index) !== device && !crossMounts) continue
    const name = Buffer.from(text, 'latin1')
    const path = joinPath(folder.path, name)
    const relative = folder.relative === '' ? name.toString() : `${folder.relative}/${name.toString()}`
    if (path.length > maxPathSizeBytes || rules.judge(path, relative, true) !== 'in') continue
    directories.push({ path, relative })
  }
  return directories
}

/** Waits while the walk is too far behind. */
function stayNear(): void {
  for (;;) {
    if (Atomics.load(stop, 0) !== 0) throw new GivenUp()
    const takenNow = Atomics.load(taken, 0)
    if (entriesListed - takenNow < maxEntriesAhead) return
    Atomics.wait(taken, 0, takenNow, 100)
  }
}

port.postMessage({ type: 'ready' } satisfies FromLookAhead)
