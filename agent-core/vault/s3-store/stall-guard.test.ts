/** The deadline of a request: only silence ends it. */
import { expect, test } from 'vitest'
import type { Clock } from '../../base/clock.ts'
import { type Guard, guardStalls, StallError } from './stall-guard.ts'

/** A clock whose delays end when the test says so. */
function handClock() {
  let end: (() => void) | undefined
  const clock: Clock = {
    nowMs: () => 0,
    delay: (_ms, signal) =>
      new Promise((resolve, reject) => {
        end = resolve
        signal?.addEventListener('abort', () => reject(signal.reason as Error))
      }),
  }
  const pass = async (): Promise<void> => {
    end?.()
    await new Promise(setImmediate)
  }
  return { clock, pass }
}

/** An act that goes on until its guard ends it. */
function untilAborted(guard: Guard): Promise<never> {
  return new Promise((_, reject) => {
    guard.signal.addEventListener('abort', () => reject(new Error('ended')))
  })
}

test('a request goes on while something moves, and ends with the first silence', async () => {
  const { clock, pass } = handClock()
  let guard: Guard | undefined
  let ended = false
  const running = guardStalls({ clock, stallMs: 1000, signal: undefined }, (given) => {
    guard = given
    return untilAborted(given)
  }).catch((error: unknown) => {
    ended = true
    return error
  })
  for (let round = 0; round < 5; round++) {
    guard?.beat()
    await pass()
    expect(ended).toBe(false)
  }
  await pass()
  expect(await running).toBeInstanceOf(StallError)
})

test('the reason of the caller and that of `fail` come out as they are', async () => {
  const { clock } = handClock()
  const abort = new AbortController()
  const reason = new Error('not wanted any more')
  const running = guardStalls({ clock, stallMs: 1000, signal: abort.signal }, untilAborted)
  abort.abort(reason)
  await expect(running).rejects.toBe(reason)
  const failed = guardStalls({ clock, stallMs: 1000, signal: undefined }, async (guard) => {
    const ended = untilAborted(guard)
    guard.fail(reason)
    return await ended
  })
  await expect(failed).rejects.toBe(reason)
})

test('what an act gives or throws comes out, and its clock is let go', async () => {
  const { clock } = handClock()
  expect(await guardStalls({ clock, stallMs: 1, signal: undefined }, async () => 7)).toBe(7)
  const own = new Error('own')
  await expect(guardStalls({ clock, stallMs: 1, signal: undefined }, () => Promise.reject(own))).rejects.toBe(own)
})
