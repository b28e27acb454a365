import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { MadeVault } from '../../test/support/made-vault.ts'
import { type BaseDb, openBase } from '../cache/base-db.ts'
import type { VaultId } from '../contract/ids.ts'
import { encodeCbor } from '../format/cbor.ts'
import { idHash, PagedListBuilder } from '../format/paged-list.ts'
import { type Entry, encodeEntry, encodePart, type Part, partsLeafBits } from '../format/tree.ts'
import type { FoundEntry } from '../source/found-entry.ts'
import { CaptureLog } from './capture-log.ts'
import { FinishedFiles, scanCaptureLog } from './finished-files.ts'

const vault = 'c'.repeat(32) as VaultId
const scanStartedMs = 1_800_000_000_000

let made: MadeVault
let base: BaseDb
let folder: string
let path: string
let blocks: { readonly id: Buffer; readonly sizeBytes: number }[]

beforeEach(async () => {
  made = await MadeVault.make()
  folder = mkdtempSync(join(tmpdir(), 'capture-log-'))
  path = join(folder, 'log')
  base = openBase(join(folder, 'base.db'))
  const contents = Array.from({ length: 200 }, (_, index) => Buffer.from(`block ${index}`))
  blocks = contents.map((bytes) => ({ id: made.tree.put(bytes), sizeBytes: bytes.length }))
  const files = await made.writeNew('data', [...made.tree.blocks.keys()])
  base.adopt(vault, made.keys.keyspace, files)
})

afterEach(() => {
  base.close()
  made[Symbol.dispose]()
  rmSync(folder, { recursive: true })
})

const found = {
  type: 'file',
  sizeBytes: 100,
  mtime: { sec: 1_700_000_000, ns: 5 },
  ctime: { sec: 1_700_000_000, ns: 6 },
  inode: 77n,
} as unknown as FoundEntry

function entryOf(parts: readonly Part[] | Entry['content']): Uint8Array {
  const content = Array.isArray(parts) ? { splitting: { mode: 'content' as const }, parts, sparse: false } : parts
  return encodeEntry({
    name: Buffer.from('file'),
    type: 'file',
    sizeBytes: 100,
    mtime: found.mtime,
    ctime: found.ctime,
    inode: found.inode,
    posix: { mode: 0o644, uid: 0, gid: 0, xattrs: [] },
    content,
  } as Entry)
}

function openFinished(putPage: (page: Uint8Array) => void = () => undefined): FinishedFiles | undefined {
  const places = scanCaptureLog(path)
  return places && FinishedFiles.open(path, places, { base, vaults: [vault], putPage })
}

const file = (name: string): Buffer => Buffer.from(`/src/${name}`)

test('a finished file is taken over when it is unchanged and all of its blocks are there', () => {
  expect(openFinished()).toBeUndefined()
  using log = new CaptureLog(path, 0, scanStartedMs)
  log.addEntry(file('whole'), entryOf(blocks.slice(0, 3)), 100)
  log.addEntry(file('empty'), entryOf([]), 0)
  log.addEntry(file('lost'), entryOf([{ id: Buffer.alloc(32, 9), sizeBytes: 4 }]), 100)
  log.flush()
  using finished = openFinished()
  expect(finished?.find(file('whole'), found)?.encoded).toEqual(Buffer.from(entryOf(blocks.slice(0, 3))))
  expect(finished?.find(file('empty'), found)).toBeDefined()
  expect(finished?.find(file('lost'), found)).toBeUndefined()
  expect(finished?.find(file('other'), found)).toBeUndefined()
  for (const change of [
    { sizeBytes: 101 },
    { inode: 78n },
    { mtime: { sec: 1, ns: 5 } },
    { ctime: { sec: 1, ns: 6 } },
  ]) {
    expect(finished?.find(file('whole'), { ...found, ...change })).toBeUndefined()
  }
  expect(finished?.taken).toBe(2)
})

test('a file that was written while the scan began is read again', () => {
  using log = new CaptureLog(path, 0, 1_700_000_000_500)
  log.addEntry(file('fresh'), entryOf(blocks.slice(0, 1)), 100)
  log.flush()
  using finished = openFinished()
  expect(finished?.find(file('fresh'), found)).toBeUndefined()
})

test('a list of parts: its pages are put again, or, where one is lost, the file is read again', () => {
  using log = new CaptureLog(path, 0, scanStartedMs)
  const pages: Uint8Array[] = []
  const builder = new PagedListBuilder(partsLeafBits, (page) => {
    const id = made.tree.put(page)
    pages.push(page)
    log.addPage(id, page)
    return id
  })
  for (const part of blocks) {
    builder.add({
      encoded: encodeCbor(encodePart(part)),
      hash: idHash(part.id),
      sizeBytes: part.sizeBytes,
      key: new Uint8Array(0),
    })
  }
  const parts = builder.finish()
  log.addEntry(file('long'), entryOf({ splitting: { mode: 'content' }, parts, sparse: false } as never), 100)
  log.flush()
  const put: Uint8Array[] = []
  using finished = openFinished((page) => put.push(page))
  expect(finished?.find(file('long'), found)).toBeDefined()
  expect(put.map(String).sort()).toEqual(pages.map(String).sort())
  base.forgetChunkFiles([1])
  using later = openFinished()
  expect(later?.find(file('long'), found)).toBeUndefined()
})

test('cut off anywhere, the whole records before count, and what is logged afterwards does too', () => {
  {
    using log = new CaptureLog(path, 0, scanStartedMs)
    for (let number = 0; number < 5; number++) log.addEntry(file(`${number}`), entryOf(blocks.slice(0, 1)), 100)
  }
  const whole = readFileSync(path)
  let last = 0
  for (let length = 0; length <= whole.length; length += 7) {
    writeFileSync(path, whole)
    truncateSync(path, length)
    const places = scanCaptureLog(path)
    using log = new CaptureLog(path, places?.endBytes ?? 0, scanStartedMs)
    log.addEntry(file('after'), entryOf(blocks.slice(0, 1)), 100)
    log.flush()
    using finished = openFinished()
    const there = [0, 1, 2, 3, 4].filter((number) => finished?.find(file(`${number}`), found) !== undefined).length
    expect(there).toBeGreaterThanOrEqual(last)
    last = there
    expect(finished?.find(file('after'), found)).toBeDefined()
  }
  expect(last).toBeGreaterThan(3)
  {
    using log = new CaptureLog(path, scanCaptureLog(path)?.endBytes ?? 0, scanStartedMs)
    log.remove()
  }
  expect(openFinished()).toBeUndefined()
})
