import { mkdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { TestFolder } from '../support/test-home.ts'
import { isMissing, neededBytes, stepsFor, takeRounds } from './corpora.ts'

test('no change of a corpus is made twice, over any number of runs', () => {
  using folder = new TestFolder()
  mkdirSync(folder.at('small'))
  expect([isMissing(folder.path, 'small'), isMissing(folder.path, 'log')]).toEqual([false, true])
  // Found, with an unknown past: beyond all that others may have done to it.
  expect(takeRounds(folder.path, 'small', 3)).toBe(1001)
  expect(takeRounds(folder.path, 'small', 1)).toBe(1007)
  expect(takeRounds(folder.path, 'image', 1)).toBe(1001)
  expect(takeRounds(folder.path, 'small', 1)).toBe(1009)
})

test('space is asked for by the largest corpus, and for what is to be made', () => {
  const run = { corpora: ['log'], missing: [], programCount: 3, rounds: 3, scale: [] } as const
  const log = neededBytes(run)
  expect(log).toBe(512 * 1024 ** 2 * 7)
  expect(neededBytes({ ...run, missing: ['log'] })).toBe(log + 512 * 1024 ** 2)
  const image = neededBytes({ ...run, corpora: ['log', 'image'] })
  expect(image).toBe(8 * log)
  expect(neededBytes({ ...run, corpora: [], scale: [1_000_000, 10] })).toBeGreaterThan(4e9)
})

test('what comes after the change needs the backup of the change', () => {
  expect(stepsFor('office', ['initial', 'restore'])).toEqual(['initial', 'restore', 'touch1pct'])
  expect(stepsFor('image', ['image-inplace', 'restore'])).toEqual(['image-inplace', 'restore'])
  expect(stepsFor('log', ['initial', 'nochange'])).toEqual(['initial', 'nochange'])
})
