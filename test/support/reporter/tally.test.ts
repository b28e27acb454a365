import { describe, expect, test } from 'vitest'
import { type Outcome, tally } from './tally.ts'

describe('tally', () => {
  const skipped = (reason: string | undefined): Outcome => ({ kind: 'skipped', name: 'a test', reason })

  test('counts passed and failed tests, and what broke outside of tests', () => {
    const outcomes: Outcome[] = [
      { kind: 'passed', name: 'a' },
      { kind: 'failed', name: 'b' },
      { kind: 'not-run', name: 'c' },
    ]
    expect(tally(outcomes, 1, false)).toEqual({
      passed: 1,
      failed: 3,
      lines: ['not run, counted as failed: c'],
    })
  })

  test('a run without tests is a failure', () => {
    expect(tally([], 0, false).failed).toBe(1)
  })

  test('a skip with a reason is listed and counts for nothing', () => {
    expect(tally([skipped('needs root')], 0, true)).toEqual({
      passed: 0,
      failed: 0,
      lines: ['skipped: a test (needs root)'],
    })
  })

  test('a skip without a reason is a failure', () => {
    expect(tally([skipped(undefined)], 0, false).failed).toBe(1)
  })

  test('a skip for a missing tool is a failure in CI only', () => {
    expect(tally([skipped('missing tool: mkfs.exfat')], 0, false).failed).toBe(0)
    expect(tally([skipped('missing tool: mkfs.exfat')], 0, true).failed).toBe(1)
  })
})
