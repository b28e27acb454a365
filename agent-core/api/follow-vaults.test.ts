import { renameSync } from 'node:fs'
import { expect, test } from 'vitest'
import { TestFolder, TestHome, testPassphrase } from '../../test/support/test-home.ts'
import type { KeyspaceId, VaultId } from '../contract/ids.ts'
import { AwayVaults, askPlaces } from './away-vaults.ts'
import { followVaults, type VaultFollower } from './follow-vaults.ts'
import { removeKnownVault } from './key-verbs.ts'
import { replicateVault, setReplica } from './replica-verbs.ts'
import { createNewVault } from './vault-verbs.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs
/** A Wednesday. */
const beginMs = Date.parse('2026-11-25T12:00:00Z')

/** An agent's day in steps; vaults are known, none is opened. */
class World implements Disposable {
  readonly jobs: string[] = []
  readonly live = new Set<string>()
  /** Vaults whose places do not answer, and `replica`. */
  readonly away = new Set<string>()
  asked = 0
  nowMs = beginMs
  readonly home = new TestHome({ clock: { nowMs: () => this.nowMs, delay: async () => {} } })
  #tick = (): void => {}
  #follower: VaultFollower | undefined

  constructor() {
    const { state } = this.home.deps
    const of = (id: string) => ({ id: id.repeat(32) as VaultId, keyspace: id.repeat(32) as KeyspaceId, machine: 'm' })
    state.addVault({ name: 'usb', ...of('1'), kind: 'local', address: '/usb', access: 'owner' }, [])
    const settings = { pathStyle: true, credentials: 'standard' } as const
    state.addVault({ name: 'cloud', ...of('2'), kind: 's3', address: 's3://b', settings, access: 'owner' }, [])
    state.addVault({ name: 'theirs', ...of('3'), kind: 'local', address: '/their', access: 'read-only' }, [])
  }

  async begin(): Promise<Disposable> {
    this.#follower = followVaults({
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
      whyAway: async ({ kind, vault }) => {
        this.asked++
        if (this.away.has(vault)) return `The vault ${vault} is away.`
        return kind === 'replicate' && this.away.has('replica') ? 'The replica is away.' : undefined
      },
    })
    await this.#follower.settled()
    return this.#follower
  }

  async awake(forMs: number): Promise<readonly string[]> {
    this.jobs.length = 0
    for (const untilMs = this.nowMs + forMs; this.nowMs < untilMs; ) {
      this.nowMs += minuteMs
      this.#tick()
      await this.#follower?.settled()
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

test('each vault of this machine is verified every day, and cleaned up every week; what is read of a bucket is little', async () => {
  using world = new World()
  using _follower = await world.begin()
  const jobs = await world.awake(8 * dayMs)
  expect(jobs.filter((job) => job.includes('verifyVault ["usb",{}]'))).toHaveLength(8)
  expect(jobs.filter((job) => job.includes('verifyVault ["cloud",{"level":"listing"}]'))).toHaveLength(8)
  expect(jobs.filter((job) => job.includes('pruneVault'))).toEqual([
    '11-29T14:30 pruneVault ["cloud",{}] schedule',
    '11-29T14:30 pruneVault ["usb",{}] schedule',
  ])
  expect(jobs).toHaveLength(18)
  expect(jobs[0]).toBe('11-25T13:30 verifyVault ["cloud",{"level":"listing"}] schedule')
})

test('what was missed is made up for once; a pause holds; a job that has not ended is not joined by another', async () => {
  using world = new World()
  world.home.deps.state.removeVault('cloud')
  using _follower = await world.begin()
  await world.awake(hourMs)
  world.nowMs += 3 * dayMs
  expect(await world.awake(2 * minuteMs)).toEqual([
    '11-28T13:01 verifyVault ["usb",{}] missed: makes up for 3 runs up to 2026-11-27 13:30 UTC: this computer was off or asleep, or no agent ran',
  ])
  world.live.add('verify usb')
  expect(await world.awake(hourMs)).toEqual(['11-28T13:30 verify usb skipped: the one before has not ended'])
  world.home.deps.state.schedules.pause = 'forever'
  expect(await world.awake(dayMs)).toEqual(['11-29T13:30 verify usb skipped: schedules rest until they are resumed'])
})

test('a replica is brought up to date when it is due; one that is away is asked again an hour later', async () => {
  using world = new World()
  const { state } = world.home.deps
  const times = { everyMs: dayMs, graceMs: 0, begunMs: null, completedMs: null, lockedUntilMs: 0 }
  state.putReplica({ vault: 'usb', kind: 'local', address: '/second', ...times })
  using _follower = await world.begin()
  expect(world.jobs).toEqual(['11-25T12:00 replicateVault ["usb"] schedule'])
  expect(await world.awake(hourMs)).toEqual(['11-25T13:00 replicateVault ["usb"] schedule'])
  const replica = state.replica('usb')
  if (replica !== undefined) state.putReplica({ ...replica, completedMs: world.nowMs })
  expect((await world.awake(dayMs - minuteMs)).filter((job) => job.includes('replicateVault'))).toEqual([])
  world.live.add('replicate usb')
  expect((await world.awake(hourMs)).filter((job) => job.includes('replicateVault'))).toEqual([])
  world.live.clear()
  state.schedules.pause = world.nowMs + hourMs
  expect((await world.awake(hourMs - minuteMs)).filter((job) => job.includes('replicateVault'))).toEqual([])
  expect(await world.awake(minuteMs)).toEqual([expect.stringContaining('replicateVault ["usb"] schedule')])
})

test('a vault that is away is told once and asked every hour; what was due is made up for once when it is back', async () => {
  using world = new World()
  const { state } = world.home.deps
  state.removeVault('cloud')
  const times = { everyMs: dayMs, graceMs: 0, begunMs: null, completedMs: world.nowMs, lockedUntilMs: 0 }
  state.putReplica({ vault: 'usb', kind: 'local', address: '/second', ...times })
  world.away.add('usb')
  using _follower = await world.begin()
  expect(await world.awake(6 * dayMs)).toEqual([
    '11-25T13:30 verify usb skipped: The vault usb is away. It is made up for when that is back.',
  ])
  // Three kinds of jobs wait, from days 0, 1 and 4 on.
  expect(world.asked).toBeLessThan(3 * 6 * 24)
  state.schedules.pause = world.nowMs + dayMs
  world.away.clear()
  expect(await world.awake(dayMs - minuteMs)).toEqual([
    '12-01T13:30 verify usb skipped: schedules rest until 2026-12-02 12:00 UTC',
  ])
  expect((await world.awake(hourMs)).map((job) => job.slice(12)).sort()).toEqual([
    'pruneVault ["usb",{}] missed: was due 2026-11-29 14:30 UTC, when the vault or its replica was away',
    'replicateVault ["usb"] missed: was due 2026-11-26 12:00 UTC, when the vault or its replica was away',
    'verifyVault ["usb",{}] missed: was due 2026-11-25 13:30 UTC, when the vault or its replica was away',
  ])
  world.away.add('usb')
  expect((await world.awake(3 * dayMs)).filter((job) => job.includes('The vault usb is away'))).toHaveLength(1)
})

test('what is held back is made up for by the next agent; a vault that gets the name of one that was forgotten owes nothing', async () => {
  using world = new World()
  const { deps } = world.home
  deps.state.removeVault('cloud')
  world.away.add('usb')
  const first = await world.begin()
  expect(await world.awake(5 * dayMs)).toEqual([expect.stringContaining('verify usb skipped: The vault usb is away.')])
  first[Symbol.dispose]()
  const second = await world.begin()
  // It was told, and is asked for at once.
  expect(await world.awake(hourMs)).toEqual([])
  second[Symbol.dispose]()
  world.away.clear()
  world.jobs.length = 0
  const third = await world.begin()
  expect(world.jobs.map((job) => job.slice(12)).toSorted()).toEqual([
    'pruneVault ["usb",{}] missed: was due 2026-11-29 14:30 UTC, when the vault or its replica was away',
    'verifyVault ["usb",{}] missed: was due 2026-11-25 13:30 UTC, when the vault or its replica was away',
  ])
  expect(deps.state.heldJobs.all()).toEqual([])
  world.away.add('usb')
  await world.awake(2 * dayMs)
  third[Symbol.dispose]()
  expect(deps.state.heldJobs.all()).toMatchObject([{ kind: 'verify', vault: 'usb' }])
  const known = deps.state.vault('usb')
  await removeKnownVault(deps, 'usb')
  if (known !== undefined) deps.state.addVault(known, [])
  world.away.clear()
  world.nowMs += 3 * dayMs
  world.jobs.length = 0
  using _fourth = await world.begin()
  expect(world.jobs).toEqual([])
})

test('a replica that is away is told once, however often its vault is verified meanwhile; of a vault that is forgotten nothing is left', async () => {
  using world = new World()
  const { state } = world.home.deps
  const times = { everyMs: dayMs, graceMs: 0, begunMs: null, completedMs: null, lockedUntilMs: 0 }
  state.putReplica({ vault: 'usb', kind: 'local', address: '/second', ...times })
  state.removeVault('cloud')
  world.away.add('replica')
  using _follower = await world.begin()
  const jobs = [...world.jobs, ...(await world.awake(3 * dayMs))]
  expect(jobs.filter((job) => job.includes('replica'))).toEqual([
    '11-25T12:00 replicate usb skipped: The replica is away. It is made up for when that is back.',
  ])
  expect(jobs.filter((job) => job.includes('verifyVault'))).toHaveLength(3)
  world.nowMs -= 365 * dayMs
  const askedBefore = world.asked
  await world.awake(minuteMs)
  expect(world.asked).toBe(askedBefore + 1)
  state.removeVault('usb')
  world.away.clear()
  expect(await world.awake(2 * hourMs)).toEqual([])
})

test('of a replica that is forgotten while it is away nothing is left', async () => {
  using world = new World()
  const { state } = world.home.deps
  const times = { everyMs: dayMs, graceMs: 0, begunMs: null, completedMs: null, lockedUntilMs: 0 }
  state.putReplica({ vault: 'usb', kind: 'local', address: '/second', ...times })
  world.away.add('replica')
  using _follower = await world.begin()
  expect(world.jobs).toEqual([expect.stringContaining('replicate usb skipped')])
  state.removeReplica('usb')
  world.away.clear()
  expect((await world.awake(2 * hourMs)).filter((job) => job.includes('replicate'))).toEqual([])
})

test('what is asked when the agent ends begins nothing any more', async () => {
  using world = new World()
  const answer = Promise.withResolvers<undefined>()
  const jobs: unknown[] = []
  const away = new AwayVaults(world.home.deps, async () => await answer.promise)
  away.begin({ kind: 'verify', vault: 'usb', submit: () => jobs.push('begun'), skip: () => jobs.push('skipped') })
  away[Symbol.dispose]()
  answer.resolve(undefined)
  await away.settled()
  expect(jobs).toEqual([])
})

test('the places of a vault and of its replica are asked; what is wrong with one that answers is for the job to tell', async () => {
  using home = new TestHome()
  using folder = new TestFolder()
  const { deps } = home
  await createNewVault(deps, 'v', folder.at('vault'), testPassphrase)
  const whyAway = askPlaces(deps)
  const ask = async (kind: 'verify' | 'replicate') => await whyAway({ kind, vault: 'v' })
  expect(await ask('verify')).toBeUndefined()
  await setReplica(deps, 'v', { place: folder.at('replica') })
  expect(await ask('replicate')).toBeUndefined()
  await replicateVault(deps, 'v', {})
  expect(await ask('replicate')).toBeUndefined()
  renameSync(folder.at('replica'), folder.at('elsewhere'))
  expect(await ask('verify')).toBeUndefined()
  expect(await ask('replicate')).toContain(folder.at('replica'))
  renameSync(folder.at('elsewhere'), folder.at('replica'))
  renameSync(folder.at('vault'), folder.at('gone'))
  expect(await ask('verify')).toContain(folder.at('vault'))
  expect(await whyAway({ kind: 'verify', vault: 'unknown' })).toBeUndefined()
  using another = new TestHome()
  await createNewVault(another.deps, 'other', folder.at('vault'), testPassphrase)
  // Another vault stands there: the job fails, and says so.
  expect(await ask('verify')).toBeUndefined()
})
