/** A real agent through a simulated week: its clock goes forth in steps, and each step waits for the jobs that it made due. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { AgentApi } from '../../agent-core/api/agent-api.ts'
import type { JobDocument } from '../../agent-core/contract/index.ts'
import { openAgentOf } from '../../agent-core/open-agent.ts'
import { CliHome } from '../support/cli-home.ts'
import { needs } from '../support/needs.ts'
import { SteppedClock } from '../support/stepped-clock.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs
/** All runs of the schedules fall on a step. */
const stepMs = 10 * minuteMs

/** Midnight (UTC) of a last Sunday of October to come: Berlin's clock goes back at 01:00 UTC, from 2 hours ahead to 1. */
function nextClockChange(): number {
  const year = new Date().getUTCFullYear() + 1
  const last = new Date(Date.UTC(year, 9, 31))
  return last.getTime() - last.getUTCDay() * dayMs
}

let cli: CliHome

beforeEach(() => {
  cli = new CliHome()
})

afterEach(() => {
  cli[Symbol.dispose]()
})

describe('a week of schedules', needs('faketime'), () => {
  test('each run comes once, over the end of summer time; one makes up for those of a sleep', async () => {
    writeFileSync(join(cli.source, 'file'), 'content')
    await cli.json(['vault', 'create', 'v', '--local', cli.vault])
    const zone = ['--time-zone', 'Europe/Berlin']
    await cli.json(['policy', 'create', 'four', '--daily', '02:30,08:00,14:00,20:00', ...zone])
    await cli.json(['policy', 'create', 'weekly', '--weekly', 'sun@03:00', ...zone])
    await cli.json(['item', 'enable', 'docs', '--vault', 'v', '--policy', 'four', cli.source])
    await cli.json(['item', 'enable', 'letters', '--vault', 'v', '--policy', 'weekly', cli.source])

    const sundayMs = nextClockChange()
    const beginMs = sundayMs - 3 * dayMs + 6 * hourMs + 5 * minuteMs
    const sleep = {
      beginMs: sundayMs + 2 * dayMs + 5 * hourMs,
      endMs: sundayMs + 3 * dayMs + 12 * hourMs + 40 * minuteMs,
    }
    const clock = new SteppedClock(join(cli.folder, 'clock'), beginMs)
    await cli.startAgent([], { env: clock.env })
    await using agent = await openAgentOf({ home: cli.home })
    for (let atMs = beginMs - 5 * minuteMs + stepMs; atMs <= beginMs + 7 * dayMs; atMs += stepMs) {
      if (atMs > sleep.beginMs && atMs < sleep.endMs) continue
      clock.put(atMs)
      await jobsAreOver(agent)
    }

    const jobsOf = async (item: string) => (await agent.listJobs({ item, limit: 1000 })).toReversed()
    const docs = await jobsOf('docs')
    const runs = berlinRuns(sundayMs, ['02:30', '08:00', '14:00', '20:00']).filter(
      (ms) => ms > beginMs && ms <= beginMs + 7 * dayMs,
    )
    const slept = runs.filter((ms) => ms > sleep.beginMs && ms < sleep.endMs)
    expect(slept.length).toBe(5)
    expect(lateness(docs, [...runs.filter((ms) => !slept.includes(ms)), sleep.endMs])).toEqual([])
    const [catchUp, ...others] = docs.filter(({ trigger }) => trigger === 'missed')
    expect(others).toEqual([])
    expect(catchUp?.reason).toMatch(/^makes up for 5 runs up to/)
    expect(docs.filter(({ trigger }) => trigger === 'schedule')).toHaveLength(runs.length - slept.length)
    expect([...new Set(docs.map(({ state }) => state))]).toEqual(['completed'])

    const letters = await jobsOf('letters')
    expect(lateness(letters, [sundayMs + 2 * hourMs])).toEqual([])
    expect(letters).toMatchObject([{ state: 'completed', trigger: 'schedule' }])
  })
})

/** UTC times of runs at these times of day in Berlin, for the two weeks around the change. */
function berlinRuns(sundayMs: number, times: readonly string[]): readonly number[] {
  const runs: number[] = []
  for (let day = -7; day < 7; day++) {
    for (const time of times) {
      const [hours = 0, minutes = 0] = time.split(':').map(Number)
      const localMs = sundayMs + day * dayMs + hours * hourMs + minutes * minuteMs
      // 02:30 comes twice on that Sunday; the first of both counts.
      runs.push(localMs - (localMs < sundayMs + 3 * hourMs ? 2 : 1) * hourMs)
    }
  }
  return runs
}

/** What of `jobs`, in the order of their times, did not come within two steps after its wanted time; a line each. */
function lateness(jobs: readonly JobDocument[], wanted: readonly number[]): readonly string[] {
  const times = jobs.map(({ queuedAt }) => Date.parse(queuedAt))
  const sorted = wanted.toSorted((a, b) => a - b)
  const words = (ms: number | undefined) => (ms === undefined ? 'none' : new Date(ms).toISOString())
  return Array.from({ length: Math.max(times.length, sorted.length) }, (_, at) => [sorted[at], times[at]] as const)
    .filter(([want, time]) => want === undefined || time === undefined || time < want || time > want + 2 * stepMs)
    .map(([want, time]) => `wanted ${words(want)}, came ${words(time)}`)
}

/**
 * Resolves when no job is live. Asking wakes the agent, which then sees what time it is and answers before it acts on
 * that: so it is asked until it has said several times in a row that there is nothing.
 */
async function jobsAreOver(agent: AgentApi): Promise<void> {
  for (let quiet = 0; quiet < 3; quiet++) {
    if ((await agent.listJobs({ live: true, limit: 10 })).length > 0) quiet = -1
  }
}
