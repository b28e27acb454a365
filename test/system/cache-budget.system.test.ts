/** First backups larger than the cache's budget through the command line, with the vault on another file system. */
import { randomFillSync, randomInt } from 'node:crypto'
import { readdirSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { BackupDocument, CacheDocument, VerifyDocument } from '../../agent-core/api/agent-api.ts'
import { CliHome } from '../support/cli-home.ts'
import { type LoopFileSystem, mountLoopFileSystem } from '../support/loop-file-system.ts'
import { seededRandom } from '../support/seeded-random.ts'
import { snapshotTree } from '../support/tree-snapshot.ts'

const MiB = 1024 * 1024
const budgetBytes = 64 * MiB
/** Chunk files that are open, or were completed before the engine heard that it is held. */
const underWayBytes = 4 * 33 * MiB
const sourceMiB = 320
/** Chunk files that are on their way to a vault at once. */
const lanes = 2
const isTemporary = (name: string) => name.startsWith('.tmp-')

let cli: CliHome
let disk: LoopFileSystem
let vault: string

beforeEach(async () => {
  cli = new CliHome('/var/tmp')
  disk = await mountLoopFileSystem('tmpfs', (sourceMiB + 200) * MiB)
  vault = join(disk.folder, 'vault')
  const bytes = Buffer.allocUnsafe(4 * MiB)
  for (let number = 0; number < sourceMiB / 4; number++) {
    const path = join(cli.source, `${number}`)
    writeFileSync(path, randomFillSync(bytes))
    utimesSync(path, 1_600_000_000, 1_600_000_000)
  }
  await cli.json(['vault', 'create', 'v', '--local', vault])
  await cli.json(['item', 'enable', 'docs', '--vault', 'v', cli.source])
  await cli.json(['settings', 'set', 'cache-budget', '64MiB'])
})

afterEach(async () => {
  cli[Symbol.dispose]()
  await disk.dispose()
})

function bytesIn(folder: string, isCounted: (name: string) => boolean = () => true): number {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).reduce((sum, name) => {
    if (!isCounted(basename(name))) return sum
    const stats = statSync(join(folder, name), { throwIfNoEntry: false })
    return sum + (stats?.isFile() ? stats.size : 0)
  }, 0)
}

/** Runs a backup and samples every 20 ms what payload lies in the cache. */
async function sampled(onSample: (cachedBytes: number, stop: (signal: NodeJS.Signals) => void) => void = () => {}) {
  const chunks = join(cli.home, 'cache', 'chunks')
  let mostCached = 0
  let timer: NodeJS.Timeout | undefined
  const result = await cli.run(['backup-now', 'docs', '--output', 'json'], {
    onStart: (child) => {
      timer = setInterval(() => {
        const cached = statSync(chunks, { throwIfNoEntry: false }) === undefined ? 0 : bytesIn(chunks)
        mostCached = Math.max(mostCached, cached)
        onSample(cached, (signal) => child.kill(signal))
      }, 20)
    },
  })
  clearInterval(timer)
  return { ...result, mostCached }
}

async function assertWhole(): Promise<void> {
  const verified = await cli.json<VerifyDocument>(['vault', 'verify', 'v', '--read-data', '100'])
  expect(verified.damaged).toEqual([])
  const target = await cli.restore('latest')
  expect(snapshotTree(target)).toEqual(snapshotTree(cli.source))
  rmSync(target, { recursive: true })
}

test('the cache keeps to its budget; unplugged and plugged in again, the backup goes on', {
  timeout: 180_000,
}, async () => {
  const stopped = await sampled(() => {
    if (statSync(vault, { throwIfNoEntry: false }) !== undefined && bytesIn(vault) > 100 * MiB) {
      renameSync(vault, `${vault} away`)
    }
  })
  expect(stopped.status, stopped.stderr).toBe(6)
  expect(JSON.parse(stopped.stdout)).toMatchObject({ error: { code: 'cache.budget-used' } })
  expect(stopped.mostCached).toBeLessThanOrEqual(budgetBytes + underWayBytes)
  expect((await cli.fails(['backup-now', 'docs'], 6)).code).toBe('cache.budget-used')
  renameSync(`${vault} away`, vault)
  const before = bytesIn(vault)
  const next = await sampled()
  expect(next.status, next.stderr).toBe(0)
  console.log(`most in the cache: ${Math.round(next.mostCached / MiB)} MiB`)
  expect(next.mostCached).toBeLessThanOrEqual(budgetBytes + underWayBytes)
  const { transferred, point } = JSON.parse(next.stdout) as BackupDocument
  expect(point?.confirmed).toBe(true)
  expect(before + transferred).toBeLessThan(sourceMiB * MiB * 1.02)
  expect(bytesIn(vault)).toBeLessThan(sourceMiB * MiB * 1.02)
  await assertWhole()
})

const kills = Number(process.env['THARSIS_TEST_KILLS'] ?? 6)

test(`${kills} kills of a first backup larger than the budget`, { timeout: 600_000 }, async () => {
  const seed = Number(process.env['THARSIS_TEST_SEED'] ?? randomInt(2 ** 31))
  console.log(`seed ${seed} (THARSIS_TEST_SEED)`)
  const random = seededRandom(seed)
  let killed = 0
  for (let kill = 1; kill <= kills; kill++) {
    // By what has reached the vault, not by time: each round gets further than the one before.
    const from = bytesIn(vault)
    const killAt = from + random() * 40 * MiB
    const { status, signal, mostCached } = await sampled((cached, stop) => {
      if (bytesIn(vault) > killAt && cached > random() * budgetBytes) stop('SIGKILL')
    })
    expect(signal === 'SIGKILL' || status === 0, `round ${kill}`).toBe(true)
    expect(mostCached, `round ${kill}`).toBeLessThanOrEqual(budgetBytes + underWayBytes)
    // What a killed run leaves half written is gone with the next one.
    expect(bytesIn(vault, isTemporary), `round ${kill}`).toBeLessThanOrEqual(lanes * 33 * MiB)
    if (status === 0) break
    killed++
  }
  const last = await sampled()
  expect(last.status, last.stderr).toBe(0)
  const done = JSON.parse(last.stdout) as BackupDocument
  const { bytes, transferred } = done
  console.log(
    `after ${killed} kills the last run read ${Math.round(bytes.read / MiB)} MiB and sent ${Math.round(transferred / MiB)} MiB`,
  )
  expect(killed).toBeGreaterThan(2)
  // Killed between put and index a chunk file is sent again, and recognised; one that was open is sealed anew.
  expect(bytesIn(vault)).toBeLessThan(sourceMiB * MiB * 1.02 + kills * 2 * 33 * MiB)
  expect((await cli.json<CacheDocument>(['cache', 'show'])).waiting.files).toBe(0)
  await assertWhole()
})
