import Database from 'better-sqlite3'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { madeBlockSizeBytes, madeExtentBlocks, madeIndexFile } from '../../test/support/index-files.ts'
import { seededRandom } from '../../test/support/seeded-random.ts'
import { TestFolder } from '../../test/support/test-home.ts'
import { testKeyspace, testVaultId } from '../../test/support/test-keys.ts'
import { type BaseDb, openBase } from './base-db.ts'

const sha256 = Buffer.alloc(32)

function merge(base: BaseDb, sequence: number, files: readonly { number: number; ids: Uint8Array }[]): void {
  const made = files.map(({ number, ids }) => madeIndexFile(number, ids))
  base.mergeIndex(testVaultId, testKeyspace, sequence, made, sha256)
}

function randomIds(seed: number, count: number): Buffer {
  const random = seededRandom(seed)
  // The first numbers of a small seed are small.
  for (let number = 0; number < 16; number++) random()
  return Buffer.from(Uint32Array.from({ length: count * 8 }, () => random() * 2 ** 32).buffer)
}

function* idsOf(ids: Buffer): Generator<Buffer, void, undefined> {
  for (let at = 0; at < ids.length; at += 32) yield ids.subarray(at, at + 32)
}

/** Few first bytes and few last ones: ids that are equal, and ids that differ behind 8 equal bytes. */
const id = fc
  .tuple(fc.constantFrom(0, 1, 0x7f, 0x80, 0xff), fc.constantFrom(0, 0xff), fc.integer({ min: 0, max: 5 }))
  .map(([first, fifth, last]) => {
    const bytes = Buffer.alloc(32, first)
    bytes[4] = fifth
    bytes[31] = last
    return bytes
  })
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ add: fc.array(fc.array(id, { minLength: 1, maxLength: 60 }), { maxLength: 4 }) }),
  },
  { weight: 1, arbitrary: fc.record({ forget: fc.array(fc.nat(30), { maxLength: 3 }) }) },
)

/** What the base should know: by id, the ordinal of its first copy in each chunk file. */
class Model {
  readonly #files = new Map<number, readonly Buffer[]>()

  add(number: number, ids: readonly Buffer[]): void {
    this.#files.set(number, ids)
  }

  forget(number: number): void {
    this.#files.delete(number)
  }

  locate(wanted: Buffer) {
    return [...this.#files].flatMap(([chunk, ids]) => {
      const block = ids.findIndex((one) => one.equals(wanted))
      if (block < 0) return []
      const [extent, ordinal] = [Math.floor(block / madeExtentBlocks), block % madeExtentBlocks]
      return [{ chunk, extent, ordinal, sizeBytes: madeBlockSizeBytes }]
    })
  }
}

test('property: what is located is what a map of all chunk files says', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), fc.array(id, { maxLength: 30 }), (steps, others) => {
      using base = openBase(':memory:')
      const model = new Model()
      const asked: Buffer[] = [...others]
      let number = 0
      for (const [sequence, one] of steps.entries()) {
        if ('forget' in one) {
          base.forgetChunkFiles(one.forget)
          for (const chunk of one.forget) model.forget(chunk)
          continue
        }
        const files = one.add.map((ids) => ({ number: ++number, ids: Buffer.concat(ids) }))
        merge(base, sequence, files)
        for (const [index, ids] of one.add.entries()) model.add((files[index] as { number: number }).number, ids)
        asked.push(...one.add.flat())
      }
      for (const wanted of asked) expect(base.locate(wanted)).toEqual(model.locate(wanted))
    }),
    { numRuns: 60 },
  )
})

describe('levels', () => {
  test('stay few however many increments there are; every block is found, no stranger is', () => {
    using folder = new TestFolder()
    const path = folder.at('base.db')
    const all: Buffer[] = []
    {
      using base = openBase(path)
      for (let sequence = 0; sequence < 40; sequence++) {
        const ids = randomIds(sequence + 1, sequence % 10 === 0 ? 20_000 : 700)
        all.push(ids)
        merge(base, sequence, [{ number: sequence + 1, ids }])
      }
      for (const [index, ids] of all.entries()) {
        for (const one of idsOf(ids)) {
          const found = base.locate(one)
          const isFound = found.length === 1 && found[0]?.chunk === index + 1
          if (!isFound) throw new Error(`a block of file ${index + 1} is lost`)
        }
      }
      for (const stranger of idsOf(randomIds(1000, 10_000))) expect(base.locate(stranger)).toEqual([])
    }
    const db = new Database(path, { readonly: true })
    const levels = db.prepare('SELECT entries FROM block_level').pluck().all() as number[]
    const leaves = db.prepare('SELECT sum(length(entries)) / 12 FROM block_leaf').pluck().get()
    db.close()
    expect(levels.length).toBeLessThan(5)
    expect(levels.reduce((sum, entries) => sum + entries, 0)).toBe(leaves)
    expect(leaves).toBe(all.reduce((sum, ids) => sum + ids.length / 32, 0))
  })

  test('of more entries than a slice takes are merged slice by slice', () => {
    using base = openBase(':memory:')
    const [first, second] = [randomIds(1, 150_000), randomIds(2, 100_000)]
    merge(base, 0, [{ number: 1, ids: first }])
    merge(base, 1, [{ number: 2, ids: second }])
    let found = 0
    for (const one of [...idsOf(first), ...idsOf(second)]) found += base.locate(one).length
    expect(found).toBe(250_000)
  })

  test('let go of forgotten chunk files when half of the entries are theirs', () => {
    using folder = new TestFolder()
    const path = folder.at('base.db')
    {
      using base = openBase(path)
      merge(base, 0, [
        { number: 1, ids: randomIds(1, 60_000) },
        { number: 2, ids: randomIds(2, 30_000) },
      ])
      base.forgetChunkFiles([1])
      merge(base, 1, [{ number: 3, ids: randomIds(3, 10) }])
    }
    const db = new Database(path, { readonly: true })
    expect(db.prepare('SELECT entries FROM block_level').pluck().all()).toEqual([30_010])
    expect(db.prepare('SELECT count(*) FROM forgotten_chunk').pluck().get()).toBe(0)
    db.close()
  })

  test('a chunk file that is forgotten and comes again has another number', () => {
    using base = openBase(':memory:')
    const ids = randomIds(1, 3)
    merge(base, 0, [{ number: 1, ids }])
    base.forgetChunkFiles([1])
    merge(base, 1, [{ number: 1, ids }])
    expect(base.locate(ids.subarray(0, 32)).map(({ chunk }) => chunk)).toEqual([2])
  })
})

describe('a reader beside the writer', () => {
  test('finds what is merged later; one that reads as opened finds what there was, also after it was merged', () => {
    using folder = new TestFolder()
    using writer = openBase(folder.at('base.db'))
    const [first, second] = [randomIds(1, 2000), randomIds(2, 2000)]
    expect(writer.holdsBlocks).toBe(false)
    merge(writer, 0, [{ number: 1, ids: first }])
    expect(writer.holdsBlocks).toBe(true)
    using reader = openBase(folder.at('base.db'), { readOnly: true })
    using asOpened = openBase(folder.at('base.db'), { readOnly: true, asOpened: true })
    for (const base of [reader, asOpened]) expect(base.locate(first.subarray(0, 32))).toHaveLength(1)
    merge(writer, 1, [{ number: 2, ids: second }])
    for (const one of idsOf(second)) expect(reader.locate(one)).toHaveLength(1)
    for (const base of [reader, asOpened]) {
      for (const one of idsOf(first)) expect(base.locate(one)).toHaveLength(1)
    }
  })

  test('finds nothing that the writer has forgotten', () => {
    using folder = new TestFolder()
    using writer = openBase(folder.at('base.db'))
    const ids = randomIds(1, 200)
    merge(writer, 0, [{ number: 1, ids }])
    writer.forgetChunkFiles([1])
    using reader = openBase(folder.at('base.db'), { readOnly: true })
    expect(reader.locate(ids.subarray(0, 32))).toEqual([])
  })
})

test('after a merge that was taken back, the base finds what it found before', () => {
  using base = openBase(':memory:')
  const ids = randomIds(1, 2000)
  merge(base, 0, [{ number: 1, ids }])
  const broken = { ...madeIndexFile(3, randomIds(3, 2)), table: Buffer.alloc(5) }
  const files = [madeIndexFile(2, randomIds(2, 2000)), broken]
  expect(() => base.mergeIndex(testVaultId, testKeyspace, 1, files, sha256)).toThrow(
    expect.objectContaining({ code: 'format.invalid' }),
  )
  for (const one of idsOf(randomIds(2, 2000))) expect(base.locate(one)).toEqual([])
  merge(base, 1, [{ number: 4, ids: randomIds(4, 2000) }])
  for (const one of idsOf(ids)) expect(base.locate(one)).toHaveLength(1)
})

test('a chunk file is listed for the index with its block table, byte for byte', () => {
  using base = openBase(':memory:')
  const files = [1, 100, 101, 250].map((blocks, number) => madeIndexFile(number + 1, randomIds(blocks, blocks)))
  base.adopt(testVaultId, testKeyspace, files)
  expect(base.waitingChunkFiles(testVaultId).map(({ table }) => Buffer.from(table))).toEqual(
    files.map(({ table }) => Buffer.from(table)),
  )
  expect(base.waitingChunks(testVaultId)).toEqual(new Set([1, 2, 3, 4]))
})
