import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import Database from 'better-sqlite3'
import { describe, expect, test } from 'vitest'
import { TestFolder } from '../../test/support/test-home.ts'
import {
  testCapturedPoint,
  testIdOf,
  testItem,
  testKeyspace,
  testVaultId,
  writeChunkFile,
} from '../../test/support/test-keys.ts'
import type { ItemId, KeyspaceId, VaultId } from '../contract/ids.ts'
import { type BaseDb, openBase } from './base-db.ts'
import type { CompleteChunkFile } from './chunk-writer.ts'

const otherVault = 'e'.repeat(32) as VaultId
const block = Buffer.from('a block')

function capture(base: BaseDb, sequence: number, files: readonly CompleteChunkFile[], vaults = [testVaultId]): void {
  const point = testCapturedPoint(sequence)
  base.capture({ keyspace: testKeyspace, point, chunkFiles: files, vaults, lastFileId: files.at(-1)?.fileId })
}

describe('an increment', () => {
  test('is there as a whole once it is captured: point, blocks, and what waits for which vault', () => {
    using folder = new TestFolder()
    using base = openBase(':memory:')
    const file = writeChunkFile(folder.path, [block, Buffer.from('another')])
    capture(base, 1, [file], [testVaultId, otherVault])
    const [location, ...more] = base.locate(testIdOf(block))
    expect(more).toEqual([])
    expect(location).toMatchObject({ extent: 0, ordinal: 0, sizeBytes: block.length })
    expect(base.locate(testIdOf(Buffer.from('another')))).toMatchObject([{ ordinal: 1 }])
    expect(base.locate(testIdOf(Buffer.from('neither')))).toEqual([])
    const known = base.chunkFile(location?.chunk as number)
    expect(known).toMatchObject({ name: file.name, kind: 'data', sizeBytes: file.sizeBytes, keyspace: testKeyspace })
    expect(base.latestPoint(testItem)).toEqual(testCapturedPoint(1))
    for (const vault of [testVaultId, otherVault]) {
      expect(base.placedChunks(vault)).toEqual(new Set())
      expect(base.waitingChunkFiles(vault).map(({ name }) => name)).toEqual([file.name])
      expect(base.unconfirmedPoints(vault).map(({ sequence }) => sequence)).toEqual([1])
    }
    expect(base.lastFileId(testKeyspace)).toEqual(Buffer.from(file.fileId))
  })

  test('is not there at all when a part of it cannot be', () => {
    using folder = new TestFolder()
    using base = openBase(':memory:')
    const file = writeChunkFile(folder.path, [block])
    const broken = { ...file, name: 'd'.repeat(64) as typeof file.name, table: file.table.subarray(1) }
    expect(() => capture(base, 1, [file, broken])).toThrow(expect.objectContaining({ code: 'format.invalid' }))
    expect(base.latestPoint(testItem)).toBeUndefined()
    expect(base.chunkFileNumber(file.name)).toBeUndefined()
    expect(base.locate(testIdOf(block))).toEqual([])
  })

  test('is confirmed vault by vault; a point that nothing needs any more is dropped', () => {
    using folder = new TestFolder()
    using base = openBase(':memory:')
    capture(base, 1, [writeChunkFile(folder.path, [block])], [testVaultId, otherVault])
    capture(base, 2, [], [testVaultId, otherVault])
    const waiting = (vault: VaultId) => base.unconfirmedPoints(vault).map(({ sequence }) => sequence)
    base.confirm(testVaultId, testCapturedPoint(1))
    expect([waiting(testVaultId), waiting(otherVault)]).toEqual([[2], [1, 2]])
    base.confirm(otherVault, testCapturedPoint(1))
    base.confirm(testVaultId, testCapturedPoint(2))
    expect([waiting(testVaultId), waiting(otherVault)]).toEqual([[], [2]])
    base.confirm(otherVault, testCapturedPoint(2))
    // The latest one stays: the next capture is compared with it.
    expect(base.latestPoints().map(({ sequence }) => sequence)).toEqual([2])
  })
})

describe('what a vault holds', () => {
  test('is what its index says', () => {
    using folder = new TestFolder()
    using base = openBase(':memory:')
    const file = writeChunkFile(folder.path, [block])
    capture(base, 1, [file])
    expect(base.isPlaced(testVaultId, file.name)).toBe(false)
    expect(base.segments.last(testVaultId, testKeyspace)).toBe(-1)
    base.mergeIndex(testVaultId, testKeyspace, 4, [file], Buffer.alloc(32))
    base.mergeIndex(testVaultId, testKeyspace, 4, [file], Buffer.alloc(32))
    expect(base.isPlaced(testVaultId, file.name)).toBe(true)
    expect(base.placedChunks(testVaultId)).toEqual(new Set([base.chunkFileNumber(file.name)]))
    expect(base.segments.last(testVaultId, testKeyspace)).toBe(4)
    expect(base.segments.last(otherVault, testKeyspace)).toBe(-1)
    expect(base.segments.last(testVaultId, 'a'.repeat(32) as KeyspaceId)).toBe(-1)
    expect(base.locate(testIdOf(block))).toHaveLength(1)
  })

  test('a block in two chunk files has two places', () => {
    using folder = new TestFolder()
    using base = openBase(':memory:')
    const files = [writeChunkFile(folder.path, [block]), writeChunkFile(folder.path, [block])]
    base.mergeIndex(testVaultId, testKeyspace, 0, files, Buffer.alloc(32))
    expect(base.locate(testIdOf(block)).map(({ chunk }) => chunk)).toEqual([1, 2])
    base.forgetChunkFiles([1])
    expect(base.locate(testIdOf(block)).map(({ chunk }) => chunk)).toEqual([2])
    expect(() => base.chunkFile(1)).toThrow('does not hold it')
    expect(base.placedChunks(testVaultId)).toEqual(new Set([2]))
  })

  test('is forgotten with the vault; what waits for it stays', () => {
    using folder = new TestFolder()
    using base = openBase(':memory:')
    const placed = writeChunkFile(folder.path, [block])
    base.mergeIndex(testVaultId, testKeyspace, 3, [placed], Buffer.alloc(32))
    const waiting = writeChunkFile(folder.path, [Buffer.from('waits')])
    capture(base, 1, [waiting])
    base.forgetVault(testVaultId, testKeyspace)
    expect(base.placedChunks(testVaultId)).toEqual(new Set())
    expect(base.segments.last(testVaultId, testKeyspace)).toBe(-1)
    expect(base.waitingChunkFiles(testVaultId).map(({ name }) => name)).toEqual([waiting.name])
  })

  test('an adopted chunk file waits, unless the vault holds it already', () => {
    using folder = new TestFolder()
    using base = openBase(':memory:')
    const [placed, left] = [writeChunkFile(folder.path, [block]), writeChunkFile(folder.path, [Buffer.from('left')])]
    base.mergeIndex(testVaultId, testKeyspace, 0, [placed], Buffer.alloc(32))
    base.adopt(testVaultId, testKeyspace, [placed, left])
    expect(base.waitingChunkFiles(testVaultId).map(({ name }) => name)).toEqual([left.name])
  })
})

test('an item that is forgotten has no point and nothing to send; another keeps its own', () => {
  using base = openBase(':memory:')
  const other = 'b'.repeat(32) as ItemId
  capture(base, 1, [])
  const point = { ...testCapturedPoint(2), item: other }
  base.capture({ keyspace: testKeyspace, point, chunkFiles: [], vaults: [testVaultId], lastFileId: undefined })
  base.forgetItem(testItem)
  expect(base.latestPoint(testItem)).toBeUndefined()
  expect(base.unconfirmedPoints(testVaultId).map(({ item }) => item)).toEqual([other])
  expect(base.latestPoint(other)?.sequence).toBe(2)
})

test('what the base knows of chunk files: placed in any vault, else waiting for one, or nowhere', () => {
  using folder = new TestFolder()
  using base = openBase(':memory:')
  const [waiting, half, placed, nowhere] = ['a', 'b', 'c', 'd'].map((text) =>
    writeChunkFile(folder.path, [Buffer.from(text)]),
  ) as [CompleteChunkFile, CompleteChunkFile, CompleteChunkFile, CompleteChunkFile]
  capture(base, 1, [waiting, half], [testVaultId, otherVault])
  base.mergeIndex(testVaultId, testKeyspace, 0, [half, placed, nowhere], Buffer.alloc(32))
  base.unplace(testVaultId, [base.chunkFileNumber(nowhere.name) as number])
  const states = new Map([
    [waiting.name, 'waiting'],
    // The other vault gets it from the first, should it leave the cache.
    [half.name, 'placed'],
    [placed.name, 'placed'],
    [nowhere.name, 'nowhere'],
  ])
  expect(base.chunkFileStates()).toEqual(states)
  expect(base.chunkFileStates(testKeyspace)).toEqual(states)
  expect(base.chunkFileStates('a'.repeat(32) as KeyspaceId)).toEqual(new Map())
  base.awaitAgain(testVaultId, [base.chunkFileNumber(placed.name) as number])
  expect(base.chunkFileStates().get(placed.name)).toBe('waiting')
})

test('a copy of the base is a base', () => {
  using folder = new TestFolder()
  using base = openBase(folder.at('base.db'))
  capture(base, 1, [])
  base.copyTo(folder.at('copy.db'))
  using copy = openBase(folder.at('copy.db'))
  expect([copy.setAside, copy.latestPoint(testItem)?.sequence]).toEqual([undefined, 1])
})

test('tree pages are kept until they are said to be dead', () => {
  using base = openBase(':memory:')
  const pages = ['one', 'two', 'three'].map((text) => [testIdOf(Buffer.from(text)), Buffer.from(text)] as const)
  base.pages.put(pages)
  base.pages.put(pages)
  expect(base.pages.counts()).toEqual({ held: 3, lastLive: 0 })
  base.pages.keep((id) => testIdOf(Buffer.from('two')).equals(id), 1)
  expect(pages.map(([id]) => base.pages.page(id)?.toString())).toEqual([undefined, 'two', undefined])
  expect(base.pages.counts()).toEqual({ held: 1, lastLive: 1 })
})

describe('the file', () => {
  test('keeps everything, and can be read beside its writer', () => {
    using folder = new TestFolder()
    using base = openBase(folder.at('base.db'))
    capture(base, 1, [])
    using reader = openBase(folder.at('base.db'), { readOnly: true })
    expect(reader.latestPoint(testItem)?.sequence).toBe(1)
    capture(base, 2, [])
    expect(reader.latestPoint(testItem)?.sequence).toBe(2)
    expect(() => reader.pages.put([[Buffer.alloc(32), Buffer.alloc(1)]])).toThrow(
      expect.objectContaining({ code: 'cache.failed' }),
    )
  })

  test('that is not there is not made by a reader', () => {
    using folder = new TestFolder()
    using reader = openBase(folder.at('base.db'), { readOnly: true })
    expect(reader.latestPoint(testItem)).toBeUndefined()
    expect(existsSync(folder.at('base.db'))).toBe(false)
  })

  test.each<[string, (path: string) => void]>([
    ['empty', (path) => writeFileSync(path, '')],
    [
      'without tables',
      (path) => {
        const db = new Database(path)
        db.pragma('journal_mode = WAL')
        db.close()
      },
    ],
  ])('that is %s, as an ended process leaves it, is as good as none', (_what, leave) => {
    using folder = new TestFolder()
    leave(folder.at('base.db'))
    using reader = openBase(folder.at('base.db'), { readOnly: true })
    expect(reader.latestPoint(testItem)).toBeUndefined()
    expect(reader.locate(testIdOf(block))).toEqual([])
    using base = openBase(folder.at('base.db'))
    expect(base.setAside).toBeUndefined()
    capture(base, 1, [])
    expect(base.latestPoint(testItem)?.sequence).toBe(1)
  })

  test('that is damaged where nobody looked yet says so in every reading', () => {
    using folder = new TestFolder()
    const path = folder.at('base.db')
    const made = openBase(path)
    capture(made, 1, [])
    made.close()
    const bytes = readFileSync(path)
    bytes.fill(0x5a, 4096)
    writeFileSync(path, bytes)
    using reader = openBase(path, { readOnly: true })
    const readings: (() => unknown)[] = [
      () => reader.locate(testIdOf(block)),
      () => reader.pages.page(testIdOf(block)),
      () => reader.chunkFile(1),
      () => reader.chunkFileNumber('a'.repeat(64) as CompleteChunkFile['name']),
      () => reader.placedChunks(testVaultId),
      () => reader.waitingChunkFiles(testVaultId),
      () => reader.latestPoint(testItem),
      () => reader.latestPoints(),
      () => reader.unconfirmedPoints(testVaultId),
      () => reader.segments.last(testVaultId, testKeyspace),
      () => reader.segments.sha256(testVaultId, testKeyspace, 0),
      () => reader.lastFileId(testKeyspace),
      () => reader.pages.counts(),
    ]
    for (const read of readings) expect(read).toThrow(expect.objectContaining({ code: 'cache.damaged' }))
  })

  test('that is damaged is set aside, one after the other, and a new one is made', () => {
    using folder = new TestFolder()
    for (const number of [1, 2]) {
      writeFileSync(folder.at('base.db'), 'this is no database, '.repeat(200))
      using base = openBase(folder.at('base.db'))
      expect(base.setAside).toBe(folder.at(`base.db.damaged-${number}`))
      expect(existsSync(folder.at(`base.db.damaged-${number}`))).toBe(true)
      capture(base, 1, [])
    }
    using whole = openBase(folder.at('base.db'))
    expect(whole.setAside).toBeUndefined()
  })

  test('of a newer Tharsis is left alone', () => {
    using folder = new TestFolder()
    openBase(folder.at('base.db')).close()
    const db = new Database(folder.at('base.db'))
    db.pragma('user_version = 1000')
    db.close()
    expect(() => openBase(folder.at('base.db'))).toThrow(expect.objectContaining({ code: 'home.newer' }))
    expect(existsSync(folder.at('base.db.damaged-1'))).toBe(false)
  })

  test('in a place that does not take it is an error', () => {
    using folder = new TestFolder()
    mkdirSync(folder.at('base.db'))
    expect(() => openBase(folder.at('base.db'))).toThrow(expect.objectContaining({ code: 'cache.failed' }))
  })
})
