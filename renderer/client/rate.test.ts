import { expect, test } from 'vitest'
import type { Progress } from '../../agent-core/contract/index.ts'
import { measureRate, type RateState, remainingSeconds, shareDone } from './rate.ts'

const at = (bytesDone: number, more: Partial<Progress> = {}): Progress => ({
  phase: 'capture',
  filesDone: 0,
  bytesDone,
  bytesExpected: 10_000,
  warnings: 0,
  ...more,
})

function measureAll(progresses: readonly Progress[], stepMs: number): RateState | undefined {
  let state: RateState | undefined
  for (const [step, progress] of progresses.entries()) state = measureRate(state, progress, 1000 + step * stepMs)
  return state
}

test('an even pace is found, and from it the time that remains', () => {
  const state = measureAll([at(0), at(500), at(1000), at(1500)], 500)
  expect(state?.bytesPerSecond).toBeCloseTo(1000)
  expect(remainingSeconds(at(1500), state)).toBeCloseTo(8.5)
})

test('a new phase, a step back and a clock that was set back begin anew', () => {
  const state = measureAll([at(0), at(500)], 500)
  expect(measureRate(state, at(0, { phase: 'transfer' }), 2000).bytesPerSecond).toBeUndefined()
  expect(measureRate(state, at(100), 2000).bytesPerSecond).toBeUndefined()
  expect(measureRate(state, at(600), 1).bytesPerSecond).toBeUndefined()
})

test('events in quick succession do not shake it', () => {
  const state = measureAll([at(0), at(500)], 500)
  expect(measureRate(state, at(90_000), 1510)).toBe(state)
})

test('nothing is said where nothing is known', () => {
  const unknown: Progress = { phase: 'estimate', filesDone: 5, bytesDone: 0, warnings: 0 }
  expect(remainingSeconds(unknown, undefined)).toBeUndefined()
  expect(shareDone(unknown)).toBeUndefined()
  expect(shareDone(at(20_000))).toBe(1)
  expect(shareDone({ ...unknown, filesExpected: 10 })).toBe(0.5)
})
