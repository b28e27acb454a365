import { randomInt } from 'node:crypto'
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { HealPlace } from '../../test/support/heal-place.ts'
import { MadeVault } from '../../test/support/made-vault.ts'
import type { PlannedEntry } from '../../test/support/point-tree.ts'
import type { ChunkFileName } from '../contract/ids.ts'
import { readPointStates } from '../vault/point-states.ts'
import { assertInvariants } from './assert-invariants.ts'

const isCampaign = process.env['THARSIS_CAMPAIGN'] === '1'
/** Longest time that healing all of them may take on a busy machine. */
const everyBitMs = isCampaign ? 4 * 3_600_000 : 120_000
let made: MadeVault
let place: HealPlace

const content = (seed: number, sizeBytes: number) =>
  Buffer.from(Array.from({ length: sizeBytes }, (_, at) => (Math.imul(at + 1, seed * 2654435761 + 97) >>> 13) & 0xff))
const file = (name: string, ...parts: (Buffer | number)[]): PlannedEntry => ({ name, type: 'file', content: parts })

const first = [file('a', content(1, 300_000)), file('same', content(2, 5000))]
const second = [file('a', content(3, 300_000)), file('b', content(4, 700)), file('same', content(2, 5000))]

beforeEach(async () => {
  made = await MadeVault.make()
  await made.addPoint(first)
  await made.addPoint(second)
  place = await HealPlace.of(made)
})

afterEach(() => made[Symbol.dispose]())

const flipped = (bit: number) => (bytes: Buffer) => {
  bytes[bit >>> 3] = (bytes[bit >>> 3] as number) ^ (1 << (bit & 7))
  return bytes
}

function flip(name: string, bit: number): void {
  made.store.damage(name, flipped(bit))
}

describe('with a replica', () => {
  test('each small object alone, damaged at any bit, is put again as it was', async () => {
    const small = (await made.names()).filter((name) => !name.endsWith('.tcf'))
    for (const name of small) {
      const whole = await made.store.get(name)
      for (const bit of [randomInt(whole.length * 8), randomInt(whole.length * 8)]) {
        flip(name, bit)
        const { damaged, healed } = await place.heal({ replica: true })
        expect(
          damaged.find(({ object }) => object === name),
          `${name} bit ${bit}`,
        ).toMatchObject({ state: 'healed' })
        expect(healed).toBe(1)
        expect((await made.store.get(name)).equals(whole), `${name} bit ${bit}`).toBe(true)
      }
    }
    await assertInvariants(made.vault)
  }, 120_000)

  test('64 bits of each chunk file: every block that points need is whole again, in a new chunk file', async () => {
    for (const chunk of made.chunkFiles) {
      for (let round = 0; round < 64; round++) {
        const bit = randomInt(chunk.sizeBytes * 8)
        const one = await place.copy()
        one.store.damage(made.objectOf(chunk), flipped(bit))
        const { damaged } = await one.heal({ replica: true })
        expect(
          damaged.map(({ state }) => state),
          `${chunk.kind} bit ${bit}`,
        ).toEqual(['healed'])
        await one.expectUnhurt()
      }
    }
  }, 300_000)

  test('all at once: every chunk file, index segment, point and confirmation', async () => {
    for (const name of await made.names(made.vault.layout.root)) flip(name, 8 * 100)
    const { check } = await place.heal({ replica: true })
    expect(check.damaged.filter(({ state }) => state === 'open')).toEqual([])
    await place.expectUnhurt()
  })

  test('chunk files that are gone', async () => {
    for (const chunk of made.chunkFiles) await made.store.delete(made.objectOf(chunk))
    const { check, damaged } = await place.heal({ replica: true })
    expect(check.damaged.every(({ state }) => state === 'harmless')).toBe(true)
    expect(new Set(damaged.map(({ state }) => state))).toEqual(new Set(['healed']))
    await place.expectUnhurt()
  })
})

describe('without a replica', () => {
  test('a damaged index segment is rebuilt from the tables of its chunk files', async () => {
    const name = made.vault.layout.indexSegment(0)
    flip(name, 900)
    const { damaged } = await place.heal()
    const healed = damaged.find(({ object }) => object === name)
    expect(healed?.state).toBe('healed')
    expect(healed?.done).toContain('from the tables of chunk files (2)')
    await place.expectUnhurt()
  })

  test('an index segment that is gone is made anew, also when it was the last', async () => {
    for (const sequence of [0, 1]) {
      const one = await place.copy()
      await one.store.delete(made.vault.layout.indexSegment(sequence))
      expect((await one.heal()).damaged.map(({ state }) => state)).toEqual(['healed'])
      await one.expectUnhurt()
    }
  })

  test('a confirmation is made anew once its point is proven, and not before', async () => {
    const [point] = made.points
    const name = `${made.vault.layout.point(point?.item as never, 1, point?.id as never)}.ok`
    flip(name, 8 * 90)
    const data = made.chunkFiles.find(({ kind }) => kind === 'data')
    flip(made.objectOf(data as never), 8 * 700)
    const hurt = await place.heal()
    expect(hurt.damaged.find(({ object }) => object === name)?.state).toBe('open')
    flip(made.objectOf(data as never), 8 * 700)
    const { damaged } = await place.heal()
    expect(damaged.find(({ object }) => object === name)).toMatchObject({ state: 'healed' })
    await place.expectUnhurt()
  })

  test('definitions are made anew from what this home knows', async () => {
    for (const name of await made.names(made.vault.layout.definitions)) flip(name, 8 * 90)
    const { check } = await place.heal()
    expect(check.damaged).toEqual([])
    expect((await made.vault.readDefinitions())?.definitions.items.map(({ name }) => name)).toEqual(['docs'])
  })

  test('a header, table or footer costs no block: all of them move to a new chunk file', async () => {
    const data = made.chunkFiles.find(({ kind }) => kind === 'data')
    for (const bit of [8 * 40, ((data?.sizeBytes ?? 0) - 300) * 8]) flip(made.objectOf(data as never), bit)
    const { damaged } = await place.heal()
    expect(damaged.map(({ state }) => state)).toEqual(['healed', 'healed'])
    await place.expectUnhurt()
  })

  test('what no source has makes exactly its points partial, with every missing file; found again, they are whole', async () => {
    const data = made.chunkFiles.filter(({ kind }) => kind === 'data')
    const [one] = data
    const whole = await made.store.get(made.objectOf(one as never))
    await made.store.delete(made.objectOf(one as never))
    const { damaged, markedPartial } = await place.heal()
    expect(damaged).toMatchObject([{ state: 'open', files: ['docs:/src/a', 'docs:/src/same'] }])
    expect(markedPartial).toBe(2)
    const lackOf = async (index: number) => {
      const states = await readPointStates(made.vault)
      const { partial, missing } = states.of(made.points[index]?.id as never)
      return { partial, missing: missing.map(({ path, code }) => `${Buffer.from(path).toString()} ${code}`).sort() }
    }
    expect(await lackOf(0)).toEqual({ partial: true, missing: ['/src/a file.damaged', '/src/same file.damaged'] })
    expect(await lackOf(1)).toEqual({ partial: true, missing: ['/src/same file.damaged'] })
    expect((await place.heal()).markedPartial).toBe(0)
    await made.store.put(made.objectOf(one as never), whole)
    await place.heal()
    expect(await lackOf(0)).toEqual({ partial: false, missing: [] })
  })

  test('from the protected folders, where the bytes are still there: in place, or moved by an insertion', async () => {
    const source = join(made.folder, 'live')
    mkdirSync(source)
    const moved = Buffer.concat([content(7, 600_000), content(8, 600_000)])
    const path = join(source, 'file')
    writeFileSync(path, moved)
    await place.addSplitFile(path)
    const data = made.chunkFiles.at(-2)
    await made.store.delete(made.objectOf(data as never))
    rmSync(path)
    expect((await place.heal({ live: true })).damaged.map(({ state }) => state)).toEqual(['open'])
    writeFileSync(path, Buffer.concat([content(5, 300_000), moved]))
    const shifted = await place.heal({ live: true })
    expect(shifted.check.damaged.flatMap(({ files }) => files).length).toBeLessThan(2)
    writeFileSync(path, moved)
    const { damaged } = await place.heal({ live: true })
    expect(damaged[0]).toMatchObject({ state: 'healed', done: /protected folders/ })
    await place.expectUnhurt()
  })

  test('from the protected folders, where the file has another name in a later point', async () => {
    const source = join(made.folder, 'live')
    mkdirSync(source)
    writeFileSync(join(source, 'before'), content(7, 600_000))
    await place.addSplitFile(join(source, 'before'))
    const data = made.chunkFiles.at(-2)
    renameSync(join(source, 'before'), join(source, 'after'))
    await place.addSplitFile(join(source, 'after'))
    await made.store.delete(made.objectOf(data as never))
    const { damaged } = await place.heal({ live: true })
    expect(damaged.map(({ state }) => state)).toEqual(['healed'])
    await place.expectUnhurt()
  })
})

/**
 * One bit of each small object at once, then the next of each, until the longest is through: all of them in a campaign, else
 * every 53rd from one that chance chooses.
 */
test(
  'every bit of every small object is found, placed and healed from a replica',
  async () => {
    using tiny = await MadeVault.make()
    await tiny.addPoint([file('a', content(1, 40))])
    await tiny.addPoint([file('a', content(2, 40))])
    const { store } = tiny
    const names = (await tiny.names()).filter((name) => !name.endsWith('.tcf'))
    const whole = new Map(await Promise.all(names.map(async (name) => [name, await store.get(name)] as const)))
    const bitsOf = (name: string): number => (whole.get(name)?.length ?? 0) * 8
    const longestBits = Math.max(...names.map(bitsOf))
    const stride = isCampaign ? 1 : 53
    const firstBit = randomInt(stride)
    console.log(`bits ${firstBit}, ${firstBit + stride} … of ${longestBits}, in each of ${names.length} objects`)
    const tinyPlace = await HealPlace.of(tiny)
    for (let bit = firstBit; bit < longestBits; bit += stride) {
      for (const name of names) store.damage(name, flipped(bit % bitsOf(name)))
      const { damaged } = await tinyPlace.heal({ replica: true })
      const healed = damaged.filter(({ state }) => state === 'healed').map(({ object }) => object)
      expect(new Set(healed), `bit ${bit}`).toEqual(new Set(names))
      for (const name of names) {
        expect((await store.get(name)).equals(whole.get(name) ?? Buffer.of()), `${name} bit ${bit}`).toBe(true)
      }
    }
    await assertInvariants(tiny.vault)
  },
  everyBitMs,
)

test('a bad reading of an object that is whole deletes nothing', async () => {
  const names = (await made.names()).filter((name) => !name.endsWith('.tcf'))
  for (const name of names) {
    const { check } = await place.heal({
      replica: true,
      faults: [{ call: 1, fault: 'bit-flip', operation: 'get', namePrefix: name }],
    })
    expect(check.damaged).toEqual([])
    expect(place.deleted, name).toEqual([])
  }
  expect(names.length).toBeGreaterThan(5)
})

test('chunk files in the vault that are not in its index get a place there, where they hold what is lost', async () => {
  const data = made.chunkFiles.find(({ kind }) => kind === 'data')
  const copies = await made.writeNew('data', [...made.tree.fileBlocks])
  expect(copies).toHaveLength(1)
  await made.store.delete(made.objectOf(data as { name: ChunkFileName } as never))
  const { damaged, check } = await place.heal()
  expect(damaged[0]).toMatchObject({ state: 'healed', done: /not in the index/ })
  expect(check.remarks).toEqual([])
  expect(check.index.file((copies[0] as { name: ChunkFileName }).name)).toBeDefined()
  await place.expectUnhurt()
})

test('what a healing leaves behind is told as what it is: taken out of the index, for a clean-up', async () => {
  const data = made.chunkFiles.find(({ kind }) => kind === 'data')
  made.store.damage(made.objectOf(data as { name: ChunkFileName } as never), (bytes) => bytes.fill(1, 600, 700))
  const { check } = await place.heal({ replica: true })
  expect(check.unindexed).toEqual([])
  const { check: later } = await place.heal()
  expect(later.remarks).toEqual([expect.stringMatching(/taken out of the index, and that a clean-up removes: 1, /)])
})
