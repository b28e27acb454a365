import { createHash } from 'node:crypto'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeCbor, encodeCbor } from './cbor.ts'
import {
  decodeListRef,
  decodePage,
  encodeListRef,
  idHash,
  type ListElement,
  type ListRef,
  maxElementSizeBytes,
  maxPageElements,
  maxPageLevel,
  maxPageSizeBytes,
  minPageElements,
  nameHash,
  PagedListBuilder,
} from './paged-list.ts'

type Pages = ReadonlyMap<string, Uint8Array>
interface List {
  readonly ref: ListRef | undefined
  readonly pages: Pages
}

function build(elements: Iterable<ListElement>, leafBits = 6): List {
  const pages = new Map<string, Uint8Array>()
  const builder = new PagedListBuilder(leafBits, (page) => {
    const id = createHash('sha256').update(page).digest()
    pages.set(id.toString('hex'), page)
    return id
  })
  for (const element of elements) builder.add(element)
  return { ref: builder.finish(), pages }
}

function element(name: string, value = 0): ListElement {
  const key = Buffer.from(name)
  return { encoded: encodeCbor([key, value]), key, hash: nameHash(key), sizeBytes: value }
}

/** All elements in order, as their encoded bytes in hex; checks every sum and key on the way. */
function walk(pages: Pages, ref: ListRef | undefined): string[] {
  if (ref === undefined) return []
  const read = (id: Uint8Array, level: number): { keys: string[]; found: string[] } => {
    const page = decodePage(pages.get(Buffer.from(id).toString('hex')) as Uint8Array, level, 'page')
    if (!('links' in page)) {
      const found = page.elements.map(({ encoded }) => Buffer.from(encoded).toString('hex'))
      return { keys: page.elements.map(({ value }) => String((value as readonly unknown[])[0])), found }
    }
    const found: string[] = []
    const keys: string[] = []
    for (const link of page.links) {
      const below = read(link.id, level - 1)
      expect(below.found.length).toBe(link.count)
      expect(String(link.key)).toBe(below.keys.at(-1))
      found.push(...below.found)
      keys.push(...below.keys)
    }
    return { keys, found }
  }
  return read(ref.id, ref.level).found
}

const encodedOf = (elements: readonly ListElement[]) =>
  elements.map(({ encoded }) => Buffer.from(encoded).toString('hex'))
const names = (count: number) => Array.from({ length: count }, (_, index) => `name-${String(index).padStart(7, '0')}`)

test('a list is read back in its order, with its sums', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.string({ minLength: 1, maxLength: 12 }), { maxLength: 400 }),
      fc.nat(99),
      (all, value) => {
        const elements = all.map((name) => element(name, value))
        const { ref, pages } = build(elements, 2)
        expect(walk(pages, ref)).toEqual(encodedOf(elements))
        expect(ref?.count ?? 0).toBe(all.length)
        expect(ref?.totalBytes ?? 0).toBe(all.length * value)
      },
    ),
  )
})

test('no list has a topmost page with a single link', () => {
  for (let count = 1; count < 3_000; count += 37) {
    const { ref, pages } = build(
      names(count).map((name) => element(name)),
      2,
    )
    if (ref === undefined) throw new Error('an empty list')
    const top = decodePage(pages.get(Buffer.from(ref.id).toString('hex')) as Uint8Array, ref.level, 'page')
    if ('links' in top) expect(top.links.length).toBeGreaterThan(1)
  }
  expect(build([]).ref).toBeUndefined()
})

test('equal lists give equal pages, whatever was built before', () => {
  const elements = names(5_000).map((name) => element(name))
  const once = build(elements)
  build(elements.slice(100))
  const again = build([...elements])
  expect(again.ref).toEqual(once.ref)
  expect([...again.pages.keys()]).toEqual([...once.pages.keys()])
})

test('one change among 10,000 entries makes few new pages', () => {
  const all = names(10_000)
  const before = build(all.map((name) => element(name)))
  const levels = (before.ref as ListRef).level + 1
  expect(levels).toBeGreaterThan(1)
  const newPages = (elements: readonly ListElement[]) =>
    [...build(elements).pages.keys()].filter((id) => !before.pages.has(id)).length
  const counts: number[] = []
  for (let position = 3; position < all.length; position += 487) {
    const changed = all.map((name, index) => element(name, index === position ? 1 : 0))
    expect(newPages(changed)).toBe(levels)
    counts.push(newPages(all.toSpliced(position, 1).map((name) => element(name))))
    counts.push(newPages(all.toSpliced(position, 0, `${all[position - 1]}x`).map((name) => element(name))))
  }
  expect(Math.max(...counts)).toBeLessThanOrEqual(levels + 2)
})

test('without a border pages are cut at 4,096 elements or 64 KiB', () => {
  const small = Array.from({ length: 10_000 }, (_, index) => ({
    encoded: encodeCbor(1_000 + index),
    key: new Uint8Array(0),
    hash: 1,
    sizeBytes: 1,
  }))
  const counts = leaves(build(small)).map((page) => page.elements.length)
  expect(counts).toEqual([maxPageElements, maxPageElements, 10_000 - 2 * maxPageElements])
  const large = Array.from({ length: 100 }, () => ({
    ...(small[0] as ListElement),
    encoded: encodeCbor(new Uint8Array(10_000)),
  }))
  for (const [id, page] of build(large).pages) {
    expect([id, page.length < maxPageSizeBytes + 10_000 + 16]).toEqual([id, true])
  }
})

test('crafted hashes make neither endless recursion nor deep lists', () => {
  for (const hash of [0, 0x8000_0000]) {
    const crafted = names(20_000).map((name) => ({ ...element(name), hash }))
    const { ref, pages } = build(crafted)
    expect(ref?.level).toBeLessThanOrEqual(4)
    expect(pages.size).toBeLessThanOrEqual(20_000 / (minPageElements - 1) + 4)
    expect(walk(pages, ref)).toEqual(encodedOf(crafted))
  }
})

test('the longest element fits, a longer one is a bug of the caller', () => {
  const long = { ...element('long'), encoded: encodeCbor([new Uint8Array(maxElementSizeBytes - 6)]) }
  expect(long.encoded.length).toBe(maxElementSizeBytes)
  const { ref, pages } = build([...names(15).map((name) => element(name)), long])
  expect(walk(pages, ref).length).toBe(16)
  expect(() => build([{ ...long, encoded: new Uint8Array(maxElementSizeBytes + 1) }])).toThrow(RangeError)
})

test('the hashes are those of docs/format/trees.md', () => {
  const reference = (name: Uint8Array): number => {
    const mask = 0xffff_ffffn
    let hash = 0x811c9dc5n
    for (const byte of name) hash = ((hash ^ BigInt(byte)) * 0x01000193n) & mask
    hash = ((hash ^ (hash >> 16n)) * 0x85ebca6bn) & mask
    hash = ((hash ^ (hash >> 13n)) * 0xc2b2ae35n) & mask
    return Number(hash ^ (hash >> 16n))
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (name) => {
      expect(nameHash(name)).toBe(reference(name))
    }),
  )
  expect(idHash(Uint8Array.of(1, 2, 3, 0xff, 5))).toBe(0xff030201)
})

test('a list reference is read back; one that is too deep is refused', () => {
  const ref = { id: new Uint8Array(32).fill(1), level: maxPageLevel, count: 2 ** 53 - 1, totalBytes: 0 }
  const value = encodeListRef(ref)
  expect(decodeListRef(decodeCbor(encodeCbor(value), 'ref'), 'ref')).toEqual(ref)
  for (const wrong of [
    encodeListRef({ ...ref, level: maxPageLevel + 1 }),
    [],
    undefined,
    [1, 0, 0, 0],
    encodeListRef({ ...ref, count: -1 }),
  ]) {
    expect(() => decodeListRef(wrong, 'ref')).toThrow(expect.objectContaining({ code: 'format.invalid' }))
  }
})

test.each([
  ['another level', encodeCbor([1, [[Buffer.alloc(0), Buffer.alloc(32), 1, 1]]])],
  ['no elements', encodeCbor([0, []])],
  ['too many elements', encodeCbor([0, Array.from({ length: maxPageElements + 1 }, () => 0)])],
  ['not an array', encodeCbor(0)],
  ['a third field', encodeCbor([0, [0], 0])],
  ['a level that is no number', encodeCbor(['0', [0]])],
  ['bytes behind', Buffer.concat([encodeCbor([0, [0]]), Buffer.of(0)])],
  ['a page longer than any', encodeCbor([0, [new Uint8Array(maxPageSizeBytes + maxElementSizeBytes + 64)]])],
])('a page with %s is refused', (_, page) => {
  expect(() => decodePage(page, 0, 'page')).toThrow(expect.objectContaining({ code: 'format.invalid' }))
})

test('100,000 elements are decoded in bounded time', () => {
  const value = [1_700_000_000, 123_456_789, new Uint8Array(32), 12_345]
  const { pages } = build(
    names(100_000).map((name) => ({ ...element(name), encoded: encodeCbor([name, value, value, value]) })),
  )
  const started = performance.now()
  const count = leaves({ ref: undefined, pages }).reduce((sum, page) => sum + page.elements.length, 0)
  expect(count).toBe(100_000)
  // Ten times what an idle machine needs: a quadratic decoder would take minutes.
  expect(performance.now() - started).toBeLessThan(3_000)
})

function leaves({ pages }: List) {
  const level0 = [...pages.values()].filter((page) => page[1] === 0)
  return level0.map((bytes) => {
    const page = decodePage(bytes, 0, 'page')
    if ('links' in page) throw new Error('not a page of elements')
    return page
  })
}
