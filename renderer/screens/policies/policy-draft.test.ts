import { expect, test } from 'vitest'
import { defaultPolicy, type PolicyDocument } from '../../../agent-core/contract/index.ts'
import {
  changeOf,
  draftOf,
  draftOfItem,
  type PolicyDraft,
  policyOf,
  policyTrouble,
  scheduleOf,
  wantedPolicy,
} from './policy-draft.ts'

const usual = defaultPolicy('Europe/Berlin')
const draft = draftOf(usual, '2026-11-26')
const documentOf = (more: Partial<PolicyDocument>): PolicyDocument => ({
  ...usual,
  builtIn: false,
  items: [],
  shortened: [],
  remarks: [],
  ...more,
})

test('a draft begins with what the usual policy says, of whichever kind that is', () => {
  const schedules = [
    usual.schedule,
    { kind: 'none' },
    { kind: 'interval', everyMinutes: 15 },
    { kind: 'daily', times: ['08:00', '16:00'] },
    { kind: 'weekly', on: [{ day: 'wed', time: '03:00' }], everyWeeks: 2, countedFrom: '2026-11-02' },
  ] as const
  for (const schedule of schedules) {
    const policy = { ...usual, schedule }
    expect(policyOf(draftOf(policy, '2026-11-26'))).toEqual(policy)
  }
})

test('each choice makes a policy that can be used; what cannot be is said', () => {
  const choices: readonly Partial<PolicyDraft>[] = [
    { kind: 'several', times: ['18:00', '08:00'] },
    { kind: 'weekly', days: ['mon', 'fri'], everyWeeks: 3 },
    { kind: 'interval', everyMinutes: 30, keepKind: 'month' },
    { keepKind: 'long' },
    { keepKind: 'own', keepFor: { days: 7, weeks: 0, months: 3, years: 0 } },
  ]
  for (const choice of choices) expect(policyTrouble({ ...draft, ...choice })).toBeUndefined()
  expect(scheduleOf({ ...draft, kind: 'several', times: ['18:00', '08:00'] })).toEqual({
    kind: 'daily',
    times: ['08:00', '18:00'],
  })
  expect(policyTrouble({ ...draft, kind: 'weekly', days: [] })).toBeDefined()
  expect(policyTrouble({ ...draft, kind: 'several', times: ['08:00', '08:00'] })).toBeDefined()
  expect(
    policyTrouble({ ...draft, keepKind: 'own', keepFor: { days: 1, weeks: 0, months: 0, years: 0 } }),
  ).toBeDefined()
  expect(
    policyTrouble({
      ...draft,
      kind: 'interval',
      everyMinutes: 5,
      keepFor: { ...draft.keepFor, days: 90 },
      keepKind: 'own',
    }),
  ).toMatch(/points/)
})

test('rules that a person takes away are taken away', () => {
  const own = policyOf({ ...draft, keepKind: 'own', keepFor: { days: 10, weeks: 0, months: 6, years: 0 } })
  expect(changeOf(own).keep).toEqual({
    days: 10,
    atLeast: 7,
    weekly: null,
    monthly: { months: 6, on: ['first-sun'] },
    yearly: null,
  })
})

test('the usual rules make no policy; others get the name of the item, or the next that is free', () => {
  expect(wantedPolicy(draft, 'docs', [])).toEqual({ known: 'default' })
  expect(wantedPolicy({ ...draft, known: 'work' }, 'docs', [])).toEqual({ known: 'work' })
  const hourly = { ...draft, kind: 'interval', everyMinutes: 60 } as const
  const change = changeOf(policyOf(hourly))
  expect(wantedPolicy(hourly, 'docs', [])).toEqual({ name: 'docs', change })
  expect(wantedPolicy(hourly, 'default', [])).toEqual({ name: 'default 2', change })
  const same = documentOf({ ...policyOf(hourly), name: 'docs' })
  expect(wantedPolicy(hourly, 'docs', [same])).toEqual({ known: 'docs' })
  expect(wantedPolicy(hourly, 'docs', [{ ...same, items: ['docs'] }])).toEqual({ name: 'docs 2', change })
})

test("an item's own policy is changed by its rules; one that others have too, or that no draft can say, stays as it is", () => {
  const hourly = documentOf({
    name: 'docs',
    items: ['docs'],
    schedule: { kind: 'interval', everyMinutes: 60 },
    keep: { days: 10, weekly: { weeks: 9, on: ['mon'] }, atLeast: 7 },
  })
  const draftOfHourly = draftOfItem(usual, '2026-11-26', { ...hourly, keep: usual.keep })
  expect([draftOfHourly.known, draftOfHourly.kind, draftOfHourly.keepKind]).toEqual([undefined, 'interval', 'usual'])
  // Its weekly point is that of Monday, and a draft knows the usual day alone.
  expect(draftOfItem(usual, '2026-11-26', hourly).known).toBe('docs')
  expect(draftOfItem(usual, '2026-11-26', { ...hourly, keep: usual.keep, items: ['docs', 'more'] }).known).toBe('docs')
  expect(draftOfItem(usual, '2026-11-26', documentOf({ items: ['docs'] }))).toEqual(draft)
})
