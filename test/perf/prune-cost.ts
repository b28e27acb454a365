/**
 * What a clean-up of a vault with many points costs in requests, bytes and memory:
 *
 *   npm run bench:prune -- [points] [files]
 *
 * The vault is made in memory: a point has `files` files (1,000 if not given) in folders of 50, of which each point
 * changes one; every second point expires.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../agent-core/base/clock.ts'
import { systemRandom } from '../../agent-core/base/random.ts'
import { createTask } from '../../agent-core/base/task.ts'
import { BlockReader } from '../../agent-core/cache/chunk-reader.ts'
import type { CompleteChunkFile } from '../../agent-core/cache/chunk-writer.ts'
import { blockId } from '../../agent-core/codec/block-id.ts'
import { type ListRef, PagedListBuilder } from '../../agent-core/format/paged-list.ts'
import { directoryLeafBits, type Entry, entryElement } from '../../agent-core/format/tree.ts'
import { lookPrune, type PruneDeps, type PruneRequest, runPrune } from '../../agent-core/retention/run-prune.ts'
import { compactIndex, maxLiveSegments } from '../../agent-core/vault/compact-index.ts'
import { createMemoryStore } from '../../agent-core/vault/memory-store.ts'
import type { ObjectStore } from '../../agent-core/vault/object-store.ts'
import { sealManifest, Vault } from '../../agent-core/vault/vault.ts'
import { writeSegment } from '../../agent-core/vault/write-segment.ts'
import { testChunkWriter, testKeys, testManifest, testVaultId } from '../support/test-keys.ts'

const pointCount = Number(process.argv[2] ?? 10_000)
const fileCount = Number(process.argv[3] ?? 1_000)
const filesPerFolder = 50
const folder = mkdtempSync(join(tmpdir(), 'prune-cost-'))

/** Counts requests and bytes by kind. */
function counting(inner: ObjectStore) {
  const counts = { list: 0, get: 0, put: 0, delete: 0, stat: 0, bytesRead: 0, bytesPut: 0 }
  const store: ObjectStore = {
    ...inner,
    put: async (name, body, options) => {
      counts.put++
      counts.bytesPut += body instanceof Uint8Array ? body.length : body.sizeBytes
      return await inner.put(name, body, options)
    },
    get: async (name, options) => {
      counts.get++
      const bytes = await inner.get(name, options)
      counts.bytesRead += bytes.length
      return bytes
    },
    stat: async (...given) => (counts.stat++, await inner.stat(...given)),
    delete: async (...given) => (counts.delete++, await inner.delete(...given)),
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

const entryOf = (name: string, more: Partial<Entry>): Entry => ({
  name: Buffer.from(name),
  type: 'file',
  mtime: { sec: 1_700_000_000, ns: 0 },
  ctime: { sec: 1_700_000_000, ns: 0 },
  inode: 1n,
  posix: { mode: 0o644, uid: 1000, gid: 1000, xattrs: [] },
  ...more,
})

async function build(vault: Vault): Promise<void> {
  const contents = Array.from({ length: fileCount }, (_, file) => Buffer.from(`${file} at first ${'x'.repeat(200)}`))
  const known = new Set<string>()
  const live: number[] = []
  const folders = new Map<number, Entry>()
  for (let sequence = 1; sequence <= pointCount; sequence++) {
    const file = sequence % fileCount
    contents[file] = Buffer.from(`${file} in point ${sequence} ${'x'.repeat(200)}`)
    const files: CompleteChunkFile[] = []
    const writers = { data: testChunkWriter(folder, files), tree: testChunkWriter(folder, files, { kind: 'tree' }) }
    const put = (kind: 'data' | 'tree') => (bytes: Uint8Array) => {
      const id = blockId(testKeys.id, bytes)
      const key = id.toString('latin1')
      if (!known.has(key)) writers[kind].add(id, bytes)
      known.add(key)
      return id
    }
    const list = (entries: readonly Entry[]): ListRef | undefined => {
      const builder = new PagedListBuilder(directoryLeafBits, put('tree'))
      for (const entry of entries.toSorted((a, b) => Buffer.compare(a.name, b.name))) builder.add(entryElement(entry))
      return builder.finish()
    }
    for (let first = 0; first < fileCount; first += filesPerFolder) {
      // A folder in which nothing has changed is the entry that it was.
      if (folders.has(first) && (file < first || file >= first + filesPerFolder)) continue
      const entries = contents.slice(first, first + filesPerFolder).map((content, at) =>
        entryOf(`file ${first + at}`, {
          sizeBytes: content.length,
          content: {
            splitting: { mode: 'content' },
            parts: [{ sizeBytes: content.length, id: put('data')(content) }],
            sparse: false,
          },
        }),
      )
      const below = list(entries)
      const directory = { ...(below && { list: below }), entriesBelow: entries.length, bytesBelow: 0 }
      folders.set(first, entryOf(`folder ${first}`, { type: 'directory', directory }))
    }
    const root = list([...folders.values()])
    for (const writer of Object.values(writers)) writer.finish()
    for (const { name, path } of files) {
      await vault.store.put(vault.layout.chunk(name), readFileSync(path))
      rmSync(path)
    }
    live.push((await writeSegment(vault, { chunkFiles: files, supersedes: [] })).sequence)
    if (live.length > maxLiveSegments) {
      const { sequence: written, segment } = await compactIndex(vault, live, () => false)
      const left = live.filter((number) => !segment.supersedes.includes(number))
      live.splice(0, live.length, ...left, written)
    }
    const manifest = testManifest(sequence, { ...(root && { root }) })
    const object = sealManifest(testKeys, manifest, systemRandom)
    await vault.putPoint(manifest, object)
    await vault.confirmPoint(manifest, object, manifest.timeMs)
  }
}

const { store, counts, reset } = counting(createMemoryStore({ clock: systemClock }))
const vault = new Vault({ store, id: testVaultId, keys: testKeys, random: systemRandom })
console.log(`making ${pointCount} points of ${fileCount} files …`)
const buildStartMs = performance.now()
await build(vault)
console.log(
  `made in ${((performance.now() - buildStartMs) / 1000).toFixed(1)} s; peak memory until here ${peakMib()} MiB`,
)

const request: PruneRequest = {
  home: 'c'.repeat(32) as never,
  machine: 'bench',
  who: 'bench',
  graceMs: 0,
  choose: (points) =>
    points
      .filter(({ manifest }) => manifest.sequence % 2 === 1 && manifest.sequence < pointCount)
      .map((point) => ({ point, reason: 'every second' })),
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
  await work({ vault, pagesOf, workFolder: join(folder, 'work'), clock: systemClock, task })
  const { user, system } = process.cpuUsage(cpu)
  console.log(
    `${name}: ${((performance.now() - startMs) / 1000).toFixed(1)} s, CPU ${((user + system) / 1e6).toFixed(1)} s; ` +
      `LIST ${counts.list}, GET ${counts.get}, PUT ${counts.put}, DELETE ${counts.delete}, HEAD ${counts.stat}; ` +
      `read ${(counts.bytesRead / 2 ** 20).toFixed(1)} MiB, put ${(counts.bytesPut / 2 ** 20).toFixed(1)} MiB`,
  )
}

await measure('plan', async (deps) => await lookPrune(request, deps))
await measure('prune', async (deps) => {
  const { removedPoints, deleted, merged } = await runPrune(request, deps)
  console.log(`removed ${removedPoints} points; deleted ${JSON.stringify(deleted)}; merged ${JSON.stringify(merged)}`)
})
await measure('the next one', async (deps) => await runPrune({ ...request, choose: () => [] }, deps))
console.log(`peak memory, with the vault in it: ${peakMib()} MiB`)
rmSync(folder, { recursive: true, force: true })
