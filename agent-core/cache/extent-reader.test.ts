import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { TestFolder } from '../../test/support/test-home.ts'
import { testIdOf, testKeys, testKeyspace, testVaultId, writeChunkFile } from '../../test/support/test-keys.ts'
import { AgentError } from '../base/agent-error.ts'
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

test('what lies in no folder is fetched, and read by a thread that it was offered to', async () => {
  const vault = folderSource(folder.path)
  const refusing = { label: 'away', read: () => Promise.reject(new AgentError('store.not-found', { object: 'x' })) }
  const source = new ExtentSource(
    base,
    [refusing, { label: 'vault', read: vault.read.bind(vault) }, folderSource(folder.at('empty'))],
    testKeys,
  )
  const place = source.find(testIdOf(blocks[0] as Buffer))
  if (place === undefined) throw new Error('no place')
  expect(source.isHere(place.chunk)).toBe(false)
  expect(source.isWithinReach(place.chunk)).toBe(true)
  const bytes = await source.fetch(place.chunk, place.extent)
  expect(bytes).toHaveLength(source.sealedSizeBytes(place.chunk, place.extent))
  const memory = new SharedArrayBuffer(2 ** 21)
  new Uint8Array(memory).set(bytes as Buffer)
  using reader = new ExtentReader(testKeys)
  reader.add(source.chunkFile(place.chunk))
  expect(reader.block(place)).toBeUndefined()
  const fetched = { ...place, memory, sizeBytes: bytes?.length ?? 0 }
  reader.offer([{ ...fetched, sizeBytes: fetched.sizeBytes - 1 }])
  expect(reader.block(place)).toBeUndefined()
  reader.offer([fetched])
  expect(blocks[0]?.equals(reader.block(place) as Uint8Array)).toBe(true)
  expect(await source.fetch(place.chunk, 99)).toBeUndefined()
})

test('a chunk file that lies nowhere near is out of reach without a source that could fetch it', async () => {
  const source = new ExtentSource(base, [folderSource(folder.at('empty'))], testKeys)
  const place = source.find(testIdOf(blocks[0] as Buffer))
  expect(source.isWithinReach(place?.chunk ?? 0)).toBe(false)
  expect(await source.fetch(place?.chunk ?? 0, 0)).toBeUndefined()
})
