import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BlockSet } from './block-set.ts'

/** Few different beginnings, so that many ids want the same slot. */
const crowded = fc
  .tuple(fc.integer({ min: 0, max: 7 }), fc.uint8Array({ minLength: 28, maxLength: 28 }))
  .map(([first, rest]) => Buffer.concat([Buffer.of(first, 0, 0, 0), rest]))
const spread = fc.uint8Array({ minLength: 32, maxLength: 32 }).filter((id) => id.some((byte) => byte !== 0))

test('property: holds what a Set holds', () => {
  const arbitrary = fc.array(fc.oneof(crowded, spread), { maxLength: 300 })
  fc.assert(
    fc.property(arbitrary, arbitrary, (added, asked) => {
      const set = new BlockSet()
      const model = new Set<string>()
      for (const id of added) {
        const key = Buffer.from(id).toString('hex')
        expect(set.add(id)).toBe(!model.has(key))
        model.add(key)
      }
      expect(set.size).toBe(model.size)
      for (const id of [...added, ...asked]) expect(set.has(id)).toBe(model.has(Buffer.from(id).toString('hex')))
    }),
    { numRuns: 50 },
  )
})

test('grows far beyond its first size', () => {
  const set = new BlockSet()
  const idOf = (number: number) => createHash('sha256').update(`${number}`).digest()
  for (let number = 0; number < 20_000; number++) expect(set.add(idOf(number))).toBe(true)
  expect(set.size).toBe(20_000)
  for (let number = 0; number < 20_000; number++) if (!set.has(idOf(number))) throw new Error(`lost ${number}`)
  for (let number = 20_000; number < 21_000; number++) if (set.has(idOf(number))) throw new Error(`made up ${number}`)
})

test('an id is copied', () => {
  const set = new BlockSet()
  const id = Buffer.alloc(32, 1)
  set.add(id)
  id.fill(2)
  expect(set.has(Buffer.alloc(32, 1))).toBe(true)
  expect(set.has(id)).toBe(false)
})
