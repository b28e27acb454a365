import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { type CborMap, type CborValue, decodeCbor, encodeCbor } from './cbor.ts'
import { nameHash } from './paged-list.ts'
import {
  decodeEntry,
  decodePart,
  type Entry,
  encodeEntry,
  encodePart,
  entryElement,
  isComponent,
  type Part,
  type Timestamp,
} from './tree.ts'

const invalid: unknown = expect.objectContaining({ code: 'format.invalid' })
const plain = (options: fc.IntArrayConstraints) => fc.uint8Array(options).map((array) => new Uint8Array(array))
const uint32 = fc.nat({ max: 0xffff_ffff })
const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
const id = plain({ minLength: 32, maxLength: 32 })
const time: fc.Arbitrary<Timestamp> = fc.record({ sec: fc.maxSafeInteger(), ns: fc.nat({ max: 999_999_999 }) })
const list = fc.record({ id, level: fc.nat({ max: 10 }), count: fc.maxSafeNat(), totalBytes: fc.maxSafeNat() })
const part: fc.Arbitrary<Part> = fc.record({
  sizeBytes: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  id: fc.option(id),
})
const posix = fc.record(
  {
    mode: fc.nat({ max: 0o7777 }),
    uid: uint32,
    gid: uint32,
    xattrs: fc.array(fc.record({ name: plain({ maxLength: 30 }), value: plain({ maxLength: 50 }) }), { maxLength: 3 }),
    device: fc.record({ major: uint32, minor: uint32 }),
  },
  { requiredKeys: ['mode', 'uid', 'gid', 'xattrs'] },
)
const name = plain({ minLength: 1, maxLength: 255 })
  .map((bytes) => bytes.map((byte) => (byte === 0 || byte === 0x2f ? 0x61 : byte)))
  .filter(isComponent)
const common = { name, mtime: time, ctime: time, inode: uint64, posix }
const optional = {
  birth: time,
  linkGroup: fc.record({ volume: fc.maxSafeNat(), inode: uint64 }),
  origin: fc.record({ path: plain({ maxLength: 50 }), fileSystem: fc.string({ unit: 'grapheme' }) }),
}
const requiredKeys = ['name', 'type', 'mtime', 'ctime', 'inode', 'posix'] as const
const content = fc.record({
  splitting: fc.oneof(
    fc.constant({ mode: 'content' as const }),
    fc.record({ mode: fc.constant('fixed' as const), grainBytes: fc.constantFrom(65_536, 262_144, 1_048_576) }),
  ),
  parts: fc.oneof(fc.array(part, { maxLength: 5 }), list),
  sparse: fc.boolean(),
})
const directory = fc.record(
  { list, entriesBelow: fc.maxSafeNat(), bytesBelow: fc.maxSafeNat() },
  { requiredKeys: ['entriesBelow', 'bytesBelow'] },
)
const anyEntry: fc.Arbitrary<Entry> = fc.oneof(
  fc.record(
    { ...common, ...optional, type: fc.constant('file' as const), sizeBytes: fc.maxSafeNat(), content },
    { requiredKeys: [...requiredKeys, 'sizeBytes', 'content'] },
  ),
  fc.record(
    { ...common, ...optional, type: fc.constant('directory' as const), directory },
    { requiredKeys: [...requiredKeys, 'directory'] },
  ),
  fc.record(
    { ...common, ...optional, type: fc.constant('symlink' as const), linkTarget: plain({ maxLength: 99 }) },
    { requiredKeys: [...requiredKeys, 'linkTarget'] },
  ),
  fc.record(
    {
      ...common,
      ...optional,
      type: fc.constantFrom('fifo' as const, 'socket' as const, 'character-device' as const, 'block-device' as const),
    },
    { requiredKeys: [...requiredKeys] },
  ),
)

test('entries are read back and have one encoding', () => {
  fc.assert(
    fc.property(anyEntry, (entry) => {
      const encoded = encodeEntry(entry)
      const decoded = decodeEntry(decodeCbor(encoded, 'entry'), 'entry')
      expect(decoded).toEqual(entry)
      expect(encodeEntry(decoded)).toEqual(encoded)
    }),
    { numRuns: 500 },
  )
})

test('an element counts the bytes of its file or of all files below', () => {
  fc.assert(
    fc.property(anyEntry, (entry) => {
      const { key, hash, sizeBytes } = entryElement(entry)
      expect([key, hash, sizeBytes]).toEqual([
        entry.name,
        nameHash(entry.name),
        entry.sizeBytes ?? entry.directory?.bytesBelow ?? 0,
      ])
    }),
  )
})

test('parts are read back, and what is no part is refused', () => {
  fc.assert(
    fc.property(part, (value) => {
      expect(decodePart(decodeCbor(encodeCbor(encodePart(value)), 'part'), 'part')).toEqual(value)
    }),
  )
  const block = new Uint8Array(32)
  for (const wrong of [[], [0], [-1], [1, block, 0], [1, block.subarray(1)], [1, 'id'], 7, ['1']] as CborValue[]) {
    expect(() => decodePart(wrong, 'part')).toThrow(invalid)
  }
})

test.each(['', '.', '..', 'a/b', '/', 'a\0', 'x'.repeat(1025)])('%j is no component', (text) => {
  expect(isComponent(Buffer.from(text))).toBe(false)
})

test.each(['...', '.a', '-rf', 'a\nb', ' ', 'a.', 'x'.repeat(1024), 'CON', '\\'])('%j is a component', (text) => {
  expect(isComponent(Buffer.from(text))).toBe(true)
})

const block = new Uint8Array(32)
const file: Entry = {
  name: Buffer.from('file'),
  type: 'file',
  mtime: { sec: 1, ns: 2 },
  ctime: { sec: 1, ns: 2 },
  inode: 1n,
  posix: { mode: 0o600, uid: 0, gid: 0, xattrs: [] },
  sizeBytes: 3,
  content: { splitting: { mode: 'fixed', grainBytes: 65_536 }, parts: [{ sizeBytes: 3, id: block }], sparse: false },
}

/** The map of `file` with the field at `path` set, or removed when `value` is undefined. */
function changed(path: readonly number[], value: CborValue | undefined): CborMap {
  const change = (map: CborMap, [key, ...rest]: readonly number[]): CborMap => {
    const copy = new Map(map)
    const next = rest.length > 0 ? change(map.get(key as number) as CborMap, rest) : value
    if (next === undefined) copy.delete(key as number)
    else copy.set(key as number, next)
    return copy
  }
  return change(decodeCbor(encodeEntry(file), 'entry') as CborMap, path)
}

test.each<readonly [string, readonly number[], CborValue | undefined]>([
  ['without a name', [0], undefined],
  ['with a path for a name', [0], Buffer.from('../x')],
  ['of unknown type', [1], 99],
  ['a file without a length', [2], undefined],
  ['of negative length', [2], -1],
  ['a time of seconds only', [3], [1]],
  ['a time of three numbers', [3], [1, 2, 3]],
  ['with a second of nanoseconds', [4], [1, 1_000_000_000]],
  ['with negative nanoseconds', [4], [1, -1]],
  ['with a negative inode', [6], -1],
  ['without its posix section', [7], undefined],
  ['with permissions beyond all', [7, 0], 0o10000],
  ['with a device of one number', [7, 4], [8]],
  ['with a device of text', [7, 4], ['8', '1']],
  ['with an attribute without value', [7, 3], [[Buffer.from('user.x')]]],
  ['a file without content', [8], undefined],
  ['of unknown splitting', [8, 0], 3],
  ['with a grain of 0', [8, 1], 0],
  ['with a grain beyond all blocks', [8, 1], 2 ** 23],
  ['with parts and a list of parts', [8, 3], [block, 1, 1, 3]],
  ['with a link group of one number', [10], [1]],
  ['with a negative link group', [10], [1, -1n]],
  ['a symbolic link without a target', [1], 2],
  ['a directory without its section', [1], 1],
])('an entry %s is refused', (_, path, value) => {
  expect(() => decodeEntry(changed(path, value), 'entry')).toThrow(invalid)
})

test('unknown keys are ignored, so that a later version can add them', () => {
  const later = new Map([...changed([99], [1, 2]), [7, changed([7, 50], 'x').get(7)]] as [number, CborValue][])
  const encoded = encodeCbor(later)
  expect(encodeEntry(decodeEntry(decodeCbor(encoded, 'entry'), 'entry'))).toEqual(encodeEntry(file))
})
