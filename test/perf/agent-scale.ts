/**
 * `npm run bench:agent -- [--items 500] [--jobs 10000] [--folder DIR]`: a home folder with many items, each with a point,
 * and a long history of jobs, and a real agent over it: how soon it takes verbs, how long `item list` takes, what it is
 * when idle. To fill the home folder takes minutes: one in DIR is kept, and used again.
 */
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { openHome } from '../../agent-core/agent.ts'
import { randomId, systemRandom } from '../../agent-core/base/random.ts'
import type { JobId } from '../../agent-core/contract/index.ts'
import { openAgentOf } from '../../agent-core/open-agent.ts'

const { values } = parseArgs({
  options: {
    items: { type: 'string', default: '500' },
    jobs: { type: 'string', default: '10000' },
    folder: { type: 'string' },
  },
})
const itemCount = Number(values.items)
const jobCount = Number(values.jobs)
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

/** Items with one small file each, one backup of each, and a history of jobs. */
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
  for (let at = 0; at < jobCount; at++) {
    const endedMs = Date.now() - at * 60_000
    deps.state.jobs.add({
      id: randomId<JobId>(systemRandom),
      kind: 'backup',
      item: `item-${at % itemCount}`,
      vault: null,
      state: 'completed',
      reason: null,
      trigger: 'schedule',
      request: null,
      owner: '1:1',
      queuedMs: endedMs - 1000,
      startedMs: endedMs - 900,
      finishedMs: endedMs,
      phases: [],
      warnings: [],
      result: { files: 1, bytes: 10, warnings: 0 },
      error: null,
    })
  }
  await api[Symbol.asyncDispose]()
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
    console.log(`${itemCount} items, ${jobCount} jobs: the agent takes verbs after ${ms(performance.now() - beganMs)}`)
    await using client = await openAgentOf({ home })
    for (const [verb, ask] of [
      ['item list', async () => await client.listItems()],
      ['overview', async () => await client.overview()],
      ['job list', async () => await client.listJobs({})],
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
