/**
 * `npm run bench:agent -- [--items 500] [--points 20] [--folder DIR]`: a home folder with many items, each with so many
 * points and the jobs that made them, and a real agent over it: how soon it takes verbs, how long `item list` takes, what
 * it is when idle. To fill the home folder takes minutes: one in DIR is kept, and used again.
 */
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { openHome } from '../../agent-core/agent.ts'
import type { AgentDeps } from '../../agent-core/api/agent-deps.ts'
import { openBaseForWriting } from '../../agent-core/api/open-base.ts'
import { knownVault, openKnownVault } from '../../agent-core/api/open-vault.ts'
import { randomId } from '../../agent-core/base/random.ts'
import { sha256 } from '../../agent-core/codec/block-id.ts'
import type { JobId, PointId } from '../../agent-core/contract/index.ts'
import { decodePointManifest, encodePointManifest, type PointManifest } from '../../agent-core/format/point.ts'
import { openAgentOf } from '../../agent-core/open-agent.ts'
import { sealManifest } from '../../agent-core/vault/vault.ts'

const { values } = parseArgs({
  options: {
    items: { type: 'string', default: '500' },
    points: { type: 'string', default: '20' },
    folder: { type: 'string' },
  },
})
const itemCount = Number(values.items)
const pointCount = Number(values.points)
const tharsis = join(import.meta.dirname, '..', '..', 'agent-core', 'cli', 'tharsis.mjs')
const folder = values.folder ?? mkdtempSync(join(tmpdir(), 'agent-scale-'))
const home = join(folder, 'home')
process.env['DBUS_SESSION_BUS_ADDRESS'] = 'disabled:'
try {
  if (!existsSync(home)) await fill()
  await measure()
} finally {
  if (values.folder === undefined) rmSync(folder, { recursive: true, force: true })
}

/** Items with one small file each: the first point of each by a backup, the others as later backups leave them. */
async function fill(): Promise<void> {
  const { api, deps } = openHome({ home })
  await api.createVault('v', join(folder, 'vault'), 'a passphrase for tests')
  for (let at = 0; at < itemCount; at++) {
    const name = `item-${at}`
    const source = join(folder, 'sources', name)
    mkdirSync(source, { recursive: true })
    writeFileSync(join(source, 'file'), name)
    const settings = {
      folders: [source],
      excludes: [],
      defaultExcludes: true,
      crossMounts: false,
      compression: 'lz4',
    } as const
    await api.enableItem(name, ['v'], settings)
    await api.backupNow(name, { accept: false }, {})
  }
  await addPoints(deps)
  await api[Symbol.asyncDispose]()
}

/**
 * What backups that find nothing changed leave: a point in the vault, confirmed, the base's newest one, what the state
 * remembers of it, and a job. The walk and the threads of the engine, which leave nothing, are what is not done.
 */
async function addPoints(deps: AgentDeps): Promise<void> {
  const vault = await openKnownVault(deps, knownVault(deps, 'v'))
  using base = openBaseForWriting(deps)
  const startMs = deps.clock.nowMs()
  for (let round = 1; round < pointCount; round++) {
    for (const item of deps.state.items()) {
      const before = base.latestPoint(item.id)
      if (before === undefined) throw new Error(`${item.name} has no point`)
      const last = decodePointManifest(before.manifest, 'captured point')
      const manifest: PointManifest = {
        ...last,
        id: randomId<PointId>(deps.random),
        sequence: last.sequence + 1,
        timeMs: startMs + round,
        kind: 'scheduled',
        parent: { id: last.id, sha256: sha256(before.object) },
      }
      const object = sealManifest(vault.keys, manifest, deps.random)
      const { id, sequence } = manifest
      const point = { id, item: item.id, sequence, manifest: encodePointManifest(manifest), object }
      deps.state.madePoints.note(item.id, id, manifest.timeMs)
      base.capture({
        keyspace: vault.keys.keyspace,
        point,
        chunkFiles: [],
        vaults: [vault.id],
        lastFileId: base.lastFileId(vault.keys.keyspace),
        distrustSeen: new Map(),
      })
      await vault.putPoint(manifest, object)
      await vault.confirmPoint(manifest, object, manifest.timeMs)
      base.confirm(vault.id, point)
      noteJob(deps, item.name, manifest)
    }
  }
  await vault.store.close()
}

function noteJob({ state, random }: AgentDeps, item: string, { id, sequence, timeMs }: PointManifest): void {
  state.jobs.add({
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
      `${itemCount} items, ${itemCount * pointCount} points: the agent takes verbs after ${ms(performance.now() - beganMs)}`,
    )
    await using client = await openAgentOf({ home })
    for (const [verb, ask] of [
      ['item list', async () => await client.listItems()],
      ['overview', async () => await client.overview()],
      ['job list', async () => await client.listJobs({})],
      ['point list of one item', async () => await client.listPoints('item-7')],
    ] as const) {
      const times: number[] = []
      for (let round = 0; round < 5; round++) {
        const askedMs = performance.now()
        await ask()
        times.push(performance.now() - askedMs)
      }
      console.log(`${verb}: first ${ms(times[0] ?? 0)}, median of 5 ${ms(times.toSorted((a, b) => a - b)[2] ?? 0)}`)
    }
    await setTimeout(5000)
    const before = cpuSeconds(agent.pid ?? 0)
    // Two turns of its clockwork, the first of which gives back what the answers have taken.
    await setTimeout(120_000)
    console.log(
      `idle for 2 min: ${Math.round((cpuSeconds(agent.pid ?? 0) - before) * 1000)} ms of processor time, ${memory(agent.pid ?? 0)}`,
    )
  } finally {
    agent.kill()
  }
}

function ms(value: number): string {
  return `${Math.round(value)} ms`
}

/** User and system time of a process (proc(5), fields 14 and 15, ticks of 10 ms). */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) / 100
}

function memory(pid: number): string {
  const of = (file: string, name: string) =>
    Math.round(
      Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/${file}`, 'latin1'))?.[1]) / 1024,
    )
  return `${of('smaps_rollup', 'Pss')} MiB (PSS), ${of('status', 'RssAnon')} MiB of its own, ${of('status', 'VmRSS')} MiB resident`
}
