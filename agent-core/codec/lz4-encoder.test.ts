import { randomBytes } from 'node:crypto'
import * as fc from 'fast-check'
import { compressSync, uncompressSync } from 'lz4-napi'
import { expect, test } from 'vitest'
import { encodeLz4, longestLz4Block } from './lz4-encoder.ts'

const blockSizeBytes = 4 * 1024 * 1024

/** A copy of the block; the reference decoder has given back `raw`, and the format's rules were found kept. */
function encodeAndProve(raw: Uint8Array): Buffer {
  const block = Buffer.from(encodeLz4(raw, longestLz4Block(raw.length)) ?? expect.fail('a block beyond the bound'))
  const prefixed = Buffer.alloc(4 + block.length)
  prefixed.writeUInt32LE(raw.length)
  prefixed.set(block, 4)
  if (raw.length > 0) expect(Buffer.compare(uncompressSync(prefixed), raw)).toBe(0)
  expect(faultsOf(block, raw.length)).toEqual([])
  return block
}

/** What of the block breaks the format's rules, the end-of-block rules above all. */
function faultsOf(block: Uint8Array, rawSizeBytes: number): string[] {
  const faults: string[] = []
  let at = 0
  let rawAt = 0
  let lastMatchStart = -Infinity
  const count = (low: number) => {
    let sum = low
    for (let byte = low === 15 ? 255 : 0; byte === 255; sum += byte) byte = block[at++] ?? 0
    return sum
  }
  for (;;) {
    const token = block[at++] ?? 0
    const literals = count(token >>> 4)
    at += literals
    rawAt += literals
    if (at >= block.length) {
      if (lastMatchStart >= 0 && literals < 5) faults.push(`${literals} literals at the end`)
      break
    }
    const distance = (block[at] ?? 0) | ((block[at + 1] ?? 0) << 8)
    at += 2
    if (distance === 0 || distance > rawAt) faults.push(`distance ${distance} at ${rawAt}`)
    lastMatchStart = rawAt
    rawAt += 4 + count(token & 15)
  }
  if (lastMatchStart > rawSizeBytes - 12) faults.push(`a match begins at ${lastMatchStart} of ${rawSizeBytes}`)
  if (at !== block.length || rawAt !== rawSizeBytes) faults.push(`ends at ${at} and ${rawAt}`)
  return faults
}

/** Words of a small vocabulary, as `seed` has it. */
function textOf(seed: number, sizeBytes: number): Buffer {
  const text = Buffer.alloc(sizeBytes)
  let state = seed
  for (let at = 0; at < sizeBytes; ) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    at += text.write(`${(state >>> 20).toString(36)} `, at, 'latin1') || 1
  }
  return text
}

const pieces = fc.array(
  fc.oneof(
    fc.uint8Array({ maxLength: 80 }),
    fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 20 }), fc.integer({ min: 1, max: 400 })),
    fc.tuple(fc.nat(), fc.nat({ max: 3_000 })).map(([seed, sizeBytes]) => textOf(seed, sizeBytes)),
    fc.nat({ max: 80_000 }).map((sizeBytes) => Buffer.alloc(sizeBytes)),
  ),
  { maxLength: 12 },
)
const anyInput = pieces.map((all) =>
  Buffer.concat(
    all.map((piece) =>
      Array.isArray(piece) ? Buffer.alloc(piece[0].length * piece[1], piece[0]) : Buffer.from(piece),
    ),
  ),
)

test('the reference decoder gives back literals, runs, text and zeros in any order', () => {
  fc.assert(
    fc.property(anyInput, (raw) => void encodeAndProve(raw)),
    { numRuns: 300 },
  )
})

test.each([
  ['zeros', (sizeBytes: number) => Buffer.alloc(sizeBytes)],
  ['random bytes', (sizeBytes: number) => randomBytes(sizeBytes)],
  ['text', (sizeBytes: number) => textOf(sizeBytes, sizeBytes)],
  ['pairs', (sizeBytes: number) => Buffer.alloc(sizeBytes, 'ab')],
  ['a half twice', (sizeBytes: number) => repeatedHalf(sizeBytes)],
] as const)('every short length, and lengths around the borders: %s', (_name, make) => {
  const short = Array.from({ length: 300 }, (_, index) => index)
  const borders = [65_536, 2 * 65_536, blockSizeBytes].flatMap((size) => [
    size - 13,
    size - 1,
    size,
    size + 1,
    size + 13,
  ])
  for (const sizeBytes of [...short, ...borders]) encodeAndProve(make(sizeBytes))
})

/** Random bytes that come a second time: one match, up to the end of the input. */
function repeatedHalf(sizeBytes: number): Buffer {
  const half = randomBytes(Math.ceil(sizeBytes / 2))
  return Buffer.concat([half, half]).subarray(0, sizeBytes)
}

test('matches reach 65,535 bytes back and no further', () => {
  const word = randomBytes(32)
  const apart = (distance: number) => Buffer.concat([word, randomBytes(distance - word.length), word, randomBytes(12)])
  // Zeros between the words: in random bytes the search skips ahead and may not look at the second word.
  const farthest = Buffer.concat([word, Buffer.alloc(65_535 - word.length), word, randomBytes(12)])
  const tooFar = Buffer.concat([word, Buffer.alloc(65_536 - word.length), word, randomBytes(12)])
  expect(encodeAndProve(farthest).length).toBeLessThan(encodeAndProve(tooFar).length)
  for (const distance of [65_534, 65_535, 65_536, 65_537, 131_072]) encodeAndProve(apart(distance))
})

test('what one block was does not change the next', () => {
  const inputs = [textOf(1, 50_000), Buffer.alloc(200_000), randomBytes(70_000), textOf(2, 13), textOf(1, 300_000)]
  const first = inputs.map((raw) => encodeAndProve(raw))
  for (const order of [inputs.toReversed(), inputs]) {
    const again = order.map((raw) => encodeAndProve(raw).equals(first[inputs.indexOf(raw)] ?? Buffer.alloc(0)))
    expect(again).toEqual(order.map(() => true))
  }
})

test('the limit is exact', () => {
  fc.assert(
    fc.property(anyInput, (raw) => {
      const { length } = encodeAndProve(raw)
      expect(encodeLz4(raw, length)?.length).toBe(length)
      expect(encodeLz4(raw, length - 1)).toBe(undefined)
      expect(encodeLz4(raw, -1)).toBe(undefined)
    }),
    { numRuns: 100 },
  )
})

test('random bytes become no longer than the bound', () => {
  for (const sizeBytes of [1, 14, 15, 269, 270, 271, 525, 100_000, blockSizeBytes]) {
    expect(encodeAndProve(randomBytes(sizeBytes)).length).toBeLessThanOrEqual(longestLz4Block(sizeBytes))
  }
})

test('a view into a larger buffer is read from its beginning to its end', () => {
  const whole = textOf(5, 10_000)
  const view = new Uint8Array(whole.buffer, whole.byteOffset + 3, 5_001)
  expect(encodeAndProve(view)).toEqual(encodeAndProve(Buffer.from(view)))
})

test('more than 64 MiB are refused', () => {
  expect(() => encodeLz4(new Uint8Array(64 * 1024 * 1024 + 1), 100)).toThrow(RangeError)
})

test('blocks are no longer than those of a plain LZ4 encoder', () => {
  // Four bytes of length stand before what lz4-napi returns.
  for (const raw of [textOf(9, 1_000_000), Buffer.alloc(1_000_000, 'Tharsis'), Buffer.alloc(300_000)]) {
    expect(encodeAndProve(raw).length).toBeLessThanOrEqual(compressSync(raw).length - 4)
  }
})
