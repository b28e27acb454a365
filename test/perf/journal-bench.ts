/**
 * `npm run bench:journal -- [FILES] [FOLDER]`: a backup in which nothing has changed, in a process that keeps a change
 * journal, for each kind of watcher; and what that process holds while it is idle. Each kind has a process of its own.
 * Without FOLDER a tree of FILES files (default 100,000, a hundred in each folder) is made and removed again.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { backupNow } from '../../agent-core/api/backup-verbs.ts'
import { enableItem } from '../../agent-core/api/item-verbs.ts'
import { createNewVault } from '../../agent-core/api/vault-verbs.ts'
import { systemClock } from '../../agent-core/base/clock.ts'
import { releaseGrowth, releaseMemory } from '../../agent-core/platform/process-memory.ts'
import { ChangeJournal } from '../../agent-core/source/change-journal.ts'
import type { WatcherKind } from '../../agent-core/source/change-watcher.ts'
import { plainSettings, TestFolder, TestHome, testPassphrase } from '../support/test-home.ts'

const rounds = 7
const kinds = ['fanotify', 'folders', 'chokidar', 'none'] as const
/** chokidar is measured with what one agent may give it. */
const chokidarFiles = 4900
/** Long enough for times to be settled, and for a few turns of the queue. */
const settledMs = 2500
/** V8 shrinks its heap 8 s after garbage was collected (`--gc-memory-reducer-start-delay-ms`). */
const idleMs = 12_000

const [what = '', folder = ''] = process.argv.slice(2)
const kind = kinds.find((each) => each === what)
if (kind === undefined) measureAll(Number(what || 100_000), folder)
else await measureKind(kind, folder)

function measureAll(fileCount: number, given: string): void {
  using made = new TestFolder('journal-bench-')
  const large = given === '' ? makeTree(made.at('large'), fileCount) : given
  const small = makeTree(made.at('small'), Math.min(fileCount, chokidarFiles))
  for (const each of kinds) {
    const script = [join(import.meta.dirname, 'journal-bench.ts'), each, each === 'chokidar' ? small : large]
    // As agent-core/cli/tharsis.mjs does.
    const flags = [
      '--semi-space-growth-factor=1',
      '--heap-growing-percent=20',
      '--single-threaded-gc',
      '--min-semi-space-size=2',
      '--wasm-wrapper-tiering-budget=2147483647',
    ]
    process.stdout.write(execFileSync(process.execPath, [...flags, ...script]))
  }
}

async function measureKind(only: WatcherKind, source: string): Promise<void> {
  using home = new TestHome()
  using places = new TestFolder()
  await createNewVault(home.deps, 'v', places.at('vault'), testPassphrase)
  const item = await enableItem(home.deps, 'item', ['v'], { ...plainSettings, folders: [source] })
  const folders = item.folders.map(({ path }) => Buffer.from(path))
  await using journal = new ChangeJournal(
    {
      item: item.id,
      area: { folders, crossMounts: false, enters: () => true },
      settings: '',
      folder: places.at('journals'),
      budget: { chokidarEntries: 5000, watchedFolders: 20_000 },
      only,
    },
    home.deps,
  )
  const run = async () => {
    const started = performance.now()
    const cpu = process.cpuUsage()
    const { scan, files } = await backupNow(home.deps, 'item', { scheduled: true, accept: false }, {}, journal)
    const { user, system } = process.cpuUsage(cpu)
    return { wallMs: performance.now() - started, cpuMs: (user + system) / 1000, scan, files }
  }
  const first = await run()
  await systemClock.delay(settledMs)
  const second = await run()
  const timed: Awaited<ReturnType<typeof run>>[] = []
  for (let round = 0; round < rounds; round++) timed.push(await run())
  releaseMemory()
  await systemClock.delay(idleMs)
  releaseGrowth()
  const last = timed.at(-1) ?? second
  console.log(
    [
      `${only}: ${first.files.seen} files; first backup ${seconds(first.wallMs)}`,
      `unchanged, by ${last.scan.kind} scan: median ${seconds(median(timed.map(({ wallMs }) => wallMs)))}`,
      `least ${seconds(Math.min(...timed.map(({ wallMs }) => wallMs)))}`,
      `CPU ${seconds(median(timed.map(({ cpuMs }) => cpuMs)))}`,
      `idle: ${memory('VmRSS')} resident, ${memory('RssAnon')} of its own`,
    ].join('; '),
  )
}

function makeTree(path: string, fileCount: number): string {
  for (let count = 0; count < fileCount; count++) {
    const below = join(path, `${Math.floor(count / 10_000)}`, `${Math.floor(count / 100)}`)
    if (count % 100 === 0) mkdirSync(below, { recursive: true })
    writeFileSync(join(below, `file ${count}`), `content ${count}`)
  }
  return path
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`
}

function memory(field: string): string {
  const status = readFileSync('/proc/self/status', 'utf8')
  return `${Math.round(Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1]) / 1024)} MiB`
}
