import { closeSync, lstatSync, mkdirSync, mkdtempSync, openSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { anchoredPath } from './anchored-path.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'anchored-path-test-'))
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** Makes `count` nested folders with names of 200 raw bytes; returns the innermost path. */
function makeDeepFolder(count: number): Buffer {
  const name = Buffer.concat([Buffer.from('/'), Buffer.from([0xff, 0xfe]), Buffer.alloc(198, 'd')])
  let path = Buffer.from(folder)
  for (let depth = 0; depth < count; depth++) {
    path = Buffer.concat([path, name])
    using anchored = anchoredPath(path)
    mkdirSync(anchored.path)
  }
  return path
}

const openDescriptors = () => readdirSync('/proc/self/fd').length

test('a short path comes back itself', () => {
  const path = Buffer.from('/a/b')
  using anchored = anchoredPath(path)
  expect(anchored.path).toBe(path)
})

test('files far below the longest path of the system are reached, and nothing stays open', () => {
  const before = openDescriptors()
  const deep = makeDeepFolder(60)
  const file = Buffer.concat([deep, Buffer.from('//file')])
  expect(() => writeFileSync(file, 'x')).toThrow('ENAMETOOLONG')
  {
    using anchored = anchoredPath(file)
    expect(anchored.path.length).toBeLessThan(4096)
    writeFileSync(anchored.path, 'deep')
    expect(lstatSync(anchored.path).size).toBe(4)
    closeSync(openSync(anchored.path, 'r'))
  }
  {
    using anchored = anchoredPath(deep)
    expect(readdirSync(anchored.path)).toEqual(['file'])
  }
  expect(openDescriptors()).toBe(before)
})

test('a folder that is missing on the way is reported and nothing stays open', () => {
  const before = openDescriptors()
  const deep = makeDeepFolder(20)
  const missing = Buffer.concat([deep, Buffer.from(`/missing/${'x/'.repeat(2000)}y`)])
  expect(() => anchoredPath(missing)).toThrow('ENOENT')
  expect(openDescriptors()).toBe(before)
})
