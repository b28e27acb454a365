/**
 * `npm run bench:agent -- [--items 500] [--points 20] [--folder DIR]`: a home folder with many items, each with so many
 * points and the jobs that made them, and a real agent over it: how soon it takes verbs, how long `item list` takes, what
 * it is when idle. A home folder that was filled in DIR is kept, and used again.
 */
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { setTimeout } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { openHome } from '../../agent-core/agent.ts'
import type { AgentDeps } from '../../agent-core/api/agent-deps.ts'
import { openBaseForWriting } from '../../agent-core/api/open-base.ts'
import { knownVault, openKnownVault } from '../../agent-core/api/open-vault.ts'
import { type Random, randomId } from '../../agent-core/base/random.ts'
import type { CapturedPoint } from '../../agent-core/cache/base-rows.ts'
import { sha256 } from '../../agent-core/codec/block-id.ts'
import { sealObject } from '../../agent-core/codec/seal-object.ts'
import type { ItemId, JobId, PointId } from '../../agent-core/contract/index.ts'
import {
  decodePointManifest,
  encodeConfirmation,
  encodePointManifest,
  type PointManifest,
} from '../../agent-core/format/point.ts'
import { openAgentOf } from '../../agent-core/open-agent.ts'
import { JobTable } from '../../agent-core/state/job-table.ts'
import { MadePoints } from '../../agent-core/state/made-points.ts'
import type { SqlValue, StateSql } from '../../agent-core/state/state-tables.ts'
import { sealManifest, type Vault } from '../../agent-core/vault/vault.ts'

const { values } = parseArgs({
  options: {
    items: { type: 'string', default: '500' },
    points: { type: 'string', default: '20' },
    folder: { type: 'string' },
  },
})
const itemCount = Number(values.items)
const pointCount = Number(values.points)
/** Each verb is asked so often. */
const rounds = 9
const tharsis = join(import.meta.dirname, '..', '..', 'dist', 'agent-core', 'tharsis.mjs')
const folder = values.folder ?? mkdtempSync(join(tmpdir(), 'agent-scale-'))
const home = join(folder, 'home')
process.env['DBUS_SESSION_BUS_ADDRESS'] = 'disabled:'
try {
  if (!existsSync(home)) {
    const beganMs = performance.now()
    await fill()
    console.log(`filled in ${Math.round((performance.now() - beganMs) / 1000)} s`)
  }
  await measure()
} finally {
  if (values.folder === undefined) rmSync(folder, { recursive: true, force: true })
}

/**
 * Items with a folder each. The backup of the first one is a real one; the points of the others hold its files, since what is
 * in them is not looked at here.
 */
async function fill(): Promise<void> {
  const { api, deps } = openHome({ home })
  await api.createVault('v', join(folder, 'vault'), 'a passphrase for tests')
  const sources = Array.from({ length: itemCount }, (_, at) => join(folder, 'sources', `item-${at}`))
  for (const source of sources) {
    mkdirSync(source, { recursive: true })
    writeFileSync(join(source, 'file'), source)
  }
  const enable = async (at: number) =>
    await api.enableItem(`item-${at}`, ['v'], {
      folders: [sources[at] as string],
      excludes: [],
      defaultExcludes: true,
      crossMounts: false,
      compression: 'lz4',
    })
  await enable(0)
  await api.backupNow('item-0', { accept: false }, {})
  const first = deps.state.item('item-0')
  if (first === undefined) throw new Error('there is no item')
  for (let at = 1; at < itemCount - 1; at++) {
    const folders = [Buffer.from(sources[at] as string)]
    deps.state.putItem({ ...first, name: `item-${at}`, id: randomId<ItemId>(deps.random), folders })
  }
  // With the last one the vault is told of all of them.
  await enable(itemCount - 1)
  await addPoints(deps, first.id)
  await api[Symbol.asyncDispose]()
}

/**
 * What backups that find nothing changed leave: points in the vault, confirmed, the newest of each item in the base, what
 * the state remembers of them, and their jobs. Nothing is synced one by one, which is most of what backups take.
 */
async function addPoints(deps: AgentDeps, firstItem: ItemId): Promise<void> {
  const vault = await openKnownVault(deps, knownVault(deps, 'v'))
  using base = openBaseForWriting(deps)
  using tables = openTables(deps)
  const made = base.latestPoint(firstItem)
  if (made === undefined) throw new Error('the first item has no point')
  const model = decodePointManifest(made.manifest, 'captured point')
  const newest: CapturedPoint[] = []
  tables.sql.write(() => {
    for (const item of deps.state.items()) {
      let last: CapturedPoint | undefined = item.id === firstItem ? made : undefined
      for (let sequence = last === undefined ? 1 : 2; sequence <= pointCount; sequence++) {
        const manifest: PointManifest = {
          ...model,
          item: item.id,
          id: randomId<PointId>(deps.random),
          sequence,
          timeMs: model.timeMs + sequence,
          kind: 'scheduled',
          ...(last !== undefined && { parent: { id: last.id, sha256: sha256(last.object) } }),
        }
        const object = sealManifest(vault.keys, manifest, deps.random)
        last = { id: manifest.id, item: item.id, sequence, manifest: encodePointManifest(manifest), object }
        writePoint(vault, manifest, object)
        tables.madePoints.note(item.id, manifest.id, manifest.timeMs)
        noteJob(tables.jobs, deps.random, item.name, manifest)
      }
      if (last !== undefined && last !== made) newest.push(last)
    }
  })
  const { keyspace } = vault.keys
  for (const point of newest) {
    const lastFileId = base.lastFileId(keyspace)
    base.capture({ keyspace, point, chunkFiles: [], vaults: [vault.id], lastFileId, distrustSeen: new Map() })
    base.confirm(vault.id, point)
  }
  await vault.store.close()
}

/** The files of a confirmed point, as a folder's store has them. */
function writePoint({ keys, layout, random, store }: Vault, manifest: PointManifest, object: Buffer): void {
  const { id, item, sequence, timeMs } = manifest
  const confirmation = layout.confirmation(item, sequence, id)
  const payload = encodeConfirmation({ point: id, sha256: sha256(object), confirmedAtMs: timeMs })
  const objects = [
    [layout.point(item, sequence, id), object],
    [confirmation, sealObject(keys, 'confirmation', confirmation, payload, random)],
  ] as const
  for (const [name, bytes] of objects) {
    const path = store.localPath?.(name)
    if (path === undefined) throw new Error('the vault is no folder')
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    writeFileSync(path, bytes, { mode: 0o600 })
  }
}

/** Tables of the state, as the product writes them, over a connection on which many writes may be one transaction. */
function openTables({ paths }: AgentDeps) {
  const db = new DatabaseSync(paths.state)
  const statements = new Map<string, StatementSync>()
  const statement = (text: string) => {
    const known = statements.get(text) ?? db.prepare(text)
    statements.set(text, known)
    return known
  }
  let isWriting = false
  const sql: StateSql = {
    all: <Row>(text: string, ...values: readonly SqlValue[]) => statement(text).all(...values) as Row[],
    get: <Row>(text: string, ...values: readonly SqlValue[]) => statement(text).get(...values) as Row | undefined,
    run: (text, ...values) => void statement(text).run(...values),
    write: (work) => {
      if (isWriting) return work()
      isWriting = true
      db.exec('BEGIN IMMEDIATE')
      work()
      db.exec('COMMIT')
      isWriting = false
    },
  }
  return { sql, jobs: new JobTable(sql), madePoints: new MadePoints(sql), [Symbol.dispose]: () => db.close() }
}

function noteJob(jobs: JobTable, random: Random, item: string, { id, sequence, timeMs }: PointManifest): void {
  jobs.add({
    id: randomId<JobId>(random),
    kind: 'backup',
    item,
    vault: null,
    state: 'completed',
    reason: null,
    trigger: 'schedule',
    request: JSON.stringify({ verb: 'backupNow', given: [item, { accept: false }] }),
    owner: '1:1',
    queuedMs: timeMs - 2,
    startedMs: timeMs - 1,
    finishedMs: timeMs,
    phases: [],
    warnings: [],
    result: { files: 1, bytes: 10, warnings: 0, point: { id, seq: sequence, confirmed: true, sizeBytes: 10 } },
    error: null,
  })
}

async function measure(): Promise<void> {
  const beganMs = performance.now()
  const agent = spawn(process.execPath, [tharsis, 'agent', 'run', '--home', home], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  try {
    await new Promise<void>((resolve, reject) => {
      agent.stderr.on('data', (bytes: Buffer) => bytes.includes('The agent runs') && resolve())
      agent.once('exit', () => reject(new Error('the agent ended')))
    })
    console.log(
      `${itemCount} items, ${itemCount * pointCount} points: the agent takes verbs after ${ms(performance.now() - beganMs)}, ` +
        `of processor time ${ms(cpuMs(agent.pid ?? 0))}`,
    )
    await using client = await openAgentOf({ home })
    for (const [verb, ask] of [
      ['item list', async () => await client.listItems()],
      ['overview', async () => await client.overview()],
      ['job list', async () => await client.listJobs({})],
      ['point list of one item', async () => await client.listPoints('item-7')],
    ] as const) {
      const times: number[] = []
      const cpuBeforeMs = cpuMs(agent.pid ?? 0)
      for (let round = 0; round < rounds; round++) {
        const askedMs = performance.now()
        await ask()
        times.push(performance.now() - askedMs)
      }
      const cpuEachMs = (cpuMs(agent.pid ?? 0) - cpuBeforeMs) / rounds
      const middle = times.toSorted((a, b) => a - b)[Math.floor(rounds / 2)] ?? 0
      console.log(
        `${verb}: first ${ms(times[0] ?? 0)}, median of ${rounds} ${ms(middle)}, of processor time ${ms(cpuEachMs)} each`,
      )
    }
    await setTimeout(5000)
    const before = cpuMs(agent.pid ?? 0)
    // Two turns of its clockwork, the first of which gives back what the answers have taken.
    await setTimeout(120_000)
    console.log(`idle for 2 min: ${ms(cpuMs(agent.pid ?? 0) - before)} of processor time, ${memory(agent.pid ?? 0)}`)
  } finally {
    agent.kill()
  }
}

function ms(value: number): string {
  return `${Math.round(value)} ms`
}

/** User and system time of a process in ms (proc(5), fields 14 and 15, ticks of 10 ms): what other work does not lengthen. */
function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) * 10
}

function memory(pid: number): string {
  const of = (file: string, name: string) =>
    Math.round(
      Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/${file}`, 'latin1'))?.[1]) / 1024,
    )
  return `${of('smaps_rollup', 'Pss')} MiB (PSS), ${of('status', 'RssAnon')} MiB of its own, ${of('status', 'VmRSS')} MiB resident`
}
