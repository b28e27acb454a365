import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeArrayHeader, encodeCbor } from './cbor.ts'
import { EntryGlances } from './entry-glance.ts'
import { type Entry, encodeEntry } from './tree.ts'

const time = fc.record({ sec: fc.integer({ min: -(2 ** 40), max: 2 ** 40 }), ns: fc.nat(999_999_999) })
const name = fc.uint8Array({ minLength: 1, maxLength: 20 }).map((bytes) => bytes.map((byte) => (byte % 200) + 48))
const posix = fc.record({
  mode: fc.nat(0o7777),
  uid: fc.nat(),
  gid: fc.nat(),
  xattrs: fc.array(fc.record({ name: fc.uint8Array({ minLength: 1 }), value: fc.uint8Array() }), { maxLength: 2 }),
})
const common = { name, mtime: time, ctime: time, inode: fc.bigInt(0n, 2n ** 64n - 1n), posix }
const id = fc.uint8Array({ minLength: 32, maxLength: 32 })
const entry: fc.Arbitrary<Entry> = fc.oneof(
  fc.record({
    ...common,
    birth: time,
    type: fc.constant('file' as const),
    sizeBytes: fc.nat(),
    content: fc.record({
      splitting: fc.constant({ mode: 'content' as const }),
      parts: fc.array(fc.record({ sizeBytes: fc.integer({ min: 1, max: 99 }), id }), { maxLength: 3 }),
      sparse: fc.boolean(),
    }),
  }),
  fc.record({ ...common, type: fc.constant('symlink' as const), linkTarget: fc.uint8Array({ minLength: 1 }) }),
  fc.record({
    ...common,
    type: fc.constant('directory' as const),
    directory: fc.record({ entriesBelow: fc.nat(), bytesBelow: fc.nat() }),
  }),
)

function pageOf(encoded: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat([encodeArrayHeader(2), encodeCbor(0), encodeArrayHeader(encoded.length), ...encoded])
}

test('what a glance sees is what the entry holds', () => {
  fc.assert(
    fc.property(fc.array(entry, { minLength: 1, maxLength: 5 }), (entries) => {
      const encoded = entries.map(encodeEntry)
      const glances = new EntryGlances(pageOf(encoded), 'page')
      for (const [index, expected] of entries.entries()) {
        expect(glances.next()).toBe(true)
        const { type, inode, sizeBytes, mtimeSec, mtimeNs, ctimeSec, ctimeNs, hasContent } = glances
        expect({ type, inode, sizeBytes, hasContent }).toEqual({
          type: expected.type,
          inode: expected.inode,
          sizeBytes: expected.sizeBytes ?? 0,
          hasContent: expected.content !== undefined,
        })
        expect([mtimeSec, mtimeNs]).toEqual([expected.mtime.sec, expected.mtime.ns])
        expect([ctimeSec, ctimeNs]).toEqual([expected.ctime.sec, expected.ctime.ns])
        expect(Buffer.from(glances.encoded)).toEqual(Buffer.from(encoded[index] as Uint8Array))
        expect(encodeEntry(glances.decode())).toEqual(encoded[index])
      }
      expect(glances.next()).toBe(false)
    }),
  )
})

test('names are compared byte by byte', () => {
  fc.assert(
    fc.property(name, name, (mine, other) => {
      const file = { type: 'symlink' as const, linkTarget: Buffer.of(1), mtime: { sec: 0, ns: 0 } }
      const one: Entry = { ...file, name: mine, ctime: file.mtime, inode: 1n, posix: noPosix }
      const glances = new EntryGlances(pageOf([encodeEntry(one)]), 'page')
      glances.next()
      expect(Math.sign(glances.compareName(Buffer.from(other).toString('latin1')))).toBe(Buffer.compare(mine, other))
      expect(Buffer.from(glances.name)).toEqual(Buffer.from(mine))
    }),
  )
})

const noPosix = { mode: 0o644, uid: 0, gid: 0, xattrs: [] }

describe('what is no page of entries is refused', () => {
  const whole = pageOf([
    encodeEntry({
      name: Buffer.from('a'),
      type: 'symlink',
      linkTarget: Buffer.of(1),
      inode: 1n,
      posix: noPosix,
      mtime: { sec: 0, ns: 0 },
      ctime: { sec: 0, ns: 0 },
    }),
  ])
  const readAll = (bytes: Uint8Array) => () => {
    const glances = new EntryGlances(bytes, 'page')
    while (glances.next());
  }
  test('cut off anywhere', () => {
    expect(readAll(whole)).not.toThrow()
    for (let length = 0; length < whole.length; length++) {
      expect(readAll(whole.subarray(0, length)), `${length} bytes`).toThrow(
        expect.objectContaining({ code: 'format.invalid' }),
      )
    }
  })
  test('hostile bytes end in an error or in entries, never in a loop', () => {
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), (at, value) => {
        const changed = Buffer.from(whole)
        changed[at] = value
        try {
          readAll(changed)()
        } catch (error) {
          expect(error).toMatchObject({ code: 'format.invalid' })
        }
        expect(changed).toHaveLength(whole.length)
      }),
    )
  })
})
