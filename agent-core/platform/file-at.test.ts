import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { DirectoryHandle } from './directory-handle.ts'
import {
  changeMode,
  changeOwner,
  closeFile,
  createFileAt,
  readAt,
  renameNoReplaceAt,
  unlinkAt,
  writeAt,
} from './file-at.ts'

let path: string
let folder: DirectoryHandle

beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'file-at-'))
  folder = DirectoryHandle.open(Buffer.from(path))
})

afterEach(() => {
  folder.close()
  rmSync(path, { recursive: true })
})

const name = Buffer.from([0x66, 0xff])
const made = (): Buffer[] => readdirSync(path, { encoding: 'buffer' })

test('a file is made, written, read back, renamed and removed', () => {
  const fd = createFileAt(folder.fd, name, 0o600)
  writeAt(fd, Buffer.from('hello world'), 0)
  writeAt(fd, Buffer.from('W'), 6)
  const bytes = Buffer.alloc(20)
  expect(readAt(fd, bytes, 0)).toBe(11)
  expect(bytes.toString('utf8', 0, 11)).toBe('hello World')
  expect(readAt(fd, bytes, 11)).toBe(0)
  changeMode(fd, 0o4711)
  changeOwner(fd, process.getuid?.() ?? 0, -1)
  changeMode(fd, 0o640)
  closeFile(fd)
  mkdirSync(join(path, 'sub'))
  using sub = folder.openChild(Buffer.from('sub'))
  renameNoReplaceAt(folder.fd, name, sub.fd, Buffer.from('final'))
  expect(readFileSync(join(path, 'sub', 'final'), 'utf8')).toBe('hello World')
  expect(statSync(join(path, 'sub', 'final')).mode & 0o7777).toBe(0o640)
  unlinkAt(sub.fd, Buffer.from('final'))
  expect(readdirSync(join(path, 'sub'))).toEqual([])
})

test('a name that is taken is neither opened nor replaced, a link not followed', () => {
  writeFileSync(join(path, 'taken'), 'mine')
  symlinkSync('taken', join(path, 'link'))
  expect(() => createFileAt(folder.fd, Buffer.from('taken'), 0o600)).toThrow(/^EEXIST/)
  expect(() => createFileAt(folder.fd, Buffer.from('link'), 0o600)).toThrow(/^EEXIST/)
  closeFile(createFileAt(folder.fd, name, 0o600))
  const rename = (): void => renameNoReplaceAt(folder.fd, name, folder.fd, Buffer.from('link'))
  expect(rename).toThrow(expect.objectContaining({ code: 'EEXIST', syscall: 'renameat2' }))
  expect(readFileSync(join(path, 'taken'), 'utf8')).toBe('mine')
  expect(made()).toHaveLength(3)
})

test.each(['', 'a/b', 'a\0b'])('%j is no name', (wrong) => {
  expect(() => createFileAt(folder.fd, Buffer.from(wrong), 0o600)).toThrow(TypeError)
  expect(made()).toEqual([])
})

test("errors are the system's", () => {
  expect(() => writeAt(-1, Buffer.of(1), 0)).toThrow(/^EBADF/)
  expect(() => readAt(-1, Buffer.alloc(1), 0)).toThrow(/^EBADF/)
  expect(() => unlinkAt(folder.fd, Buffer.from('absent'))).toThrow(/^ENOENT/)
  expect(() => createFileAt(folder.fd, Buffer.alloc(300, 'x'), 0o600)).toThrow(/^ENAMETOOLONG/)
})
