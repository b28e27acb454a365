import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { seededZones } from '../../test/support/time-zones.ts'
import { silentLog } from '../base/log.ts'
import { nextRun } from './next-run.ts'
import type { ScheduleRule } from './schedule-rule.ts'
import { Scheduler, type ScheduleStore } from './scheduler.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs
const at = (text: string): number => Date.parse(`${text}Z`)

/** A machine with a clock that can be set, a state that outlives the agent, and ticks while it is awake. */
class World {
  nowMs: number
  rule: ScheduleRule
  readonly started: { readonly atMs: number; readonly missed: string | undefined }[] = []
  readonly skipped: string[] = []
  readonly store: ScheduleStore & { pause: number | 'forever' | undefined }
  #scheduler: Scheduler

  constructor(nowMs: number, rule: ScheduleRule) {
    this.nowMs = nowMs
    this.rule = rule
    const progress = new Map<string, { rule: string; handledMs: number }>()
    this.store = {
      pause: undefined,
      progress: (item) => progress.get(item),
      put: (entries) => {
        for (const [item, to] of entries) progress.set(item, to)
      },
    }
    this.#scheduler = this.#open()
    this.#scheduler.tick()
  }

  /** Lets time pass with a tick every `everyMs`. */
  awake(forMs: number, everyMs = minuteMs): void {
    for (const untilMs = this.nowMs + forMs; this.nowMs < untilMs; ) {
      this.nowMs += everyMs
      this.#scheduler.tick()
    }
  }

  asleep(forMs: number): void {
    this.nowMs += forMs
  }

  restart(): void {
    this.#scheduler = this.#open()
    this.#scheduler.tick()
  }

  tick(): void {
    this.#scheduler.tick()
  }

  #open(): Scheduler {
    return new Scheduler({
      clock: { nowMs: () => this.nowMs, delay: async () => {} },
      log: silentLog,
      ticks: () => ({ [Symbol.dispose]: () => {} }),
      store: this.store,
      items: () => [{ name: 'docs', rule: this.rule }],
      start: (_item, missed) => this.started.push({ atMs: this.nowMs, missed }),
      skip: (_item, reason) => this.skipped.push(reason),
    })
  }
}

const daily: ScheduleRule = { timeZone: 'UTC', schedule: { kind: 'daily', times: ['02:00', '14:00'] } }

describe('a schedule is followed', () => {
  test('each run once, on time, and nothing before the item was there', () => {
    const world = new World(at('2026-11-22T12:00'), daily)
    world.awake(2 * dayMs)
    expect(world.started.map(({ atMs }) => new Date(atMs).toISOString().slice(0, 16))).toEqual([
      '2026-11-22T14:00',
      '2026-11-23T02:00',
      '2026-11-23T14:00',
      '2026-11-24T02:00',
    ])
    expect(world.started.every(({ missed }) => missed === undefined)).toBe(true)
  })

  test('thirty days switched off are caught up once, with the reason', () => {
    const world = new World(at('2026-11-22T12:00'), daily)
    world.asleep(30 * dayMs)
    world.restart()
    world.awake(hourMs)
    expect(world.started).toEqual([
      {
        atMs: at('2026-12-22T12:00'),
        missed: 'makes up for 60 runs up to 2026-12-22 02:00 UTC: this computer was off or asleep, or no agent ran',
      },
    ])
  })

  test('an agent that is restarted the moment after a run started does not run it again', () => {
    const world = new World(at('2026-11-22T13:59'), daily)
    world.awake(minuteMs)
    world.restart()
    world.awake(hourMs)
    expect(world.started).toHaveLength(1)
  })

  test('a clock that is set back an hour repeats nothing; one that was a year ahead does not silence the schedule', () => {
    const world = new World(at('2026-11-22T13:30'), daily)
    world.awake(hourMs)
    world.nowMs -= hourMs
    world.awake(2 * hourMs)
    expect(world.started).toHaveLength(1)
    world.nowMs += 365 * dayMs
    world.tick()
    expect(world.started).toHaveLength(2)
    world.nowMs -= 365 * dayMs
    world.awake(dayMs)
    expect(world.started).toHaveLength(4)
  })

  test('another rule begins when it is set', () => {
    const world = new World(at('2026-11-22T12:00'), daily)
    world.rule = { timeZone: 'UTC', schedule: { kind: 'daily', times: ['11:00'] } }
    world.awake(hourMs)
    expect(world.started).toEqual([])
    world.awake(22 * hourMs)
    expect(world.started.map(({ atMs }) => atMs)).toEqual([at('2026-11-23T11:00')])
  })

  test('what a pause holds back is told once, and caught up once when it ends', () => {
    const world = new World(at('2026-11-22T12:00'), daily)
    world.store.pause = at('2026-11-23T20:00')
    world.awake(2 * dayMs)
    expect(world.skipped).toEqual(['schedules rest until 2026-11-23 20:00 UTC'])
    expect(world.started).toEqual([
      {
        atMs: at('2026-11-23T20:00'),
        missed: 'makes up for 3 runs up to 2026-11-23 14:00 UTC: schedules were paused',
      },
      { atMs: at('2026-11-24T02:00'), missed: undefined },
    ])
  })

  test('a zone that this system does not know stops no other item', () => {
    const world = new World(at('2026-11-22T12:00'), { timeZone: 'Mars/Olympus', schedule: daily.schedule })
    world.awake(hourMs)
    expect(world.started).toEqual([])
    world.rule = daily
    world.awake(3 * hourMs)
    expect(world.started).toHaveLength(1)
  })
})

describe('ten years of a laptop', () => {
  type Step = { readonly kind: 'awake' | 'asleep' | 'off'; readonly hours: number }
  const steps = fc.array(
    fc.record({
      kind: fc.constantFrom<Step['kind']>('awake', 'asleep', 'off'),
      hours: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 20, max: 24 * 40 })),
    }),
    { minLength: 40, maxLength: 80 },
  )
  const zones = seededZones(1)

  test('no run comes twice, none is lost, and each gap is made up for once', () => {
    fc.assert(
      fc.property(fc.constantFrom(...zones), steps, (timeZone, life) => {
        const rule: ScheduleRule = { timeZone, schedule: { kind: 'daily', times: ['02:30', '21:00'] } }
        const world = new World(at('2020-01-01T00:00'), rule)
        const beginMs = world.nowMs
        for (let years = 0; world.nowMs < beginMs + 3650 * dayMs && years < 500; years++) {
          const { kind, hours } = life[years % life.length] as Step
          if (kind === 'awake') world.awake(hours * hourMs, 30 * minuteMs)
          else world.asleep(hours * hourMs)
          if (kind === 'off') world.restart()
        }
        world.tick()
        expectFollowed(world, rule, beginMs)
      }),
      { numRuns: 4 },
    )
  })
})

/** Between two starts lies at least one wanted run, and after each wanted run a start has come by the next tick. */
function expectFollowed(world: World, rule: ScheduleRule, beginMs: number): void {
  let coveredMs = beginMs
  for (const { atMs, missed } of world.started) {
    const wanted = nextRun(rule, coveredMs)
    expect(wanted).toBeLessThanOrEqual(atMs)
    const late = atMs - (wanted as number) > 150_000
    if (late) expect(missed).toMatch(/makes up for/)
    coveredMs = atMs
  }
  expect(nextRun(rule, coveredMs)).toBeGreaterThan(world.nowMs)
}
