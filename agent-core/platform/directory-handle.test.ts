import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { DirectoryHandle, thisFolder } from './directory-handle.ts'
import { renameByLink } from './rename-no-replace.ts'

let root: string
let folder: string
let handle: DirectoryHandle
const name = (text: string) => Buffer.from(text, 'latin1')

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'directory-handle-test-'))
  folder = join(root, 'folder')
  mkdirSync(folder)
  handle = DirectoryHandle.open(Buffer.from(folder))
})

afterEach(() => {
  handle.close()
  rmSync(root, { recursive: true, force: true })
})

function createFile(parent: DirectoryHandle, entry: Buffer, content: string): void {
  const fd = parent.createFile(entry, 0o600)
  try {
    writeSync(fd, content)
  } finally {
    closeSync(fd)
  }
}

test('entries are made, seen, renamed and removed by raw names', () => {
  const raw = name('\xff\xfe name')
  createFile(handle, raw, 'one')
  handle.link(handle, raw, name('second'))
  handle.symlink(name('\xff/target'), name('link'))
  handle.makeNode(name('fifo'), constants.S_IFIFO | 0o600)
  handle.makeChild(name('child'), 0o700).close()
  expect(
    handle
      .list()
      .map((entry) => entry.toString('latin1'))
      .sort(),
  ).toEqual(['child', 'fifo', 'link', 'second', raw.toString('latin1')].sort())
  expect(handle.lstat(raw)?.nlink).toBe(2n)
  expect(handle.lstat(name('missing'))).toBeUndefined()
  expect(handle.readLink(name('link'))).toEqual(name('\xff/target'))
  expect(() => handle.createFile(raw, 0o600)).toThrow('EEXIST')
  handle.rename(raw, name('renamed'))
  expect(readFileSync(join(folder, 'renamed'), 'utf8')).toBe('one')
  handle.sync()
  for (const entry of ['renamed', 'second', 'link', 'fifo']) handle.unlink(name(entry))
  handle.rmdir(name('child'))
  expect(handle.list()).toEqual([])
})

test('attributes are set on entries and on the folder itself', () => {
  createFile(handle, name('file'), '')
  chmodSync(join(folder, 'file'), 0)
  handle.setMode(name('file'), 0o4640)
  const { uid, gid } = statSync(folder)
  handle.setOwner(name('file'), uid, gid)
  handle.setMode(name('file'), 0o4640)
  handle.setTimes(name('file'), { sec: 1, ns: 2 }, { sec: -3, ns: 4 })
  const stats = lstatSync(join(folder, 'file'), { bigint: true })
  expect(stats.mode & 0o7777n).toBe(0o4640n)
  expect(stats.mtimeNs).toBe(-2_999_999_996n)
  handle.setTimes(thisFolder, { sec: 10, ns: 0 }, { sec: 20, ns: 0 })
  handle.setMode(thisFolder, 0o710)
  expect(lstatSync(folder).mode & 0o7777).toBe(0o710)
  expect(lstatSync(folder).mtimeMs).toBe(20_000)
  expect(handle.lstat(thisFolder)?.ino).toBe(lstatSync(folder, { bigint: true }).ino)
})

test.each(['', '.', '..', 'a/b', '/', '/etc/passwd', '../x', 'a\0b'])(
  'the name %j is refused by every operation',
  (bad) => {
    const operations: ReadonlyArray<(entry: Buffer) => unknown> = [
      (entry) => handle.openChild(entry),
      (entry) => handle.makeChild(entry, 0o700),
      (entry) => handle.createFile(entry, 0o600),
      (entry) => handle.lstat(entry),
      (entry) => handle.rename(name('x'), entry),
      (entry) => handle.rename(entry, name('x')),
      (entry) => handle.renameNoReplace(name('x'), entry),
      (entry) => handle.unlink(entry),
      (entry) => handle.rmdir(entry),
      (entry) => handle.symlink(name('x'), entry),
      (entry) => handle.link(handle, entry, name('x')),
      (entry) => handle.setOwner(entry, 0, 0),
      (entry) => handle.setMode(entry, 0o600),
      (entry) => handle.setTimes(entry, { sec: 0, ns: 0 }, { sec: 0, ns: 0 }),
      (entry) => handle.setXattr(entry, 'user.x', Buffer.alloc(0)),
      (entry) => handle.makeNode(entry, constants.S_IFIFO),
    ]
    for (const operation of operations) expect(() => operation(name(bad))).toThrow(TypeError)
  },
)

describe('a hostile symbolic link', () => {
  let outside: string

  beforeEach(() => {
    outside = join(root, 'outside')
    mkdirSync(outside)
    writeFileSync(join(outside, 'secret'), 'secret', { mode: 0o600 })
  })

  test('swapped in for a folder is not entered', () => {
    handle.makeChild(name('child'), 0o700).close()
    renameSync(join(folder, 'child'), join(folder, 'away'))
    symlinkSync(outside, join(folder, 'child'))
    expect(() => handle.openChild(name('child'))).toThrow('ENOTDIR')
    expect(() => handle.makeChild(name('child'), 0o700)).toThrow('EEXIST')
  })

  test('swapped in for a folder that is held does not lead elsewhere', () => {
    using child = handle.makeChild(name('child'), 0o700)
    renameSync(join(folder, 'child'), join(folder, 'away'))
    symlinkSync(outside, join(folder, 'child'))
    createFile(child, name('file'), 'mine')
    child.setTimes(thisFolder, { sec: 1, ns: 0 }, { sec: 1, ns: 0 })
    expect(readFileSync(join(folder, 'away', 'file'), 'utf8')).toBe('mine')
    expect(readdirSync(outside)).toEqual(['secret'])
    expect(lstatSync(outside).mtimeMs).not.toBe(1000)
  })

  test('swapped in for the handle’s own folder does not lead elsewhere', () => {
    renameSync(folder, join(root, 'away'))
    symlinkSync(outside, folder)
    createFile(handle, name('file'), 'mine')
    expect(readFileSync(join(root, 'away', 'file'), 'utf8')).toBe('mine')
    expect(existsSync(join(outside, 'file'))).toBe(false)
  })

  test('swapped in for a file is never passed', () => {
    const secret = join(outside, 'secret')
    const before = statSync(secret, { bigint: true })
    symlinkSync(secret, join(folder, 'file'))
    symlinkSync(join(outside, 'new'), join(folder, 'dangling'))
    expect(() => handle.createFile(name('file'), 0o600)).toThrow('EEXIST')
    expect(() => handle.createFile(name('dangling'), 0o600)).toThrow('EEXIST')
    expect(() => handle.openForReading(name('file'))).toThrow('ELOOP')
    expect(() => handle.setMode(name('file'), 0o777)).toThrow(expect.objectContaining({ code: 'ELOOP' }))
    expect(() => handle.setXattr(name('file'), 'user.x', Buffer.from('x'))).toThrow(/EPERM|ENOTSUP/)
    const { uid, gid } = lstatSync(folder)
    handle.setOwner(name('file'), uid, gid)
    handle.setTimes(name('file'), { sec: 1, ns: 0 }, { sec: 1, ns: 0 })
    expect(handle.lstat(name('file'))?.isSymbolicLink()).toBe(true)
    expect(handle.listXattrs(name('file'))).not.toContain('user.x')
    handle.link(handle, name('file'), name('linked'))
    expect(handle.lstat(name('linked'))?.isSymbolicLink()).toBe(true)
    expect(() => handle.makeNode(name('dangling'), constants.S_IFIFO)).toThrow('EEXIST')
    const after = statSync(secret, { bigint: true })
    expect([after.mode, after.mtimeNs, after.ctimeNs, after.nlink]).toEqual([
      before.mode,
      before.mtimeNs,
      before.ctimeNs,
      before.nlink,
    ])
    handle.unlink(name('file'))
    expect(readdirSync(outside)).toEqual(['secret'])
  })

  test('is itself replaced by a rename', () => {
    symlinkSync(join(outside, 'secret'), join(folder, 'file'))
    createFile(handle, name('temporary'), 'restored')
    handle.rename(name('temporary'), name('file'))
    expect(handle.lstat(name('file'))?.isFile()).toBe(true)
    expect(readFileSync(join(outside, 'secret'), 'utf8')).toBe('secret')
  })
})

const ways = [
  ['renameat2', (from: string, to: string) => handle.renameNoReplace(name(from), name(to))],
  ['link', (from: string, to: string) => renameByLink(handle.pathOf(name(from)), handle.pathOf(name(to)))],
] as const

describe.each(ways)('renaming without replacing, by %s', (_, rename) => {
  test('moves files, links and folders', () => {
    createFile(handle, name('file'), 'x')
    handle.symlink(name('nowhere'), name('link'))
    handle.makeChild(name('child'), 0o700).close()
    for (const entry of ['file', 'link', 'child']) rename(entry, `${entry}2`)
    expect(readdirSync(folder).sort()).toEqual(['child2', 'file2', 'link2'])
    expect(readlinkSync(join(folder, 'link2'))).toBe('nowhere')
  })

  test('refuses a name that is taken, even by a dangling link or an empty folder', () => {
    createFile(handle, name('file'), 'x')
    handle.makeChild(name('child'), 0o700).close()
    handle.makeChild(name('empty'), 0o700).close()
    createFile(handle, name('taken'), 'y')
    handle.symlink(name('nowhere'), name('dangling'))
    for (const to of ['taken', 'dangling', 'empty']) expect(() => rename('file', to)).toThrow('EEXIST')
    for (const to of ['taken', 'dangling', 'empty']) expect(() => rename('child', to)).toThrow('EEXIST')
    expect(readFileSync(join(folder, 'taken'), 'utf8')).toBe('y')
    expect(() => rename('missing', 'new')).toThrow('ENOENT')
  })
})

test('a closed handle is not used', () => {
  handle.close()
  handle.close()
  expect(() => handle.list()).toThrow('closed')
})
