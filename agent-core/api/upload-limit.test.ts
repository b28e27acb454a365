/** The pace of uploads follows the settings and the hours, also of an upload that is under way. */
import { expect, test } from 'vitest'
import { TestHome } from '../../test/support/test-home.ts'
import type { Clock } from '../base/clock.ts'
import { changeSettings } from './setting-verbs.ts'
import { createUploadPace } from './upload-limit.ts'

/** Time passes only while somebody waits, or is told to. */
function createWaitingClock(startMs: number) {
  let nowMs = startMs
  const clock: Clock = {
    nowMs: () => nowMs,
    delay: async (ms) => {
      nowMs += ms
    },
  }
  return { clock, pass: (ms: number) => (nowMs += ms) }
}

const thursday = Date.parse('2026-11-26T16:50:00Z')

test('a limit that is set, changed or given up counts for the upload under way', async () => {
  using home = new TestHome()
  const { clock, pass } = createWaitingClock(thursday)
  const deps = { ...home.deps, clock }
  const paceNow = createUploadPace(deps.state, clock, 'UTC')
  expect(paceNow()).toBeUndefined()
  await changeSettings(deps, { uploadLimit: 100_000 })
  const pace = paceNow()
  if (pace === undefined) throw new Error('there is a limit')
  const secondsFor = async (sizeBytes: number): Promise<number> => {
    pass(1000)
    const begunMs = clock.nowMs()
    for (let sent = 0; sent < sizeBytes; sent += 5000) await pace.take(5000)
    return Math.round((clock.nowMs() - begunMs) / 1000)
  }
  expect(await secondsFor(1_000_000)).toBe(10)
  await changeSettings(deps, { uploadLimit: 500_000 })
  expect([await secondsFor(5_000_000), pace.bytesPerSecond]).toEqual([10, 500_000])
  await changeSettings(deps, { uploadLimit: null })
  expect(await secondsFor(5_000_000)).toBe(0)
  expect(paceNow()).toBeUndefined()
})

test('in work hours their own limit counts, and ends with them', async () => {
  using home = new TestHome()
  const { clock, pass } = createWaitingClock(thursday)
  const deps = { ...home.deps, clock }
  const paceNow = createUploadPace(deps.state, clock, 'UTC')
  await changeSettings(deps, { uploadLimit: 1_000_000, workUploadLimit: 64_000 })
  expect(paceNow()?.bytesPerSecond).toBe(64_000)
  pass(10 * 60_000)
  expect(paceNow()?.bytesPerSecond).toBe(1_000_000)
  await changeSettings(deps, { workHours: { days: ['thu'], from: '17:00', to: '17:30' } })
  pass(1000)
  expect(paceNow()?.bytesPerSecond).toBe(64_000)
  await changeSettings(deps, { uploadLimit: null, workHours: null })
  expect(paceNow()).toBeUndefined()
  await expect(changeSettings(deps, { workHours: { days: [], from: '09:00', to: '17:00' } })).rejects.toMatchObject({
    code: 'usage.invalid',
  })
})
