import { expect, test } from 'vitest'
import { TestHome } from '../../test/support/test-home.ts'
import type { KeyspaceId, VaultId } from '../contract/ids.ts'
import { followVaults } from './follow-vaults.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs
/** A Wednesday. */
const beginMs = Date.parse('2026-11-25T12:00:00Z')

/** An agent's day in steps; vaults are known, none is opened. */
class World implements Disposable {
  readonly jobs: string[] = []
  readonly live = new Set<string>()
  nowMs = beginMs
  readonly home = new TestHome({ clock: { nowMs: () => this.nowMs, delay: async () => {} } })
  #tick = (): void => {}

  constructor() {
    const { state } = this.home.deps
    const of = (id: string) => ({ id: id.repeat(32) as VaultId, keyspace: id.repeat(32) as KeyspaceId, machine: 'm' })
    state.addVault({ name: 'usb', ...of('1'), kind: 'local', address: '/usb', access: 'owner' }, [])
    const settings = { pathStyle: true, credentials: 'standard' } as const
    state.addVault({ name: 'cloud', ...of('2'), kind: 's3', address: 's3://b', settings, access: 'owner' }, [])
    state.addVault({ name: 'theirs', ...of('3'), kind: 'local', address: '/their', access: 'read-only' }, [])
  }

  begin(): Disposable {
    return followVaults({
      deps: this.home.deps,
      ticks: (tick) => {
        this.#tick = tick
        return { [Symbol.dispose]: () => {} }
      },
      isLive: (kind, vault) => this.live.has(`${kind} ${vault}`),
      submit: (verb, given, trigger, reason) => {
        this.#note(`${verb} ${JSON.stringify(given)} ${trigger}${reason === undefined ? '' : `: ${reason}`}`)
        // As the verb does it, whether or not it succeeds.
        const replica = verb === 'replicateVault' ? this.home.deps.state.replica(String(given[0])) : undefined
        if (replica !== undefined) this.home.deps.state.putReplica({ ...replica, begunMs: this.nowMs })
      },
      addSkipped: ({ kind, vault, reason }) => this.#note(`${kind} ${vault} skipped: ${reason}`),
    })
  }

  awake(forMs: number): readonly string[] {
    this.jobs.length = 0
    for (const untilMs = this.nowMs + forMs; this.nowMs < untilMs; ) {
      this.nowMs += minuteMs
      this.#tick()
    }
    return [...this.jobs]
  }

  #note(text: string): void {
    this.jobs.push(`${new Date(this.nowMs).toISOString().slice(5, 16)} ${text}`)
  }

  [Symbol.dispose](): void {
    this.home[Symbol.dispose]()
  }
}

test('each vault of this machine is verified every day, and cleaned up every week; what is read of a bucket is little', () => {
  using world = new World()
  using _follower = world.begin()
  const jobs = world.awake(8 * dayMs)
  expect(jobs.filter((job) => job.includes('verifyVault ["usb",{}]'))).toHaveLength(8)
  expect(jobs.filter((job) => job.includes('verifyVault ["cloud",{"level":"listing"}]'))).toHaveLength(8)
  expect(jobs.filter((job) => job.includes('pruneVault'))).toEqual([
    '11-29T14:30 pruneVault ["cloud",{}] schedule',
    '11-29T14:30 pruneVault ["usb",{}] schedule',
  ])
  expect(jobs).toHaveLength(18)
  expect(jobs[0]).toBe('11-25T13:30 verifyVault ["cloud",{"level":"listing"}] schedule')
})

test('what was missed is made up for once; a pause holds; a job that has not ended is not joined by another', () => {
  using world = new World()
  world.home.deps.state.removeVault('cloud')
  using _follower = world.begin()
  world.awake(hourMs)
  world.nowMs += 3 * dayMs
  expect(world.awake(2 * minuteMs)).toEqual([
    '11-28T13:01 verifyVault ["usb",{}] missed: makes up for 3 runs up to 2026-11-27 13:30 UTC: this computer was off or asleep, or no agent ran',
  ])
  world.live.add('verify usb')
  expect(world.awake(hourMs)).toEqual(['11-28T13:30 verify usb skipped: the one before has not ended'])
  world.home.deps.state.schedules.pause = 'forever'
  expect(world.awake(dayMs)).toEqual(['11-29T13:30 verify usb skipped: schedules rest until they are resumed'])
})

test('a replica is brought up to date when it is due; one that is away is asked again an hour later', () => {
  using world = new World()
  const { state } = world.home.deps
  const times = { everyMs: dayMs, graceMs: 0, begunMs: null, completedMs: null, lockedUntilMs: 0 }
  state.putReplica({ vault: 'usb', kind: 'local', address: '/second', ...times })
  using _follower = world.begin()
  expect(world.jobs).toEqual(['11-25T12:00 replicateVault ["usb"] schedule'])
  expect(world.awake(hourMs)).toEqual(['11-25T13:00 replicateVault ["usb"] schedule'])
  const replica = state.replica('usb')
  if (replica !== undefined) state.putReplica({ ...replica, completedMs: world.nowMs })
  expect(world.awake(dayMs - minuteMs).filter((job) => job.includes('replicateVault'))).toEqual([])
  world.live.add('replicate usb')
  expect(world.awake(hourMs).filter((job) => job.includes('replicateVault'))).toEqual([])
  world.live.clear()
  state.schedules.pause = world.nowMs + hourMs
  expect(world.awake(hourMs - minuteMs).filter((job) => job.includes('replicateVault'))).toEqual([])
  expect(world.awake(minuteMs)).toEqual([expect.stringContaining('replicateVault ["usb"] schedule')])
})
