import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { TestFolder } from '../../test/support/test-home.ts'
import { testIdOf, testKeys, testKeyspace, testVaultId, writeChunkFile } from '../../test/support/test-keys.ts'
import { type BaseDb, openBase } from './base-db.ts'
import { folderSource } from './chunk-reader.ts'
import type { CompleteChunkFile } from './chunk-writer.ts'
import { ExtentReader } from './extent-reader.ts'
import { ExtentSource } from './extent-source.ts'

const blocks = Array.from({ length: 40 }, (_, index) => Buffer.alloc(300_000, `block ${index} `))

let folder: TestFolder
let base: BaseDb
let file: CompleteChunkFile

beforeEach(() => {
  folder = new TestFolder()
  base = openBase(':memory:')
  file = writeChunkFile(folder.path, blocks)
  base.mergeIndex(testVaultId, testKeyspace, 0, [file], Buffer.alloc(32))
})

afterEach(() => {
  base.close()
  folder[Symbol.dispose]()
})

function open(...folders: readonly string[]) {
  const source = new ExtentSource(base, folders.map(folderSource), testKeys)
  const reader = new ExtentReader(testKeys)
  const read = (bytes: Buffer): Uint8Array | undefined => {
    const place = source.find(testIdOf(bytes))
    if (place === undefined) throw new Error('no place')
    reader.add(source.chunkFile(place.chunk))
    return reader.block(place)
  }
  return { source, reader, read, [Symbol.dispose]: () => reader[Symbol.dispose]() }
}

test('reads every block, again and again, whatever was opened between', () => {
  using opened = open(folder.at('absent'), folder.path)
  for (const bytes of [...blocks, ...blocks.toReversed(), ...blocks]) {
    expect(bytes.equals(opened.read(bytes) ?? Buffer.of())).toBe(true)
  }
})

test.each<[string, (path: string) => void]>([
  ['missing', (path) => rmSync(path)],
  ['cut off', (path) => truncateSync(path, 600)],
  ['empty', (path) => truncateSync(path, 0)],
  [
    'changed by a bit',
    (path) => {
      const bytes = readFileSync(path)
      bytes[560] = (bytes[560] as number) ^ 1
      writeFileSync(path, bytes)
    },
  ],
])('gives nothing out of a chunk file that is %s', (_what, damage) => {
  damage(file.path)
  using opened = open(folder.path)
  expect(opened.read(blocks[0] as Buffer)).toBeUndefined()
})

test('a key epoch that is not known, and a chunk file that was not named, give nothing', () => {
  using opened = open(folder.path)
  const place = opened.source.find(testIdOf(blocks[0] as Buffer))
  if (place === undefined) throw new Error('no place')
  expect(opened.reader.block(place)).toBeUndefined()
  opened.reader.add({ ...opened.source.chunkFile(place.chunk), epoch: 9 })
  expect(opened.reader.block(place)).toBeUndefined()
})

test('a source that is no folder is local to nobody', () => {
  const remote = { label: 'vault', read: () => Promise.resolve(undefined) }
  const source = new ExtentSource(base, [remote], testKeys)
  const place = source.find(testIdOf(blocks[0] as Buffer))
  expect(source.isLocal(place?.chunk ?? 0)).toBe(false)
})
