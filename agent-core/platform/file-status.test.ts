import { execFileSync } from 'node:child_process'
import { closeSync, linkSync, lstatSync, openSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { TestFolder } from '../../test/support/test-home.ts'
import { fileStatus, fileStatusIfAny } from './file-status.ts'
import { deviceNumbers, fileTimeFromNs, setTimes } from './posix.ts'

/** What Node's own call says, in the same shape. */
function asNodeTells(path: string) {
  const stats = lstatSync(path, { bigint: true })
  return {
    mode: Number(stats.mode),
    linkCount: Number(stats.nlink),
    uid: Number(stats.uid),
    gid: Number(stats.gid),
    inode: stats.ino,
    sizeBytes: Number(stats.size),
    allocatedBytes: Number(stats.blocks) * 512,
    mtime: fileTimeFromNs(stats.mtimeNs),
    ctime: fileTimeFromNs(stats.ctimeNs),
    specialDevice: deviceNumbers(stats.rdev),
  }
}

test('tells what lstat tells, of files, links and devices, by path and by descriptor', () => {
  using folder = new TestFolder()
  writeFileSync(folder.at('file'), 'some bytes', { mode: 0o640 })
  linkSync(folder.at('file'), folder.at('second name'))
  setTimes(folder.at('file'), { sec: 0, ns: 0 }, { sec: -7, ns: 123_456_789 })
  symlinkSync('nowhere', folder.at('link'))
  for (const path of [folder.at('file'), folder.at('link'), folder.at('.'), '/dev/null']) {
    expect(fileStatus(path), path).toMatchObject(asNodeTells(path))
  }
  const fd = openSync(folder.at('file'), 'r')
  expect(fileStatus(fd)).toEqual(fileStatus(folder.at('file')))
  closeSync(fd)
})

test('lengths beyond 32 bits and holes are told exactly', () => {
  using folder = new TestFolder()
  writeFileSync(folder.at('sparse'), '')
  truncateSync(folder.at('sparse'), 5 * 1024 ** 4 + 3)
  expect(fileStatus(folder.at('sparse'))).toMatchObject({ sizeBytes: 5 * 1024 ** 4 + 3, allocatedBytes: 0 })
})

test('equal file systems have equal device numbers, others do not', () => {
  using folder = new TestFolder()
  expect(fileStatus(folder.at('.')).device).toBe(fileStatus(folder.at('..')).device)
  expect(fileStatus('/proc').device).not.toBe(fileStatus(folder.at('.')).device)
})

test('the nodump flag is told where the file system tells it', () => {
  using folder = new TestFolder()
  writeFileSync(folder.at('file'), '')
  const before = fileStatus(folder.at('file')).isNoDump
  try {
    execFileSync('chattr', ['+d', folder.at('file')], { stdio: 'ignore' })
  } catch {
    expect(before === undefined || !before).toBe(true)
    return
  }
  expect(fileStatus(folder.at('file')).isNoDump ?? true).toBe(true)
})

test('what is not there is undefined, or an error like one of Node', () => {
  using folder = new TestFolder()
  expect(fileStatusIfAny(folder.at('absent'))).toBeUndefined()
  expect(fileStatusIfAny(folder.at('absent', 'too'))).toBeUndefined()
  expect(() => fileStatus(folder.at('absent'))).toThrow(expect.objectContaining({ code: 'ENOENT', syscall: 'statx' }))
})
