/**
 * What verifying and cleaning up a vault with many points cost in requests, bytes and memory:
 *
 *   npm run bench:prune -- [points] [files] [milliseconds]
 *
 * The vault is made in memory: a point has `files` files (1,000 if not given) in folders of 50, of which each point
 * changes one; every second point expires. It answers each request after so many milliseconds (0 if not given). The home
 * keeps the manifests that it has read.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { AgentError } from '../../agent-core/base/agent-error.ts'
import { systemClock } from '../../agent-core/base/clock.ts'
import { silentLog } from '../../agent-core/base/log.ts'
import { systemRandom } from '../../agent-core/base/random.ts'
import { createTask } from '../../agent-core/base/task.ts'
import { BlockReader } from '../../agent-core/cache/chunk-reader.ts'
import { lookPrune, type PruneDeps, type PruneRequest, runPrune } from '../../agent-core/retention/run-prune.ts'
import { KeyspaceManifests, ManifestMemory } from '../../agent-core/vault/manifest-memory.ts'
import { createMemoryStore } from '../../agent-core/vault/memory-store.ts'
import { openObjectMemory } from '../../agent-core/vault/object-memory.ts'
import type { ObjectStore } from '../../agent-core/vault/object-store.ts'
import { Vault } from '../../agent-core/vault/vault.ts'
import { checkVault } from '../../agent-core/verify/check-vault.ts'
import { testKeys, testVaultId } from '../support/test-keys.ts'
import { makeManyPoints } from './many-points.ts'

const pointCount = Number(process.argv[2] ?? 10_000)
const fileCount = Number(process.argv[3] ?? 1_000)
const latencyMs = Number(process.argv[4] ?? 0)
const folder = mkdtempSync(join(tmpdir(), 'prune-cost-'))

let isFarAway = false

/** Counts requests and bytes by kind. */
function counting(inner: ObjectStore) {
  const counts = { list: 0, get: 0, put: 0, delete: 0, stat: 0, bytesRead: 0, bytesPut: 0 }
  const store: ObjectStore = {
    ...inner,
    put: async (name, body, options) => {
      counts.put++
      if (isFarAway) await delay(latencyMs)
      counts.bytesPut += body instanceof Uint8Array ? body.length : body.sizeBytes
      return await inner.put(name, body, options)
    },
    get: async (name, options) => {
      counts.get++
      if (isFarAway) await delay(latencyMs)
      const bytes = await inner.get(name, options)
      counts.bytesRead += bytes.length
      return bytes
    },
    stat: async (...given) => (counts.stat++, await inner.stat(...given)),
    delete: async (...given) => {
      counts.delete++
      if (isFarAway) await delay(latencyMs)
      await inner.delete(...given)
    },
    list: (prefix, options) => {
      counts.list++
      return inner.list(prefix, options)
    },
  }
  return {
    store,
    counts,
    reset: () => Object.assign(counts, { list: 0, get: 0, put: 0, delete: 0, stat: 0, bytesRead: 0, bytesPut: 0 }),
  }
}

const { store, counts, reset } = counting(createMemoryStore({ clock: systemClock }))
const vault = new Vault({ store, id: testVaultId, keys: testKeys, random: systemRandom })
console.log(`making ${pointCount} points of ${fileCount} files …`)
const buildStartMs = performance.now()
await makeManyPoints(vault, { points: pointCount, files: fileCount, source: '/src', workFolder: folder })
console.log(
  `made in ${((performance.now() - buildStartMs) / 1000).toFixed(1)} s; peak memory until here ${peakMib()} MiB`,
)

isFarAway = latencyMs > 0

const request: PruneRequest = {
  home: 'c'.repeat(32) as never,
  machine: 'bench',
  who: 'bench',
  graceMs: 0,
  choose: (points) =>
    points
      .filter(({ listed: { sequence } }) => sequence % 2 === 1 && sequence < pointCount)
      .map((point) => ({ point, reason: 'every second' })),
  unreadable: ({ manifest }) => manifest as AgentError,
  captured: [],
  isSpared: () => false,
}

function peakMib(): number {
  return Math.round(process.resourceUsage().maxRSS / 1024)
}

async function measure(name: string, work: (deps: PruneDeps) => Promise<unknown>): Promise<void> {
  reset()
  using task = createTask({ clock: systemClock })
  const startMs = performance.now()
  const cpu = process.cpuUsage()
  const pagesOf: PruneDeps['pagesOf'] = (index) => {
    const reader = new BlockReader(index, [vault.chunkSource()], testKeys)
    return (id) => reader.read(id)
  }
  const manifests = new KeyspaceManifests(
    async (item) => new ManifestMemory(vault, await openObjectMemory(join(folder, 'manifests', item), silentLog)),
  )
  await work({ vault, manifests, pagesOf, workFolder: join(folder, 'work'), clock: systemClock, task })
  const { user, system } = process.cpuUsage(cpu)
  console.log(
    `${name}: ${((performance.now() - startMs) / 1000).toFixed(1)} s, CPU ${((user + system) / 1e6).toFixed(1)} s; ` +
      `LIST ${counts.list}, GET ${counts.get}, PUT ${counts.put}, DELETE ${counts.delete}, HEAD ${counts.stat}; ` +
      `read ${(counts.bytesRead / 2 ** 20).toFixed(1)} MiB, put ${(counts.bytesPut / 2 ** 20).toFixed(1)} MiB`,
  )
}

await measure('verify', async ({ task }) => {
  const { points, damaged } = await checkVault({ vault, task })
  // Facts, keys and definitions were never written: their damage is expected, damage of points is not.
  const inPoints = damaged.filter((damage) => damage.points.length > 0)
  if (points.length !== pointCount || inPoints.length > 0) {
    throw new Error(`${points.length} points, ${inPoints.length} damages`)
  }
})
await measure('plan', async (deps) => await lookPrune(request, deps))
await measure('prune', async (deps) => {
  const { removedPoints, deleted, merged } = await runPrune(request, deps)
  console.log(`removed ${removedPoints} points; deleted ${JSON.stringify(deleted)}; merged ${JSON.stringify(merged)}`)
})
await measure('the next one', async (deps) => await runPrune({ ...request, choose: () => [] }, deps))
console.log(`peak memory, with the vault in it: ${peakMib()} MiB`)
rmSync(folder, { recursive: true, force: true })
