import { mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeFolder } from './make-folder.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'make-folder-'))
})
afterAll(() => rmSync(folder, { recursive: true }))
const code = (expected: string): unknown => expect.objectContaining({ code: expected })

test('makes what is missing, for the owner alone, and leaves what is there', () => {
  const path = join(folder, 'a', 'b', 'c')
  expect(makeFolder(path)).toBe(true)
  expect(statSync(join(folder, 'a')).mode & 0o777).toBe(0o700)
  expect(makeFolder(path)).toBe(false)
  expect(makeFolder('/')).toBe(false)
})

test('says what is in the way', () => {
  writeFileSync(join(folder, 'file'), '')
  symlinkSync(join(folder, 'nowhere'), join(folder, 'dangling'))
  expect(() => makeFolder(join(folder, 'file'))).toThrow(code('EEXIST'))
  expect(() => makeFolder(join(folder, 'file', 'x'))).toThrow(code('ENOTDIR'))
  expect(() => makeFolder(join(folder, 'dangling'))).toThrow(code('EEXIST'))
})

test.skipIf(process.platform !== 'linux')('ends where a folder that is there answers ENOENT', () => {
  expect(() => makeFolder('/proc/no-such-folder')).toThrow(code('ENOENT'))
  expect(() => makeFolder('/proc/no-such-folder/below')).toThrow(code('ENOENT'))
})
