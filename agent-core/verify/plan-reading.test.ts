import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ChunkFileName } from '../contract/ids.ts'
import { chooseByRotation, chooseByShare, oldestUnverified, type ReadableFile } from './plan-reading.ts'

const dayMs = 86_400_000
const days = 30

const nameOf = (number: number) => number.toString(16).padStart(64, '0') as ChunkFileName
const filesOf = (sizes: readonly number[]): ReadableFile[] =>
  sizes.map((sizeBytes, number) => ({ name: nameOf(number), sizeBytes }))

/** A record in memory; verifications that choose by rotation, each at its own time. */
class Rounds {
  readonly begunAtMs: number
  readonly #provenAt = new Map<ChunkFileName, number>()

  constructor(begunAtMs: number) {
    this.begunAtMs = begunAtMs
  }

  provenAtMs(name: ChunkFileName): number | undefined {
    return this.#provenAt.get(name)
  }

  run(files: readonly ReadableFile[], nowMs: number): ReadableFile[] {
    const chosen = chooseByRotation(files, this, { days, nowMs })
    for (const { name } of chosen) this.#provenAt.set(name, nowMs)
    return chosen
  }
}

const sizes = fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 1, maxLength: 200 })

describe('by rotation', () => {
  test('run daily, every file is read once in N days, and a day reads its share', () => {
    fc.assert(
      fc.property(sizes, (lengths) => {
        const files = filesOf(lengths)
        const total = lengths.reduce((sum, length) => sum + length, 0)
        const rounds = new Rounds(0)
        const read = new Set<ChunkFileName>()
        for (let day = 1; day <= days; day++) {
          const chosen = rounds.run(files, day * dayMs)
          const bytes = chosen.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
          expect(bytes).toBeLessThan(total / days + Math.max(...lengths) + 1)
          for (const { name } of chosen) read.add(name)
        }
        expect(read.size).toBe(files.length)
      }),
    )
  })

  test('run at any times, no file waits longer than N days and one interval', () => {
    fc.assert(
      fc.property(
        sizes,
        fc.array(fc.integer({ min: 1, max: 45 }), { minLength: 3, maxLength: 40 }),
        (lengths, gaps) => {
          const files = filesOf(lengths)
          const rounds = new Rounds(0)
          let nowMs = 0
          for (const gap of gaps) {
            nowMs += gap * dayMs
            rounds.run(files, nowMs)
            for (const { name } of files) {
              const since = rounds.provenAtMs(name) ?? rounds.begunAtMs
              expect((nowMs - since) / dayMs).toBeLessThan(days)
            }
          }
        },
      ),
    )
  })

  test('goes on where the last one stopped', () => {
    const files = filesOf(Array.from({ length: 60 }, () => 10))
    const rounds = new Rounds(0)
    const first = rounds.run(files, dayMs).map(({ name }) => name)
    const second = rounds.run(files, dayMs + 1000).map(({ name }) => name)
    expect([first, second]).toEqual([
      [nameOf(0), nameOf(1)],
      [nameOf(2), nameOf(3)],
    ])
  })

  test('a time in the future counts as none', () => {
    const proofs = { begunAtMs: 0, provenAtMs: () => 99 * dayMs }
    expect(chooseByRotation(filesOf([5]), proofs, { days, nowMs: dayMs })).toHaveLength(1)
    expect(oldestUnverified([{ name: nameOf(1), storedAtMs: 7 }], proofs, dayMs)).toEqual({
      sinceMs: 7,
      wasProven: false,
    })
  })
})

test('by share: so many of them, each once', () => {
  let turn = 0
  const random = { bytes: (size: number) => Buffer.alloc(size, turn++) }
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 0, max: 100 }), (count, percent) => {
      const chosen = chooseByShare(
        Array.from({ length: count }, (_, index) => index),
        percent,
        random,
      )
      expect(new Set(chosen).size).toBe(Math.ceil((count * percent) / 100))
      expect(chosen.every((index) => index < count)).toBe(true)
    }),
  )
})

test('the oldest unverified byte: the least of all times', () => {
  const proofs = { provenAtMs: (name: ChunkFileName) => (name === nameOf(0) ? 50 : undefined) }
  const files = [0, 1].map((number) => ({ name: nameOf(number), storedAtMs: 40 + number * 20 }))
  expect(oldestUnverified(files, proofs, 100)).toEqual({ sinceMs: 50, wasProven: true })
  expect(oldestUnverified(files.slice(1), proofs, 100)).toEqual({ sinceMs: 60, wasProven: false })
  expect(oldestUnverified([], proofs, 100)).toBeUndefined()
})
