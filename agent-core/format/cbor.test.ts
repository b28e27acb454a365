import { encode as encodeByLibrary, rfc8949EncodeOptions } from 'cborg'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { isAgentError } from '../base/agent-error.ts'
import { CborFields, type CborValue, cborMap, decodeCbor, encodeArrayHeader, encodeCbor } from './cbor.ts'
import { maxCborDepth } from './cbor-reader.ts'

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const bytes = (text: string) => Buffer.from(text, 'hex')

const { value: anyValue } = fc.letrec<{ value: CborValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.maxSafeInteger(),
    fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 1n }),
    fc.bigInt({ min: -(2n ** 64n), max: -(2n ** 53n) }),
    fc.boolean(),
    fc.constant(null),
    fc.string({ unit: 'grapheme' }),
    fc.uint8Array().map((array) => new Uint8Array(array)),
    fc.array(tie('value'), { maxLength: 5 }),
    fc
      .uniqueArray(fc.tuple(fc.maxSafeNat(), tie('value')), { maxLength: 30, selector: ([key]) => key })
      .map((pairs) => new Map(pairs.sort(([a], [b]) => a - b))),
  ),
}))

test('what is encoded is decoded, and encodes to the same bytes', () => {
  fc.assert(
    fc.property(anyValue, (value) => {
      const encoded = encodeCbor(value)
      const decoded = decodeCbor(encoded, 'value')
      expect(decoded).toEqual(value)
      expect(hex(encodeCbor(decoded))).toBe(hex(encoded))
    }),
  )
})

test('the encoding is that of an independent library with RFC 8949 options', () => {
  fc.assert(
    fc.property(anyValue, (value) => {
      expect(hex(encodeCbor(value))).toBe(hex(encodeByLibrary(value, rfc8949EncodeOptions)))
    }),
  )
})

test('map keys are sorted whatever their order was', () => {
  const map = new Map([
    [300, 'a'],
    [0, 'b'],
    [24, 'c'],
  ])
  expect(hex(encodeCbor(map))).toBe('a30061621818616319012c6161')
})

/** RFC 8949 appendix A, as far as our subset goes. */
test.each([
  ['00', 0],
  ['17', 23],
  ['1818', 24],
  ['1903e8', 1000],
  ['1a000f4240', 1_000_000],
  ['1b000000e8d4a51000', 1_000_000_000_000],
  ['1bffffffffffffffff', 18446744073709551615n],
  ['3bffffffffffffffff', -18446744073709551616n],
  ['20', -1],
  ['3903e7', -1000],
  ['f4', false],
  ['f5', true],
  ['f6', null],
  ['64f0908591', '\u{10151}'],
  ['8301820203820405', [1, [2, 3], [4, 5]]],
  [
    'a201020304',
    new Map([
      [1, 2],
      [3, 4],
    ]),
  ],
])('vector %s', (encoded, value) => {
  expect(decodeCbor(bytes(encoded), 'vector')).toEqual(value)
  expect(hex(encodeCbor(value))).toBe(encoded)
})

test.each([
  ['integer in a longer form', '1817'],
  ['integer in a longer form, 16 bits', '1900ff'],
  ['integer in a longer form, 32 bits', '1a0000ffff'],
  ['integer in a longer form, 64 bits', '1b00000000ffffffff'],
  ['length in a longer form', '580100'],
  ['array header in a longer form', '980100'],
  ['unsorted keys', 'a202000100'],
  ['a key twice', 'a201000100'],
  ['a text key', 'a1616100'],
  ['a negative key', 'a12000'],
  ['a float', 'f93c00'],
  ['a double', 'fb3ff0000000000000'],
  ['a tag', 'c100'],
  ['undefined', 'f7'],
  ['a break', 'ff'],
  ['a simple value', 'f820'],
  ['indefinite bytes', '5f4100ff'],
  ['indefinite array', '9f00ff'],
  ['indefinite map', 'bf0000ff'],
  ['a reserved length', '1c'],
  ['text that is not UTF-8', '62c328'],
  ['a surrogate in UTF-8', '63eda080'],
  ['nothing', ''],
  ['bytes behind', '0000'],
  ['a cut string', '4201'],
  ['a cut array', '8200'],
  ['a huge array', '9bffffffffffffffff'],
  ['a huge array of 32 bits', '9affffffff'],
  ['a huge map', 'baffffffff'],
  ['a huge byte string', '5bffffffffffffffff'],
])('%s is refused', (_, encoded) => {
  expect(() => decodeCbor(bytes(encoded), 'value')).toThrow(expect.objectContaining({ code: 'format.invalid' }))
})

test('nesting is bounded, and a million levels are refused like one too many', () => {
  const nested = (levels: number) => Buffer.concat([Buffer.alloc(levels, 0x81), Buffer.of(0)])
  expect(decodeCbor(nested(maxCborDepth), 'value')).toBeInstanceOf(Array)
  for (const levels of [maxCborDepth + 1, 1_000_000]) {
    expect(() => decodeCbor(nested(levels), 'value')).toThrow('nested too deeply')
  }
})

test('what has no encoding is a bug of the caller', () => {
  for (const value of [1.5, Number.NaN, 2 ** 53, 2n ** 64n, -(2n ** 64n) - 1n, new Map([[-1, 0]])]) {
    expect(() => encodeCbor(value)).toThrow(RangeError)
  }
})

test('byte strings are copies', () => {
  const encoded = Buffer.from('43010203', 'hex')
  const value = decodeCbor(encoded, 'value')
  encoded.fill(0)
  expect(value).toEqual(Uint8Array.of(1, 2, 3))
})

test('an array header is that of the array', () => {
  for (const count of [0, 23, 24, 255, 256, 65_535, 65_536]) {
    const whole = encodeCbor(Array.from({ length: count }, () => 0))
    expect(hex(encodeArrayHeader(count))).toBe(hex(whole.subarray(0, whole.length - count)))
  }
})

test('a field of the wrong type is refused by every getter', () => {
  const fields = new CborFields(
    cborMap([
      [1, -1],
      [2, 'text'],
      [3, Uint8Array.of(1)],
      [4, undefined],
    ]),
    'map',
  )
  const wrong = [
    () => fields.count(1),
    () => fields.integer(2),
    () => fields.bigCount(1),
    () => fields.text(3),
    () => fields.boolean(1),
    () => fields.bytes(2),
    () => fields.bytes(3, 2),
    () => fields.array(3),
    () => fields.fields(4),
    () => fields.count(99),
    () => new CborFields([1], 'map'),
  ]
  for (const get of wrong) expect(get).toThrow(expect.objectContaining({ code: 'format.invalid' }))
  expect(fields.has(4)).toBe(false)
})

test('any bytes are a value or format.invalid', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (any) => {
      try {
        expect(hex(encodeCbor(decodeCbor(any, 'value')))).toBe(hex(any))
      } catch (error) {
        if (!isAgentError(error, 'format.invalid')) throw error
      }
    }),
    { numRuns: 2_000 },
  )
})
