/** The walk over a tree in which nothing has changed: list, look, compare; nothing is opened. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { type ComparedEntry, comparedStatus, isUnchanged } from '../../../agent-core/source/compare-entry.ts'
import type { FoundEntry } from '../../../agent-core/source/found-entry.ts'
import { joinPath, listDirectory, lookAt } from '../../../agent-core/source/list-directory.ts'
import { TestFolder } from '../../support/test-home.ts'
import type { Timed } from './run-measures.ts'
import { seededData } from './seeded-data.ts'

const fileCount = 20_000
const filesPerFolder = 100
const contentSizeBytes = 512
/** A scan so late that every time of the tree lies long before it. */
const laterScanMs = Number.MAX_SAFE_INTEGER

export function* scanBench(): Generator<Timed, void, undefined> {
  using folder = new TestFolder()
  makeTree(folder)
  const root = Buffer.from(folder.path)
  const amount = { operations: fileCount }
  yield { name: 'listDirectory, an entry', amount, work: () => walk(root, () => {}) }
  yield { name: 'listDirectory, lookAt, an entry', amount, work: () => walk(root, (path) => void lookAt(path)) }
  const previous = new Map<string, ComparedEntry>()
  walk(root, (path) => {
    const found = lookAt(path)
    if (found !== undefined) previous.set(path.toString('latin1'), comparedEntry(found))
  })
  yield { name: 'listDirectory, lookAt, isUnchanged, an entry', amount, work: () => compareAll(root, previous) }
}

function compareAll(root: Buffer, previous: ReadonlyMap<string, ComparedEntry>): void {
  let unchanged = 0
  walk(root, (path) => {
    const found = lookAt(path)
    const before = previous.get(path.toString('latin1'))
    if (found === undefined || before === undefined) return
    if (isUnchanged(comparedStatus(found), before, laterScanMs)) unchanged++
  })
  if (unchanged !== fileCount) throw new Error(`${unchanged} of ${fileCount} files are unchanged`)
}

/** Calls `visit` with the path of every file, folder by folder. */
function walk(root: Buffer, visit: (path: Buffer) => void): void {
  for (const folder of listDirectory(root)) {
    const path = joinPath(root, Buffer.from(folder, 'latin1'))
    for (const name of listDirectory(path)) visit(joinPath(path, Buffer.from(name, 'latin1')))
  }
}

function comparedEntry({ type, inode, sizeBytes, mtime, ctime }: FoundEntry): ComparedEntry {
  return {
    type,
    inode,
    sizeBytes,
    mtimeSec: mtime.sec,
    mtimeNs: mtime.ns,
    ctimeSec: ctime.sec,
    ctimeNs: ctime.ns,
    hasContent: true,
  }
}

function makeTree(folder: TestFolder): void {
  const content = seededData('text', contentSizeBytes, 1)
  for (let number = 0; number < fileCount; number++) {
    const parent = `folder ${Math.floor(number / filesPerFolder)}`
    if (number % filesPerFolder === 0) mkdirSync(folder.at(parent))
    writeFileSync(folder.at(parent, `file ${number}.txt`), content)
  }
}
