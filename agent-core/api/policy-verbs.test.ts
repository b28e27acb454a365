import { mkdirSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { plainSettings, TestFolder, TestHome, testPassphrase } from '../../test/support/test-home.ts'
import type { Clock } from '../base/clock.ts'
import { defaultPolicy } from '../contract/policy.ts'
import type { AgentDeps } from './agent-deps.ts'
import { backupNow } from './backup-verbs.ts'
import { changeItem, enableItem, showItem } from './item-verbs.ts'
import { listPoints, showPoint } from './point-verbs.ts'
import { changePolicy, createPolicy, listPolicies, removePolicy, showPolicy } from './policy-verbs.ts'
import { instantDaysOf } from './setting-verbs.ts'
import { previewPolicy, simulatePolicy } from './simulate-policy.ts'
import { connectToVault, createNewVault } from './vault-verbs.ts'

const code = (name: string): unknown => expect.objectContaining({ code: name })
const hourMs = 3_600_000
const dayMs = 24 * hourMs

class SetClock implements Clock {
  timeMs = Date.UTC(2026, 10, 26, 9)
  nowMs(): number {
    return this.timeMs
  }
  async delay(): Promise<void> {}
}

/** A home with a vault `v`, and an item `docs` with one file. */
async function make(options: { readonly clock?: SetClock } = {}) {
  const folder = new TestFolder()
  const home = new TestHome(options)
  const { deps } = home
  mkdirSync(folder.at('docs'))
  writeFileSync(folder.at('docs', 'a'), 'content')
  await createNewVault(deps, 'v', folder.at('vault'), testPassphrase)
  await enableItem(deps, 'docs', ['v'], { ...plainSettings, folders: [folder.at('docs')] })
  return {
    deps,
    folder,
    backUp: async (more: object = {}) => await backupNow(deps, 'docs', { accept: false, ...more }, {}),
    [Symbol.dispose]: () => {
      home[Symbol.dispose]()
      folder[Symbol.dispose]()
    },
  }
}

/** A home that knows only vault and passphrase. */
async function connectSecond(place: { deps: AgentDeps; folder: TestFolder }, home: TestHome, options: object) {
  await connectToVault(home.deps, 'w', place.folder.at('vault'), testPassphrase, options)
  return home.deps
}

test('a policy is made, changed, given to an item, shown with it, and removed when nobody has it', async () => {
  using place = await make()
  const { deps } = place
  const made = await createPolicy(deps, 'long', { keep: { days: 60, monthly: { months: 36 } } })
  const usual = defaultPolicy('UTC')
  expect(made).toEqual({
    ...usual,
    name: 'long',
    keep: { days: 60, atLeast: 7, monthly: { months: 36, on: ['first-sun'] } },
    builtIn: false,
    items: [],
    shortened: [],
    remarks: [],
  })
  await expect(createPolicy(deps, 'long', {})).rejects.toEqual(code('policy.exists'))
  await expect(createPolicy(deps, 'default', {})).rejects.toEqual(code('policy.exists'))
  await changeItem(deps, 'docs', { policy: 'long' })
  expect((await showItem(deps, 'docs')).policy).toBe('long')
  await changePolicy(deps, 'long', { keep: { monthly: null, yearly: { years: 3, on: ['last'] } }, instantDays: 9 })
  expect((await showPolicy(deps, 'long')).keep).toEqual({
    days: 60,
    atLeast: 7,
    yearly: { years: 3, in: [1], on: ['last'] },
  })
  expect(instantDaysOf(deps)).toBe(9)
  await changePolicy(deps, 'long', { instantDays: null })
  expect(instantDaysOf(deps)).toBe(2)
  expect((await listPolicies(deps)).map(({ name, items, builtIn }) => [name, items, builtIn])).toEqual([
    ['default', [], true],
    ['long', ['docs'], false],
  ])
  await expect(removePolicy(deps, 'long')).rejects.toEqual(code('policy.in-use'))
  await changeItem(deps, 'docs', { policy: 'default' })
  await removePolicy(deps, 'long')
  await expect(showPolicy(deps, 'long')).rejects.toEqual(code('policy.not-found'))
  await expect(changeItem(deps, 'docs', { policy: 'long' })).rejects.toEqual(code('policy.not-found'))
})

test('what no policy can be is refused, and nothing is kept of it', async () => {
  using place = await make()
  const { deps } = place
  for (const change of [
    { timeZone: 'Mars/Olympus' },
    { keep: { days: 3 } },
    { keep: { monthly: { on: ['31'] } } },
    { schedule: { kind: 'interval' as const, everyMinutes: 5 }, keep: { days: 9999 } },
  ]) {
    await expect(createPolicy(deps, 'p', change)).rejects.toEqual(code('usage.invalid'))
    await expect(changePolicy(deps, 'default', change)).rejects.toEqual(code('usage.invalid'))
  }
  expect(await listPolicies(deps)).toEqual([expect.objectContaining({ builtIn: true })])
})

test('who takes over or reads has the policies too, and keeps their own apart', async () => {
  using place = await make()
  await changePolicy(place.deps, 'default', { keep: { days: 90 } })
  using taker = new TestHome()
  const taken = await connectSecond(place, taker, { takeOver: place.deps.machine })
  expect((await showPolicy(taken, 'default')).keep.days).toBe(90)
  using reader = new TestHome()
  const read = await connectSecond(place, reader, {})
  expect((await showItem(read, 'docs')).policy).toBe('default 2')
  expect((await showPolicy(read, 'default 2')).keep.days).toBe(90)
  expect((await showPolicy(read, 'default')).keep.days).toBe(30)
})

test('an own policy is changed although a vault that is only read is away', async () => {
  using place = await make()
  using reader = new TestHome()
  const read = await connectSecond(place, reader, {})
  const item = read.state.item('docs')
  const vault = read.state.vault('w')
  if (item === undefined || vault === undefined) throw new Error('the item was connected')
  read.state.addVault({ ...vault, address: '/nowhere' }, [item])
  expect((await changePolicy(read, item.policy, { keep: { days: 8 } })).keep.days).toBe(8)
})

test('points tell until when they are kept and why; a longer policy counts at once', async () => {
  const clock = new SetClock()
  using place = await make({ clock })
  const { deps } = place
  await place.backUp({ scheduled: true })
  clock.timeMs += dayMs
  await place.backUp({ keepUntilMs: clock.timeMs + 3 * dayMs })
  const listed = await listPoints(deps, 'docs')
  expect(listed.map(({ kind, keptUntil, expiredSince }) => [kind, keptUntil, expiredSince])).toEqual([
    ['scheduled', '2031-01-05T00:00:00.000Z', null],
    ['on-demand', '2026-11-30T09:00:00.000Z', null],
  ])
  expect(listed.map(({ keptBecause }) => keptBecause.map(({ words }) => words))).toEqual([
    [
      'daily point of 2026-11-26',
      'stand-in for the weekly point of 2026-11-22',
      'stand-in for the monthly point of 2026-11-01',
      'stand-in for the yearly point of 2026-01-04',
      'one of the newest points that always stay',
    ],
    ['kept until a date of its own', 'newest good point'],
  ])
  await createPolicy(deps, 'days', { keep: { days: 7, atLeast: 1 } })
  await changeItem(deps, 'docs', { policy: 'days' })
  clock.timeMs += 30 * dayMs
  const expired = await showPoint(deps, 'docs', listed[0]?.id ?? '')
  // The policy before, which was longer, counted for two weeks more.
  expect([expired.expiredSince, expired.keptUntil, expired.keptBecause]).toEqual(['2026-12-11T09:00:00.000Z', null, []])
  await changePolicy(deps, 'days', { keep: { days: 365 } })
  expect((await showPoint(deps, 'docs', listed[0]?.id ?? '')).keptUntil).toBe('2027-11-26T00:00:00.000Z')
})

test('an item is backed up on demand nine times a day, by the days of its policy; scheduled runs do not count', async () => {
  const clock = new SetClock()
  using place = await make({ clock })
  await changePolicy(place.deps, 'default', { timeZone: 'Pacific/Kiritimati' })
  for (let count = 0; count < 9; count++) await place.backUp()
  await expect(place.backUp()).rejects.toEqual(code('backup.too-many'))
  expect((await place.backUp({ scheduled: true })).point?.kind).toBe('scheduled')
  // There the day ends at 10:00 UTC.
  clock.timeMs += hourMs - 1
  await expect(place.backUp()).rejects.toEqual(code('backup.too-many'))
  clock.timeMs += 1
  expect((await place.backUp()).point?.kind).toBe('on-demand')
  // A clock that was put right: points from the future are no points of today.
  clock.timeMs -= 3 * dayMs
  expect((await place.backUp()).point?.kind).toBe('on-demand')
}, 60_000)

test('a simulation begins with the points that are there', async () => {
  const clock = new SetClock()
  using place = await make({ clock })
  await place.backUp({ keepUntilMs: clock.timeMs + 400 * dayMs })
  const simulation = await simulatePolicy(place.deps, 'default', 'docs')
  expect(
    simulation.horizons.map(({ in: words, points, counts }) => [words, points.length, counts['date'] ?? 0]),
  ).toEqual([
    ['1 month', 30, 1],
    ['1 year', 44, 1],
    ['5 years', 47, 0],
    ['10 years', 47, 0],
  ])
  const empty = await simulatePolicy(place.deps, 'default', undefined)
  expect(empty.horizons[1]?.counts).toEqual({ daily: 29, weekly: 8, monthly: 12, yearly: 2, 'at-least': 6, newest: 1 })
})

test('a policy tells its next ten runs, in its own time zone too, across a change of its clocks', async () => {
  const clock = new SetClock()
  clock.timeMs = Date.UTC(2026, 9, 24, 9)
  using home = new TestHome({ clock })
  const { deps } = home
  await createPolicy(deps, 'berlin', {
    timeZone: 'Europe/Berlin',
    schedule: { kind: 'daily', times: ['12:30', '02:30'] },
  })
  const { nextRuns } = await showPolicy(deps, 'berlin')
  expect(nextRuns).toHaveLength(10)
  expect(nextRuns.slice(0, 3)).toEqual([
    { time: '2026-10-24T10:30:00.000Z', zoneTime: '2026-10-24T12:30:00+02:00' },
    { time: '2026-10-25T00:30:00.000Z', zoneTime: '2026-10-25T02:30:00+02:00' },
    { time: '2026-10-25T11:30:00.000Z', zoneTime: '2026-10-25T12:30:00+01:00' },
  ])
  await changePolicy(deps, 'berlin', { schedule: { kind: 'none' } })
  expect((await showPolicy(deps, 'berlin')).nextRuns).toEqual([])
})

test('a preview says what the policy would do once it is made, and makes none', async () => {
  using home = new TestHome({ clock: new SetClock() })
  const { deps } = home
  const change = {
    timeZone: 'Asia/Tokyo',
    schedule: { kind: 'interval', everyMinutes: 360 },
    keep: { days: 14, weekly: { weeks: 10, on: ['sun'] }, monthly: null, yearly: null, atLeast: 3 },
  } as const
  const preview = await previewPolicy(deps, change)
  expect(await listPolicies(deps)).toHaveLength(1)
  await createPolicy(deps, 'made', change)
  const { horizons } = await simulatePolicy(deps, 'made', undefined)
  expect(preview).toEqual({
    nextRuns: (await showPolicy(deps, 'made')).nextRuns,
    horizons: horizons.map(({ points, ...horizon }) => ({
      ...horizon,
      points: points.length,
      oldest: points[0]?.time,
    })),
  })
  expect(preview.horizons[1]?.points).toBeGreaterThan(14 * 4)
  await expect(previewPolicy(deps, { keep: { days: 1 } })).rejects.toEqual(code('usage.invalid'))
})
