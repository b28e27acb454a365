import { execFileSync } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { MadeVault } from '../../test/support/made-vault.ts'
import type { CompleteChunkFile } from '../cache/chunk-writer.ts'
import { inspectChunkFile } from '../cache/local-chunk-file.ts'
import { decodeBlockTable, type ExtentPlace } from '../format/block-table.ts'
import { extentHeaderSizeBytes } from '../format/chunk-file.ts'
import { checkChunkFile, describeChunkFile, dumpChunkFile, type KeysOf } from './check-chunk-file.ts'

let made: MadeVault
let chunk: CompleteChunkFile
let bytes: Buffer
let extents: readonly ExtentPlace[]
let path: string

beforeEach(async () => {
  made = await MadeVault.make()
  const pieces = Array.from({ length: 6 }, (_, index) => Buffer.alloc(index === 5 ? 100 : 270_000, `piece ${index} `))
  await made.addPoint([{ name: 'a', type: 'file', content: pieces }])
  chunk = made.chunkFiles.find(({ kind }) => kind === 'data') as CompleteChunkFile
  bytes = readFileSync(chunk.path)
  extents = decodeBlockTable(chunk.table).extents
  path = join(made.folder, 'copy.tcf')
})

afterEach(() => made[Symbol.dispose]())

const keysOf: KeysOf = (keyspace) => (keyspace === made.keys.keyspace ? made.keys : undefined)
const endOf = (extent: ExtentPlace) => extent.offset + extentHeaderSizeBytes + extent.storedSizeBytes

function flipped(...offsets: readonly number[]): string {
  const copy = Buffer.from(bytes)
  for (const offset of offsets) copy[offset] = (copy[offset] as number) ^ 0x10
  writeFileSync(path, copy)
  return path
}

test.skipIf(process.platform === 'win32')(
  'a folder and a pipe are no chunk files, and nobody waits for them',
  async () => {
    const refused: unknown = expect.objectContaining({ code: 'usage.invalid' })
    execFileSync('mkfifo', [path])
    for (const wrong of [made.folder, path, '/dev/zero']) {
      await expect(checkChunkFile(wrong)).rejects.toEqual(refused)
      await expect(describeChunkFile(wrong)).rejects.toEqual(refused)
    }
    await expect(inspectChunkFile(path)).rejects.toThrow('not a regular file')
  },
)

describe('a whole file', () => {
  test('is whole, with keys and without', async () => {
    expect(await checkChunkFile(chunk.path)).toEqual({ file: chunk.path, whole: true, opened: false, damaged: [] })
    expect(await checkChunkFile(chunk.path, keysOf)).toMatchObject({ whole: true, opened: true, damaged: [] })
    expect(await checkChunkFile(chunk.path, () => undefined)).toMatchObject({ whole: true, opened: false })
    expect((await inspectChunkFile(chunk.path)).name).toBe(chunk.name)
  })

  test('is described and dumped', async () => {
    const facts = await describeChunkFile(chunk.path)
    expect(facts).toMatchObject({
      name: chunk.name,
      kind: 'data',
      extents: 6,
      blocks: 6,
      sizeBytes: bytes.length,
      parentFileId: null,
    })
    expect(facts.rawBytes).toBe(5 * 270_000 + 100)
    const dump = await dumpChunkFile(chunk.path, keysOf)
    expect(dump.extentList.flatMap(({ blocks }) => blocks?.map(({ id }) => id))).toEqual(made.tree.fileBlocks)
    expect(dump.extentList.map(({ offset }) => offset)).toEqual(extents.map(({ offset }) => offset))
    expect((await dumpChunkFile(chunk.path)).extentList.every(({ blocks }) => blocks === null)).toBe(true)
  })

  test('under another name is found', async () => {
    const other = join(made.folder, `${'0'.repeat(64)}.tcf`)
    writeFileSync(other, bytes)
    expect((await checkChunkFile(other)).damaged).toMatchObject([{ offset: 0 }])
  })
})

describe('a damaged file', () => {
  test('64 random bits are found without a key, and at their extent with one', async () => {
    for (let round = 0; round < 64; round++) {
      const bit = randomInt(bytes.length * 8)
      const copy = Buffer.from(bytes)
      copy[bit >>> 3] = (copy[bit >>> 3] as number) ^ (1 << (bit & 7))
      writeFileSync(path, copy)
      expect((await checkChunkFile(path)).whole, `bit ${bit}`).toBe(false)
      const { damaged } = await checkChunkFile(path, keysOf)
      const hit = extents.find((extent) => bit >>> 3 >= extent.offset && bit >>> 3 < endOf(extent))
      expect(damaged, `bit ${bit}`).toHaveLength(1)
      if (hit !== undefined) expect(damaged[0]?.offset, `bit ${bit}`).toBe(hit.offset)
    }
  })

  test('every wrong place is listed', async () => {
    const [a, , c] = extents as [ExtentPlace, ExtentPlace, ExtentPlace]
    const withKeys = await checkChunkFile(flipped(100, a.offset + 50, c.offset + 3, bytes.length - 100), keysOf)
    // Header and footer are both gone, and with them the salt: nothing opens.
    expect(withKeys).toMatchObject({ opened: false })
    expect(withKeys.damaged.map(({ offset }) => offset)).toEqual([0, c.offset, bytes.length - 512])
    const opened = await checkChunkFile(flipped(100, a.offset + 50, c.offset + 3), keysOf)
    expect(opened).toMatchObject({ opened: true })
    expect(opened.damaged.map(({ offset }) => offset)).toEqual([0, a.offset, c.offset])
    const keyless = await checkChunkFile(flipped(a.offset + 50, c.offset + 3))
    expect(keyless.damaged.map(({ offset }) => offset)).toEqual([c.offset])
    await expect(describeChunkFile(path)).rejects.toMatchObject({ code: 'format.invalid', data: { offset: c.offset } })
  })

  test('without footer and table the extents are found by their own headers', async () => {
    const footerAt = bytes.length - 512
    const tableAt = endOf(extents.at(-1) as ExtentPlace)
    const [, b] = extents as [ExtentPlace, ExtentPlace]
    const noFooter = await checkChunkFile(flipped(footerAt + 5), keysOf)
    expect(noFooter).toMatchObject({ opened: true, damaged: [{ offset: footerAt }] })
    const noTable = await checkChunkFile(flipped(tableAt + 40, b.offset + 200), keysOf)
    expect(noTable.damaged.map(({ offset }) => offset)).toEqual([b.offset, tableAt])
  })

  test('cut off anywhere: it says how far it is whole', async () => {
    const [, b] = extents as [ExtentPlace, ExtentPlace]
    for (const length of [
      0,
      1,
      300,
      512,
      600,
      b.offset,
      b.offset + 10,
      endOf(b) - 1,
      bytes.length - 512,
      bytes.length - 1,
    ]) {
      writeFileSync(path, bytes.subarray(0, length))
      for (const keys of [undefined, keysOf]) {
        const { whole, damaged } = await checkChunkFile(path, keys)
        expect(whole, `${length}`).toBe(false)
        const torn = extents.find((extent) => length > extent.offset && length < endOf(extent))
        if (torn !== undefined) {
          expect(
            damaged.map(({ offset }) => offset),
            `${length}`,
          ).toContain(torn.offset)
        }
      }
    }
  })

  test('garbage of any length is refused, never crashed on', async () => {
    for (const length of [0, 10, 511, 512, 1024, 5000, 300_000]) {
      writeFileSync(path, Buffer.alloc(length, 'THARSISCTXT1'))
      expect((await checkChunkFile(path, keysOf)).whole).toBe(false)
    }
  })

  test('a file that is not there is Node’s error', async () => {
    await expect(checkChunkFile(join(made.folder, 'nothing'))).rejects.toMatchObject({ code: 'ENOENT' })
  })
})
