/**
 * What marks cost at many points, in requests, bytes and time, over a vault in a folder and one in memory:
 * `node test/perf/marks-scale.ts [--points 10000]`. Every point gets a delete mark; then the states of all are read by a
 * home that has seen none of them, by one that has seen all, and after one more mark.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { systemClock } from '../../agent-core/base/clock.ts'
import { silentLog } from '../../agent-core/base/log.ts'
import { systemRandom } from '../../agent-core/base/random.ts'
import type { PointId } from '../../agent-core/contract/ids.ts'
import type { Mark } from '../../agent-core/format/mark.ts'
import { openDirectoryStore } from '../../agent-core/vault/directory-store.ts'
import { inLanes } from '../../agent-core/vault/in-lanes.ts'
import { createMemoryStore } from '../../agent-core/vault/memory-store.ts'
import { openObjectMemory } from '../../agent-core/vault/object-memory.ts'
import type { ObjectStore } from '../../agent-core/vault/object-store.ts'
import { writeMark } from '../../agent-core/vault/point-marks.ts'
import { readPointStates } from '../../agent-core/vault/point-states.ts'
import { Vault } from '../../agent-core/vault/vault.ts'
import { testKeys, testVaultId } from '../support/test-keys.ts'

const { values } = parseArgs({ options: { points: { type: 'string', default: '10000' } } })
const pointCount = Number(values.points)
const folder = mkdtempSync(join(tmpdir(), 'tharsis-marks-'))

const pointOf = (number: number) => number.toString(16).padStart(32, '0') as PointId
const deletion = (number: number): Mark => ({
  point: pointOf(number),
  madeAtMs: systemClock.nowMs(),
  who: 'somebody on a machine',
  kind: 'delete',
  untilMs: systemClock.nowMs() + 14 * 86_400_000,
})

/** A store with the number of its calls, by operation. */
interface Counted {
  readonly store: ObjectStore
  readonly calls: Map<string, number>
}

function counted(inner: ObjectStore): Counted {
  const calls = new Map<string, number>()
  const count = (operation: string) => calls.set(operation, (calls.get(operation) ?? 0) + 1)
  const store: ObjectStore = Object.assign(Object.create(inner) as ObjectStore, {
    put: (...given: Parameters<ObjectStore['put']>) => {
      count('put')
      return inner.put(...given)
    },
    get: (...given: Parameters<ObjectStore['get']>) => {
      count('get')
      return inner.get(...given)
    },
    list: (...given: Parameters<ObjectStore['list']>) => {
      count('list')
      return inner.list(...given)
    },
  })
  return { store, calls }
}

async function timed(what: string, { calls }: Counted, work: () => Promise<number>): Promise<void> {
  calls.clear()
  const startMs = systemClock.nowMs()
  const points = await work()
  const seconds = ((systemClock.nowMs() - startMs) / 1000).toFixed(2)
  const requests = [...calls].map(([operation, count]) => `${count} ${operation}`).join(', ')
  console.log(`  ${what}: ${points} points, ${requests}, ${seconds} s`)
}

async function measure(place: Counted, label: string): Promise<void> {
  const { store } = place
  const vault = new Vault({ store, id: testVaultId, keys: testKeys, random: systemRandom })
  const memory = () => openObjectMemory(join(folder, `marks of ${label}`), silentLog)
  const readAll = async () => (await readPointStates(vault, { memory: await memory() })).marked.size
  console.log(label)
  await timed('a mark on each', place, async () => {
    const numbers = Array.from({ length: pointCount }, (_, number) => number)
    await inLanes(numbers, 8, (number) => writeMark(vault, deletion(number), []))
    return pointCount
  })
  await timed('first read', place, readAll)
  await timed('read again', place, readAll)
  await writeMark(vault, { ...deletion(0), kind: 'undelete' })
  await timed('after one more mark', place, readAll)
}

try {
  await measure(counted(createMemoryStore({ clock: systemClock })), 'memory')
  const place = join(folder, 'vault')
  mkdirSync(place)
  await measure(counted(await openDirectoryStore(place, { clock: systemClock, random: systemRandom })), 'folder')
} finally {
  rmSync(folder, { recursive: true })
}
