import { createCipheriv, createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cutsOf, cutterOf } from '../../test/support/cut-bytes.ts'
import { maxBlockSizeBytes } from '../format/chunk-file.ts'
import {
  averageContentBlockSizeBytes,
  createGearTable,
  type GearTable,
  gearWindowSizeBytes,
  looseCutBelow,
  maxContentBlockSizeBytes,
  minContentBlockSizeBytes,
  strictCutBelow,
} from './split-content.ts'

const mebibyte = 1024 ** 2
const gear = createGearTable(seededBytes('gear', 1024))

function seededBytes(seed: string, sizeBytes: number): Buffer {
  const key = createHash('sha256').update(seed).digest()
  return createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(sizeBytes))
}

function lengthsOf(cuts: readonly number[], start = 0): number[] {
  return cuts.map((cut, index) => cut - (cuts[index - 1] ?? start))
}

/** The definition word for word: slow, and free of the fast one's arrangements. */
function cutByDefinition(bytes: Uint8Array, start: number, table: GearTable): number {
  const end = Math.min(bytes.length, start + maxContentBlockSizeBytes)
  for (let cut = start + minContentBlockSizeBytes; cut < end; cut++) {
    let hash = 0
    for (let age = 0; age < gearWindowSizeBytes; age++) {
      hash = (hash + (table[bytes[cut - 1 - age] as number] as number) * 2 ** age) % 2 ** 32
    }
    const below = cut - start < averageContentBlockSizeBytes ? strictCutBelow : looseCutBelow
    if ((hash + 2 ** 32) % 2 ** 32 < below) return cut
  }
  return end
}

test('the limits are those of the chunk file', () => {
  expect(maxContentBlockSizeBytes).toBe(maxBlockSizeBytes)
})

test('the fast scan cuts where the definition cuts', () => {
  const bytes = seededBytes('definition', 3 * mebibyte)
  const cuts = cutsOf(bytes, gear)
  let start = 0
  for (const cut of cuts) {
    expect(cut).toBe(cutByDefinition(bytes, start, gear))
    start = cut
  }
})

test('a cut is found at the minimum, just below and at the average, and at the maximum', () => {
  const table = new Int32Array(256)
  const filler = 1
  table[filler] = -1 // 32 of them hash to 1
  const quiet = 2
  table[quiet] = 0x5bd1_e994 // no other sequence of the two has a small hash
  const bytesWithRun = (endOfRun: number) => {
    const bytes = new Uint8Array(5 * mebibyte).fill(quiet)
    return bytes.fill(filler, endOfRun - 32, endOfRun)
  }
  const cutAt = (endOfRun: number) => cutterOf(bytesWithRun(endOfRun), table).nextCut(0, 5 * mebibyte, true)
  for (const length of [
    minContentBlockSizeBytes,
    minContentBlockSizeBytes + 1,
    averageContentBlockSizeBytes - 1,
    averageContentBlockSizeBytes,
    averageContentBlockSizeBytes + 1,
    maxContentBlockSizeBytes - 1,
    maxContentBlockSizeBytes,
  ]) {
    expect(cutAt(length)).toBe(length)
  }
  for (const length of [averageContentBlockSizeBytes - 1, averageContentBlockSizeBytes]) {
    expect(cutByDefinition(bytesWithRun(length), 0, table)).toBe(length)
  }
  expect(cutAt(minContentBlockSizeBytes - 1)).toBe(maxContentBlockSizeBytes)
  expect(cutAt(maxContentBlockSizeBytes + 1)).toBe(maxContentBlockSizeBytes)
})

test('lengths keep their limits and have about 1 MiB on average', () => {
  const bytes = seededBytes('lengths', 128 * mebibyte)
  const lengths = lengthsOf(cutsOf(bytes, gear))
  expect(lengths.reduce((sum, length) => sum + length, 0)).toBe(bytes.length)
  for (const length of lengths.slice(0, -1)) {
    expect(length).toBeGreaterThanOrEqual(minContentBlockSizeBytes)
    expect(length).toBeLessThanOrEqual(maxContentBlockSizeBytes)
  }
  const mean = bytes.length / lengths.length
  expect(mean).toBeGreaterThan(0.9 * mebibyte)
  expect(mean).toBeLessThan(1.5 * mebibyte)
})

test('every byte value repeated for ever gives blocks of one length and ends', () => {
  for (const value of [0, 1, 0x20, 0xff]) {
    const bytes = new Uint8Array(9 * mebibyte).fill(value)
    const lengths = new Set(lengthsOf(cutsOf(bytes, gear)).slice(0, -1))
    expect([...lengths]).toEqual([
      expect.toSatisfy((length: number) =>
        [minContentBlockSizeBytes, averageContentBlockSizeBytes, maxContentBlockSizeBytes].includes(length),
      ),
    ])
  }
})

test('the answer depends on the block alone, not on the buffer around it', () => {
  const bytes = seededBytes('around', 12 * mebibyte)
  const cuts = cutsOf(bytes, gear)
  fc.assert(
    fc.property(fc.nat(cuts.length - 2), fc.nat(5000), (index, shift) => {
      const start = cuts[index] as number
      const moved = Buffer.concat([seededBytes(`shift ${shift}`, shift), bytes.subarray(start)])
      expect(cutterOf(moved, gear).nextCut(shift, moved.length, true)).toBe((cuts[index + 1] as number) - start + shift)
    }),
    { numRuns: 20 },
  )
})

test('more bytes are asked for only while the block could still go on', () => {
  const bytes = seededBytes('more', 8 * mebibyte)
  const cutter = cutterOf(bytes, gear)
  const cut = cutter.nextCut(0, bytes.length, false)
  expect(cutter.nextCut(0, cut - 1, false)).toBe(0)
  expect(cutter.nextCut(0, cut, false)).toBe(cut)
  expect(cutter.nextCut(0, cut - 1, true)).toBe(cut - 1)
  expect(cutter.nextCut(0, 0, false)).toBe(0)
  expect(cutter.nextCut(7, 8, true)).toBe(8)
  expect(() => cutter.nextCut(8, 8, true)).toThrow(RangeError)
  expect(() => cutter.nextCut(0, bytes.length + 1, true)).toThrow(RangeError)
})

test('cuts return after an insertion or a deletion at the front', () => {
  const bytes = seededBytes('insertion', 48 * mebibyte)
  const cuts = cutsOf(bytes, gear)
  fc.assert(
    fc.property(
      fc.integer({ min: -70_000, max: 70_000 }).filter((shift) => shift !== 0),
      (shift) => {
        const changed =
          shift > 0 ? Buffer.concat([seededBytes(`insert ${shift}`, shift), bytes]) : bytes.subarray(-shift)
        const shifted = new Set(cutsOf(changed, gear).map((cut) => cut - shift))
        const firstCommon = cuts.findIndex((cut) => shifted.has(cut))
        expect(firstCommon).toBeGreaterThanOrEqual(0)
        expect(cuts[firstCommon]).toBeLessThan(24 * mebibyte)
        expect(cuts.slice(firstCommon).every((cut) => shifted.has(cut))).toBe(true)
      },
    ),
    { numRuns: 8 },
  )
})

/** The rule for segments: each is cut as if a block began there; its predecessor goes on until both meet. */
function cutsBySegments(bytes: Uint8Array, segmentSizeBytes: number): number[] {
  const cutter = cutterOf(bytes, gear)
  const segments: number[][] = []
  for (let start = 0; start < bytes.length; start += segmentSizeBytes) {
    const cuts: number[] = []
    for (let at = start; at < Math.min(start + segmentSizeBytes, bytes.length); ) {
      at = cutter.nextCut(at, bytes.length, true)
      cuts.push(at)
    }
    segments.push(cuts)
  }
  const cuts = [...(segments[0] ?? [])]
  for (const [index, own] of segments.slice(1).entries()) {
    const start = (index + 1) * segmentSizeBytes
    const candidates = [start, ...own]
    const end = Math.min(start + segmentSizeBytes, bytes.length)
    let at = cuts.at(-1) ?? 0
    while (at < end && !candidates.includes(at)) {
      at = cutter.nextCut(at, bytes.length, true)
      cuts.push(at)
    }
    if (candidates.includes(at)) cuts.push(...own.filter((cut) => cut > at))
  }
  return cuts
}

test('segments cut on their own give the cuts of one pass', () => {
  const random = seededBytes('segments', 40 * mebibyte)
  const withZeros = Buffer.from(random).fill(0, 9 * mebibyte, 31 * mebibyte)
  fc.assert(
    fc.property(
      fc.boolean(),
      fc.integer({ min: 5 * mebibyte, max: 20 * mebibyte }),
      fc.nat(mebibyte),
      (zeros, segment, cutOff) => {
        const bytes = (zeros ? withZeros : random).subarray(0, random.length - cutOff)
        expect(cutsBySegments(bytes, segment)).toEqual(cutsOf(bytes, gear))
      },
    ),
    { numRuns: 12 },
  )
})

test('another keyspace cuts elsewhere', () => {
  const bytes = seededBytes('lengths', 16 * mebibyte)
  const other = createGearTable(seededBytes('other gear', 1024))
  const common = cutsOf(bytes, other).filter((cut) => cut !== bytes.length && cutsOf(bytes, gear).includes(cut))
  expect(common).toEqual([])
})

test('a gear table is read as little-endian words and has one length', () => {
  const bytes = new Uint8Array(1025)
  bytes.set([0x78, 0x56, 0x34, 0x12, 0xff, 0xff, 0xff, 0xff], 1)
  expect([...createGearTable(bytes.subarray(1)).subarray(0, 3)]).toEqual([0x12345678, -1, 0])
  expect(() => createGearTable(bytes)).toThrow(RangeError)
})
