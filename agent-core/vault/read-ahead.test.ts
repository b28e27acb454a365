import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { readAhead } from './read-ahead.ts'

const mebibyte = 2 ** 20

test('all come in their order, whatever ends first; never more than sixteen, nor 16 MiB beside one', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat({ max: 20 * mebibyte }), { maxLength: 60 }), fc.scheduler(), async (sizes, s) => {
      const inputs = sizes.map((sizeBytes, at) => ({ sizeBytes, at }))
      const held = new Set<(typeof inputs)[number]>()
      const came: number[] = []
      const reading = (async () => {
        for await (const { input, result } of readAhead(inputs, async (one) => {
          held.add(one)
          expect(held.size).toBeLessThanOrEqual(16)
          const bytes = [...held].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
          expect(held.size === 1 || bytes <= 16 * mebibyte).toBe(true)
          return await s.schedule(Promise.resolve(one.at))
        })) {
          came.push(await result)
          held.delete(input)
        }
      })()
      await s.waitFor(reading)
      expect(came).toEqual(inputs.map(({ at }) => at))
    }),
  )
})

test('one that fails is told in its turn, and those behind it come all the same', async () => {
  const came: string[] = []
  const inputs = ['a', 'b', 'c'].map((name) => ({ name, sizeBytes: 1 }))
  for await (const { result } of readAhead(inputs, async ({ name }) => {
    if (name === 'b') throw new Error('gone')
    return name
  })) {
    came.push(await result.catch((error: Error) => error.message))
  }
  expect(came).toEqual(['a', 'gone', 'c'])
})

test('whoever does not wait for a result does not make more be begun', async () => {
  let begun = 0
  let ended = 0
  const inputs = Array.from({ length: 40 }, () => ({ sizeBytes: 1 }))
  for await (const _ of readAhead(inputs, async () => {
    begun++
    await new Promise((resolve) => {
      setImmediate(resolve)
    })
    ended++
  })) {
    expect(begun - ended).toBeLessThanOrEqual(16)
  }
  expect(ended).toBe(40)
})

test('whoever leaves early waits for what was begun', async () => {
  let ended = 0
  const inputs = Array.from({ length: 40 }, () => ({ sizeBytes: 1 }))
  for await (const { result } of readAhead(inputs, async () => {
    await new Promise((resolve) => {
      setImmediate(resolve)
    })
    ended++
  })) {
    await result
    break
  }
  expect(ended).toBe(16)
})
