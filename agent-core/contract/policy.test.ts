import { expect, test } from 'vitest'
import { defaultPolicy, type KeepRules, type Policy, parseDayOfMonth, policyProblems } from './policy.ts'

const policy = defaultPolicy('UTC')
const keeping = (keep: Partial<KeepRules>): Policy => ({ ...policy, keep: { days: 30, atLeast: 7, ...keep } })

test('the built-in policy has no problem, nor have the least and the most of every rule', () => {
  const least = keeping({
    days: 7,
    weekly: { weeks: 4, on: ['mon'] },
    monthly: { months: 3, on: ['1'] },
    yearly: { years: 1, in: [1], on: ['28'] },
    atLeast: 1,
  })
  const weekly = {
    kind: 'weekly',
    on: [{ day: 'sun', time: '03:00' }],
    everyWeeks: 1,
    countedFrom: '2026-11-22',
  } as const
  const most = {
    ...keeping({
      weekly: { weeks: 5163, on: ['mon'] },
      monthly: { months: 1188, on: ['last'] },
      yearly: { years: 99, in: [12], on: ['last-sun'] },
    }),
    schedule: weekly,
    instantDays: 30,
  }
  expect([policy, least, most, keeping({ days: 9999 })].map(policyProblems)).toEqual([[], [], [], []])
})

test.each<[string, Policy]>([
  ['Daily points are kept 7 to 9999 days, not 6.', keeping({ days: 6 })],
  ['Daily points are kept 7 to 9999 days, not 10000.', keeping({ days: 10_000 })],
  ['Daily points are kept 7 to 9999 days, not 7.5.', keeping({ days: 7.5 })],
  ['Weekly points are kept 4 to 5163 weeks, not 3.', keeping({ weekly: { weeks: 3, on: ['sun'] } })],
  ['Weekdays of weekly points: none is given.', keeping({ weekly: { weeks: 4, on: [] } })],
  ['Weekdays of weekly points: one is named twice.', keeping({ weekly: { weeks: 4, on: ['sun', 'sun'] } })],
  ['Monthly points are kept 3 to 1188 months, not 1189.', keeping({ monthly: { months: 1189, on: ['1'] } })],
  ['"29" is no day of every month.', keeping({ monthly: { months: 12, on: ['29'] } })],
  ['Yearly points are kept 1 to 99 years, not 0.', keeping({ yearly: { years: 0, in: [1], on: ['1'] } })],
  ['0 is no month.', keeping({ yearly: { years: 1, in: [0], on: ['1'] } })],
  ['"7:00" is no time of a day.', { ...policy, schedule: { kind: 'daily', times: ['7:00'] } }],
  ['Backups run every 5 to 10080 minutes, not 4.', { ...policy, schedule: { kind: 'interval', everyMinutes: 4 } }],
  [
    'This asks for about 287971 points; an item has at most 9999.',
    { ...keeping({ days: 2999 }), schedule: { kind: 'interval', everyMinutes: 15 } },
  ],
  ['Payload stays in the cache 1 to 30 days, not 31.', { ...policy, instantDays: 31 }],
])('%s', (problem, wrong) => {
  const problems = policyProblems(wrong)
  expect(problems.map((each) => each.replace(/about \d+/, 'about N'))).toContain(
    problem.replace(/about \d+/, 'about N'),
  )
})

test('days of a month by number and by weekday', () => {
  expect(['1', '28', 'last', 'first-sun', 'last-mon'].map(parseDayOfMonth)).toEqual([
    { day: 1 },
    { day: 28 },
    { day: 'last' },
    { week: 1, weekday: 'sun' },
    { week: 'last', weekday: 'mon' },
  ])
  for (const text of ['0', '01', '29', '1.5', '', 'fifth-sun', 'first-', 'first-sun-1', 'FIRST-sun', 'first', '-1']) {
    expect(parseDayOfMonth(text), text).toBeUndefined()
  }
})
