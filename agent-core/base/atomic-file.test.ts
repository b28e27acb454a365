import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { writeFileAtomic } from './atomic-file.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'atomic-file-test-'))
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

test('a file is made and replaced with its exact mode, and nothing else is left', async () => {
  const path = join(folder, 'file')
  await writeFileAtomic(path, Buffer.from([1, 2, 3]))
  expect(readFileSync(path)).toEqual(Buffer.from([1, 2, 3]))
  expect(lstatSync(path).mode & 0o7777).toBe(0o600)
  await writeFileAtomic(path, 'text', 0o666)
  expect(readFileSync(path, 'utf8')).toBe('text')
  expect(lstatSync(path).mode & 0o7777).toBe(0o666)
  expect(readdirSync(folder)).toEqual(['file'])
})

test('a failure leaves what was there and no temporary file', async () => {
  mkdirSync(join(folder, 'taken'))
  await expect(writeFileAtomic(join(folder, 'taken'), 'x')).rejects.toThrow(/EISDIR|EEXIST|ENOTEMPTY/)
  expect(readdirSync(folder)).toEqual(['taken'])
  await expect(writeFileAtomic(join(folder, 'missing', 'file'), 'x')).rejects.toThrow('ENOENT')
})

test('a symbolic link is replaced, not followed', async () => {
  const target = join(folder, 'target')
  const link = join(folder, 'link')
  writeFileSync(target, 'old')
  symlinkSync(target, link)
  await writeFileAtomic(link, 'new')
  expect(lstatSync(link).isFile()).toBe(true)
  expect(readFileSync(target, 'utf8')).toBe('old')
})

test('a folder that may not be read is reported', async (ctx) => {
  if (process.getuid?.() === 0) ctx.skip('root may read every folder')
  chmodSync(folder, 0o000)
  await expect(writeFileAtomic(join(folder, 'file'), 'x')).rejects.toThrow('EACCES')
  chmodSync(folder, 0o700)
})
