import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PointTree } from '../../test/support/point-tree.ts'
import { toHex } from '../base/bytes.ts'
import type { DirectorySection, Entry } from '../format/tree.ts'
import { encodeEntry } from '../format/tree.ts'
import { DirectoryBuilder, type PageEngine, type Settled } from './directory-builder.ts'
import { SlotQueue } from './slot-queue.ts'

/** An entry of a directory: its name, and a number that stands for all else of it. */
interface Planned {
  readonly name: string
  readonly version: number
}

function entryOf({ name, version }: Planned): Entry {
  return {
    name: Buffer.from(name),
    type: 'file',
    sizeBytes: version,
    mtime: { sec: version, ns: 0 },
    ctime: { sec: 0, ns: 0 },
    inode: 1n,
    posix: { mode: 0o644, uid: 0, gid: 0, xattrs: [] },
    content: { splitting: { mode: 'content' }, parts: [], sparse: false },
  }
}

class Building {
  readonly point = new PointTree()
  pagesPut = 0
  readonly #engine: PageEngine = {
    isFull: false,
    room: () => Promise.resolve(),
    putTree: (page) => {
      this.pagesPut++
      return this.point.put(page)
    },
  }

  builder(previous: DirectorySection | undefined): DirectoryBuilder {
    const keepPage = (id: Uint8Array, page: Uint8Array) => expect(toHex(this.point.put(page))).toBe(toHex(id))
    return new DirectoryBuilder({ engine: this.#engine, tree: this.point.tree, keepPage }, previous)
  }

  /** As a walk does: in the order of the names, with what was there before; some entries come late. */
  async build(
    now: readonly Planned[],
    before: readonly Planned[] = [],
    previous?: DirectorySection,
    isLate: (name: string) => boolean = () => false,
  ): Promise<DirectorySection> {
    const queue = new SlotQueue(this.builder(previous))
    const nowByName = new Map(now.map((planned) => [planned.name, planned]))
    const beforeByName = new Map(before.map((planned) => [planned.name, planned]))
    for (const name of [...new Set([...nowByName.keys(), ...beforeByName.keys()])].sort(byBytes)) {
      const planned = nowByName.get(name)
      const old = beforeByName.get(name)
      if (planned === undefined) {
        await queue.markChanged()
        continue
      }
      const settled: Settled = { encoded: encodeEntry(entryOf(planned)), sizeBytes: planned.version, entriesBelow: 0 }
      const slot = { name: Buffer.from(name), previous: old && encodeEntry(entryOf(old)) }
      await queue.add(isLate(name) ? { ...slot, later: Promise.resolve(settled) } : { ...slot, now: settled })
    }
    return await queue.finish()
  }
}

const byBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b))
const listOf = fc.uniqueArray(
  fc.record({
    name: fc.integer({ min: 0, max: 400 }).map((number) => `n${number}`),
    version: fc.integer({ min: 0, max: 1 }),
  }),
  { selector: ({ name }) => name, maxLength: 300 },
)

test('property: the result is that of building from nothing, whatever was there before', async () => {
  await fc.assert(
    fc.asyncProperty(listOf, listOf, fc.integer({ min: 1, max: 9 }), async (before, now, modulus) => {
      const building = new Building()
      const previous = await building.build(before)
      const isLate = (name: string) => name.length % modulus === 0
      const result = await building.build(now, before, previous, isLate)
      expect(result).toEqual(await new Building().build(now))
      expect(result.entriesBelow).toBe(now.length)
      expect(result.bytesBelow).toBe(now.reduce((sum, { version }) => sum + version, 0))
    }),
    { numRuns: 60 },
  )
})

const many = Array.from({ length: 1000 }, (_, index) => ({
  name: `entry ${String(index).padStart(4, '0')}`,
  version: 1,
}))

test('an unchanged directory keeps its section and puts no page', async () => {
  const building = new Building()
  const previous = await building.build(many)
  building.pagesPut = 0
  expect(await building.build(many, many, previous)).toBe(previous)
  expect(building.pagesPut).toBe(0)
})

test('one change of many makes about one new page a level', async () => {
  const building = new Building()
  const previous = await building.build(many)
  const pages = building.point.blocks.size
  const changed = many.map((planned, index) => (index === 500 ? { ...planned, version: 2 } : planned))
  await building.build(changed, many, previous)
  expect(building.point.blocks.size - pages).toBeLessThanOrEqual((previous.list?.level ?? 0) + 1)
})

test('the last entry gone, or all of them, is a change', async () => {
  const building = new Building()
  const previous = await building.build(many)
  const shorter = await building.build(many.slice(0, -1), many, previous)
  expect(shorter).toEqual(await new Building().build(many.slice(0, -1)))
  expect(await building.build([], many, previous)).toEqual({ entriesBelow: 0, bytesBelow: 0 })
  expect(await building.build([])).toEqual({ entriesBelow: 0, bytesBelow: 0 })
})

test('entries below and bytes of folders count', async () => {
  const building = new Building()
  const builder = building.builder(undefined)
  await builder.add(
    Buffer.from('a'),
    { encoded: encodeEntry(entryOf({ name: 'a', version: 1 })), sizeBytes: 70, entriesBelow: 6 },
    undefined,
  )
  expect(builder.finish()).toMatchObject({ entriesBelow: 7, bytesBelow: 70 })
})
