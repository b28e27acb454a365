/**
 * Years of backups for real: four machines with homes and trees of their own share one vault in a folder. Each has an item
 * with the policy and the habits of `follow-rules`, and its tree changes now and then. Once a week each keyspace is
 * cleaned up, mostly by its own machine, at times by another one. What happens is one row of events in the order of their
 * times, so that all clocks go forth.
 */
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs'
import module from 'node:module'
import { basename, join } from 'node:path'
import { Temporal } from 'temporal-polyfill'
import { backupNow } from '../../agent-core/api/backup-verbs.ts'
import { enableItem } from '../../agent-core/api/item-verbs.ts'
import { joinVault } from '../../agent-core/api/machine-verbs.ts'
import { knownVault, openKnownVault } from '../../agent-core/api/open-vault.ts'
import { pruneVault } from '../../agent-core/api/prune-verbs.ts'
import { restoreFiles } from '../../agent-core/api/restore-verbs.ts'
import { createNewVault } from '../../agent-core/api/vault-verbs.ts'
import { verifyKnownVault } from '../../agent-core/api/verify-verbs.ts'
import { systemClock } from '../../agent-core/base/clock.ts'
import type { PointId } from '../../agent-core/contract/ids.ts'
import { type Habit, habits, runsOf } from './follow-rules.ts'
import { beginMs, OnlineModel } from './keep-model.ts'
import { createRandomChanges, makeTree } from './random-changes.ts'
import { seededRandom } from './seeded-random.ts'
import { plainSettings, TestFolder, TestHome, testPassphrase } from './test-home.ts'
import { snapshotTree, type TreeSnapshot } from './tree-snapshot.ts'

const dayMs = 86_400_000
/** Far ahead of the real time, which the files of the trees have: none of them is too young to be believed unchanged. */
const firstDay = Temporal.PlainDate.from('2040-01-10')
/** On most days nothing changes on a machine; a backup then starts no thread, which would cost most of its time. */
const changedDays = 0.2
/** On a day on which something does. */
const changesADay = 5
/** Of so many clean-ups one is done by another machine. */
const foreignOneOf = 8

interface MadePoint {
  readonly id: PointId
  readonly keepUntilMs: number | undefined
  /** What was there when it was made; dropped when the point is gone. */
  readonly tree: TreeSnapshot
}

/** Bytes of one keyspace after a clean-up. */
export interface WeekSpace {
  readonly day: number
  readonly machine: string
  readonly chunkBytes: number
  /** Audit journal and tombstones, which tell of all that ever was. */
  readonly historyBytes: number
  readonly otherBytes: number
  /** Until then. */
  readonly pointsMade: number
  readonly cleanUps: number
  /** Of the different contents of files in the points that are kept. */
  readonly liveBytes: number
}

class YearlyMachine implements Disposable {
  readonly habit: Habit
  readonly home: TestHome
  readonly source: string
  readonly model: OnlineModel
  readonly random: () => number
  /** In the order in which they were made, those that are gone left out. */
  points: MadePoint[] = []
  pointsMade = 0
  cleanUps = 0
  readonly #changes: ReturnType<typeof createRandomChanges>

  constructor(habit: Habit, folder: TestFolder, seed: number, nowMs: () => number) {
    this.habit = habit
    this.random = seededRandom(seed)
    this.home = new TestHome({ machine: habit.name, clock: { ...systemClock, nowMs } })
    this.home.passphrase = this.passphrase
    this.source = folder.at(habit.name)
    this.model = new OnlineModel(habit.policy.keep, firstDay)
    const outside = folder.at(`${habit.name} outside`)
    for (const path of [this.source, outside]) mkdirSync(path)
    const content = seededContent(seed, this.random)
    makeTree(this.source, 1)
    this.#changes = createRandomChanges(this.source, outside, this.random, content)
  }

  get passphrase(): string {
    return `${testPassphrase} on ${this.habit.name}`
  }

  async backUp(kind: 'scheduled' | 'on-demand', keepUntilMs: number | undefined): Promise<void> {
    if (this.random() < changedDays) this.#changes.change(changesADay)
    const tree = snapshotTree(this.source)
    const dated = keepUntilMs === undefined ? {} : { keepUntilMs }
    const options = { accept: true, scheduled: kind === 'scheduled', ...dated }
    const { point, job, warnings, failure } = await backupNow(this.home.deps, 'docs', options, {})
    if (point?.confirmed !== true || job.state !== 'completed') {
      throw new Error(`a backup of ${this.habit.name} is ${job.state}: ${JSON.stringify({ warnings, failure })}`)
    }
    this.pointsMade++
    this.points.push({ id: point.id, keepUntilMs, tree })
    this.model.addPoint({
      id: point.id,
      sequence: point.seq,
      timeMs: this.home.deps.clock.nowMs(),
      kind,
      partial: false,
      ...dated,
    })
  }

  /** Ids of the points that should be there after a clean-up. */
  expected(nowMs: number): Set<string> {
    const newest = this.points.slice(-this.habit.policy.keep.atLeast)
    const dated = this.points.filter(({ keepUntilMs }) => keepUntilMs !== undefined && keepUntilMs > nowMs)
    return new Set([...this.model.kept(), ...[...newest, ...dated].map(({ id }) => id)])
  }

  [Symbol.dispose](): void {
    this.home[Symbol.dispose]()
  }
}

/** Content that does not compress and that no other number and seed have. */
function seededContent(seed: number, random: () => number): (number: number) => Buffer {
  return (number) => {
    const outputLength = 1 + Math.floor(random() * 16_384)
    return createHash('shake256', { outputLength }).update(`${seed} ${number}`).digest()
  }
}

interface TimedEvent {
  readonly timeMs: number
  readonly happen: () => void | Promise<void>
}

/** What became of the years. */
export interface YearsOutcome {
  readonly made: number
  readonly kept: number
  /** Weeks of a machine after which points were there that should be gone, or gone that should be there. */
  readonly differences: readonly string[]
  readonly spaces: readonly WeekSpace[]
  /** Points of the end that are not restored as what was there. */
  readonly wrong: readonly string[]
  /** What verifications of all data found. */
  readonly damaged: readonly string[]
}

export class YearsOfBackups implements Disposable {
  readonly #folder = new TestFolder('years-')
  readonly #machines: readonly YearlyMachine[]
  readonly #random: () => number
  readonly #differences: string[] = []
  readonly #spaces: WeekSpace[] = []
  #nowMs = beginMs(firstDay.subtract({ days: 1 }), 'UTC')
  #made = 0

  constructor(seed: number) {
    // As the product does: each thread would strip the types of all that it imports anew.
    if (module.getCompileCacheDir() === undefined) module.enableCompileCache(this.#folder.at('compiled'))
    this.#random = seededRandom(seed)
    // One run a day is enough: what several do, the rules alone are followed through.
    this.#machines = habits.map(
      (habit, index) =>
        new YearlyMachine(
          { ...habit, hours: habit.hours.slice(0, 1), policy: { ...habit.policy, name: habit.name } },
          this.#folder,
          seed + index + 1,
          () => this.#nowMs,
        ),
    )
  }

  /** Lets the days pass; `tell` hears of each year. Points are restored and verified at the end. */
  async follow(days: number, tell: (words: string) => void): Promise<YearsOutcome> {
    await this.#begin()
    const startMs = this.#nowMs
    let yearsOver = 0
    for (const { timeMs, happen } of this.#events(days)) {
      this.#nowMs = timeMs
      await happen()
      const over = Math.floor((timeMs - startMs) / (365 * dayMs))
      if (over > yearsOver) {
        tell(`year ${over} is over: ${this.#made} points made; ${this.#differences.length} weeks differ`)
      }
      yearsOver = over
    }
    return {
      made: this.#made,
      kept: this.#machines.reduce((sum, { points }) => sum + points.length, 0),
      differences: this.#differences,
      spaces: this.#spaces,
      wrong: await this.#restoreAll(),
      damaged: await this.#verifyAll(),
    }
  }

  get #vault(): string {
    return this.#folder.at('vault')
  }

  async #begin(): Promise<void> {
    const [first] = this.#machines
    for (const machine of this.#machines) {
      const { deps } = machine.home
      if (machine === first) await createNewVault(deps, 'v', this.#vault, machine.passphrase)
      else await joinVault(deps, 'v', this.#vault, machine.passphrase, {})
      deps.state.putPolicy(machine.habit.policy)
      const settings = { ...plainSettings, folders: [machine.source], policy: machine.habit.policy.name }
      await enableItem(deps, 'docs', ['v'], settings)
    }
  }

  #events(days: number): TimedEvent[] {
    const events: TimedEvent[] = []
    for (const machine of this.#machines) {
      const { habit, model, random } = machine
      for (let passed = 0; passed < days; passed++) {
        const day = firstDay.add({ days: passed })
        const startMs = beginMs(day, habit.policy.timeZone)
        const endMs = beginMs(day.add({ days: 1 }), habit.policy.timeZone)
        events.push({ timeMs: startMs, happen: () => model.beginDay(day) })
        for (const { hour, kind, keepMs } of runsOf(habit, passed, random)) {
          const timeMs = Math.min(startMs + Math.round(hour * 3_600_000), endMs - 2)
          const keepUntilMs = keepMs === undefined ? undefined : timeMs + keepMs
          const happen = async () => {
            this.#made++
            await machine.backUp(kind, keepUntilMs)
          }
          events.push({ timeMs, happen })
        }
        if (day.dayOfWeek === 3) events.push({ timeMs: endMs - 1, happen: () => this.#cleanUp(machine, passed) })
      }
    }
    return events.toSorted((a, b) => a.timeMs - b.timeMs)
  }

  async #cleanUp(machine: YearlyMachine, day: number): Promise<void> {
    const others = this.#machines.filter((other) => other !== machine)
    const isForeign = this.#random() * foreignOneOf < 1
    const cleaner = isForeign ? (others[Math.floor(this.#random() * others.length)] as YearlyMachine) : machine
    const askPassphrase = () => () => Promise.resolve(machine.passphrase)
    await pruneVault({ ...cleaner.home.deps, askPassphrase }, 'v', { keyspace: machine.habit.name }, {})
    const expected = machine.expected(this.#nowMs)
    const there = await this.#pointsOf(machine)
    const difference = [...expected.symmetricDifference(there)]
    if (difference.length > 0) {
      this.#differences.push(`day ${day}, ${machine.habit.name} by ${cleaner.habit.name}: ${difference.join(', ')}`)
    }
    machine.points = machine.points.filter(({ id }) => there.has(id))
    machine.cleanUps++
    this.#spaces.push(this.#spaceOf(machine, day))
  }

  /** Ids of the points that the vault has confirmed. */
  async #pointsOf({ home: { deps } }: YearlyMachine): Promise<Set<string>> {
    const vault = await openKnownVault(deps, knownVault(deps, 'v'))
    try {
      const points = await vault.listPoints()
      return new Set(points.filter((point) => point.confirmationName !== undefined).map(({ point }) => point))
    } finally {
      await vault.store.close()
    }
  }

  #spaceOf({ habit, home, points, pointsMade, cleanUps }: YearlyMachine, day: number): WeekSpace {
    const { keyspace } = knownVault(home.deps, 'v')
    const root = join(this.#vault, 'keyspaces', keyspace)
    let chunkBytes = 0
    let historyBytes = 0
    let otherBytes = 0
    for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue
      const { size } = statSync(join(entry.parentPath, entry.name))
      if (entry.name.endsWith('.tcf')) chunkBytes += size
      else if (['audit', 'tombstones'].includes(basename(entry.parentPath))) historyBytes += size
      else otherBytes += size
    }
    const liveBytes = contentBytes(points.map(({ tree }) => tree))
    return { day, machine: habit.name, chunkBytes, historyBytes, otherBytes, pointsMade, cleanUps, liveBytes }
  }

  async #restoreAll(): Promise<string[]> {
    const wrong: string[] = []
    const directory = this.#folder.at('restored')
    for (const { habit, home, points } of this.#machines) {
      for (const { id, tree } of points) {
        const request = { item: 'docs', point: id, paths: [], target: { directory }, metadata: true, special: true }
        await restoreFiles(home.deps, { ...request, conflict: 'overwrite' }, {})
        const found = snapshotTree(directory)
        const paths = new Set([...Object.keys(tree), ...Object.keys(found)])
        const differing = [...paths].filter((path) => tree[path] !== found[path])
        wrong.push(...differing.map((path) => `${habit.name} ${id} ${path}: ${found[path]} instead of ${tree[path]}`))
        rmSync(directory, { recursive: true })
      }
    }
    return wrong
  }

  async #verifyAll(): Promise<string[]> {
    const damaged: string[] = []
    for (const { habit, home } of this.#machines) {
      const found = await verifyKnownVault(home.deps, 'v', { readDataPercent: 100 }, {})
      damaged.push(...found.damaged.map(({ object, reason }) => `${habit.name} ${object}: ${reason}`))
    }
    return damaged
  }

  [Symbol.dispose](): void {
    for (const held of [...this.#machines, this.#folder]) held[Symbol.dispose]()
  }
}

/** Bytes of the different contents of all files of these trees. */
function contentBytes(trees: readonly TreeSnapshot[]): number {
  const sizes = new Map<string, number>()
  for (const tree of trees) {
    for (const line of Object.values(tree)) {
      const [, size, content] = / size=(\d+) content=(\w+)/.exec(line) ?? []
      if (content !== undefined) sizes.set(content, Number(size))
    }
  }
  return [...sizes.values()].reduce((sum, size) => sum + size, 0)
}
