import { expect, onTestFinished, test, vi } from 'vitest'
import { TestHome } from '../../test/support/test-home.ts'
import { type Clock, systemClock } from '../base/clock.ts'
import { systemRandom } from '../base/random.ts'
import { JobBook } from '../jobs/job-book.ts'
import { openState } from '../state/state-db.ts'
import { statePath } from './agent-deps.ts'
import { Overview } from './overview.ts'

/** Waits take no time; the day does not end. */
const clock = {
  ms: Date.parse('2026-03-01T12:00:00Z'),
  nowMs(): number {
    return this.ms
  },
  async delay(_ms: number, signal?: AbortSignal): Promise<void> {
    await systemClock.delay(1, signal)
  },
} satisfies Clock & { ms: number }

function watchedHome() {
  const home = new TestHome({ clock })
  const { state } = home.deps
  const book = new JobBook({ table: state.jobs, clock, random: systemRandom, owner: 'this', isAlive: () => true })
  const end = new AbortController()
  const events = new Overview(home.deps, book).watch({}, { signal: end.signal })
  onTestFinished(() => {
    end.abort()
    home[Symbol.dispose]()
  })
  return { home, state, book, events, reads: vi.spyOn(state, 'items') }
}

test('the overview is told again for what this process and another one change', async () => {
  const { home, state, book, events } = watchedHome()
  const next = async () => (await events.next()).value?.overview.pausedUntil
  expect(await next()).toBeNull()
  state.schedules.pause = 'forever'
  expect(await next()).toBe('forever')
  using other = openState(statePath(home.folder), systemRandom)
  other.schedules.pause = undefined
  expect(await next()).toBeNull()
  book.add({ kind: 'backup', item: 'docs', trigger: 'person' })
  expect(await next()).toBeNull()
})

test('while nothing changes the overview is made anew once a minute', async () => {
  const { state, events, reads } = watchedHome()
  await events.next()
  expect(reads).toHaveBeenCalledTimes(1)
  const waiting = events.next()
  const looks = vi.spyOn(state, 'version', 'get')
  await expect.poll(() => looks.mock.calls.length).toBeGreaterThan(20)
  expect(reads).toHaveBeenCalledTimes(1)
  clock.ms += 60_000
  await expect.poll(() => reads.mock.calls.length).toBe(2)
  state.schedules.pause = 'forever'
  expect((await waiting).value?.overview.pausedUntil).toBe('forever')
})
