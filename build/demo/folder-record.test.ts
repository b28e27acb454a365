import {
  chmodSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { bytesOfChangedFiles, compareRecords, recordFolder, totalBytes } from './folder-record.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tharsis-record-'))
  mkdirSync(join(folder, 'sub'))
  writeFileSync(join(folder, 'a'), 'first')
  writeFileSync(join(folder, 'sub', 'b'), 'second file')
  linkSync(join(folder, 'a'), join(folder, 'z'))
  symlinkSync('a', join(folder, 'link'))
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

test('an untouched folder has no differences', async () => {
  expect(compareRecords(await recordFolder(folder), await recordFolder(folder))).toEqual([])
})

/** Keeps the time of the folder, so that only the difference itself is reported. */
function quietly(path: string, change: () => void): void {
  const { atime, mtime } = statSync(path)
  utimesSync(path, atime, mtime)
  change()
  utimesSync(path, atime, mtime)
}

test.each([
  ['one flipped byte, the time kept', () => flipByte('sub/b'), ['sub/b: other content']],
  ['permissions', () => chmodSync(join(folder, 'sub/b'), 0o600), ['sub/b: other permissions']],
  ['time of a folder', () => utimesSync(join(folder, 'sub'), 1, 1), ['sub: another time of change']],
  ['time of a link', () => lutimesSync(join(folder, 'link'), 1, 1), ['link: another time of change']],
  ['a missing file', () => quietly(join(folder, 'sub'), () => unlinkSync(join(folder, 'sub/b'))), ['sub/b: missing']],
  [
    'a new file',
    () => quietly(join(folder, 'sub'), () => writeFileSync(join(folder, 'sub/new'), '')),
    ['sub/new: not expected'],
  ],
])('%s is found', async (_name, change, expected) => {
  for (const path of ['sub/b', 'sub', '.']) roundTime(join(folder, path))
  chmodSync(join(folder, 'sub/b'), 0o644)
  const before = await recordFolder(folder)
  change()
  expect(compareRecords(before, await recordFolder(folder))).toEqual(expected)
})

/** To a time that a number of seconds holds exactly. */
function roundTime(path: string): void {
  utimesSync(path, 1_700_000_000, 1_700_000_000)
}

function flipByte(name: string): void {
  const path = join(folder, name)
  const { atime, mtime } = statSync(path)
  const bytes = readFileSync(path)
  bytes.writeUInt8(bytes.readUInt8(0) ^ 1)
  writeFileSync(path, bytes)
  utimesSync(path, atime, mtime)
}

test('a hard link that became a file of its own is found', async () => {
  const before = await recordFolder(folder)
  const { atime, mtime } = statSync(join(folder, 'z'))
  unlinkSync(join(folder, 'z'))
  writeFileSync(join(folder, 'z'), 'first')
  utimesSync(join(folder, 'z'), atime, mtime)
  expect(compareRecords(before, await recordFolder(folder)).join()).toMatch(/z: .*other hard links/)
})

test('sums count a file with several names once, and a differential the whole changed file', async () => {
  const before = await recordFolder(folder)
  expect(totalBytes(before)).toBe('first'.length + 'second file'.length)
  writeFileSync(join(folder, 'sub', 'b'), 'second file, longer')
  expect(bytesOfChangedFiles(before, await recordFolder(folder))).toBe('second file, longer'.length)
})
