import { expect, test } from 'vitest'
import { overdueFrom } from './overdue.ts'

const at = (text: string): number => Date.parse(`${text}Z`)

test('an item is overdue an hour after the second run that has confirmed nothing', () => {
  const rule = { timeZone: 'UTC', schedule: { kind: 'daily', times: ['02:00'] } } as const
  expect(overdueFrom(rule, at('2026-11-23T02:05'))).toBe(at('2026-11-25T03:00'))
})

test('an item that is backed up every quarter of an hour is not overdue before a day has passed', () => {
  const rule = { timeZone: 'UTC', schedule: { kind: 'interval', everyMinutes: 15 } } as const
  expect(overdueFrom(rule, at('2026-11-23T02:05'))).toBe(at('2026-11-24T02:05'))
})

test('what has no schedule is never overdue', () => {
  expect(overdueFrom({ timeZone: 'UTC', schedule: { kind: 'none' } }, 0)).toBeUndefined()
})
