/** A first backup several times larger than the cache's budget, into a vault that shares no room with the cache. */
import { randomFillSync } from 'node:crypto'
import { readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { isAgentError } from '../../agent-core/base/agent-error.ts'
import { systemClock } from '../../agent-core/base/clock.ts'
import type { CachePolicy } from '../../agent-core/cache/cache-budget.ts'
import { createMemoryStore } from '../../agent-core/vault/memory-store.ts'
import type { ObjectStore } from '../../agent-core/vault/object-store.ts'
import { assertInvariants } from '../../agent-core/verify/assert-invariants.ts'
import { BackupPlace } from '../support/backup-place.ts'

const MiB = 1024 * 1024
const policy: CachePolicy = { budgetBytes: 64 * MiB, instantMs: 1e9 }
/** A data and a tree file that are open, and one that was completed before the engine heard that it is held. */
const underWayBytes = 3 * 33 * MiB
const sourceFiles = 40
const sourceBytes = sourceFiles * 8 * MiB

let store: ReturnType<typeof createMemoryStore>
let place: BackupPlace

beforeEach(async () => {
  store = createMemoryStore({ clock: systemClock })
  place = await BackupPlace.make(store)
  const bytes = Buffer.allocUnsafe(8 * MiB)
  for (let number = 0; number < sourceFiles; number++) {
    const path = join(place.source, `${number}`)
    writeFileSync(path, randomFillSync(bytes))
    utimesSync(path, 1_600_000_000, 1_600_000_000)
  }
})

afterEach(() => {
  place[Symbol.dispose]()
})

function cachedBytes(): number {
  const folder = join(place.folder, 'cache', 'chunks')
  return readdirSync(folder).reduce((sum, name) => {
    return sum + (statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0)
  }, 0)
}

/** The store, looked through at each put of a chunk file; counts their bytes and samples the cache. */
function watched(onChunk: (count: number) => void = () => undefined) {
  const seen = { bytesPut: 0, chunks: 0, mostCached: 0 }
  const put: ObjectStore['put'] = async (name, body, options) => {
    seen.mostCached = Math.max(seen.mostCached, cachedBytes())
    if (name.endsWith('.tcf')) onChunk(++seen.chunks)
    const isNew = await store.put(name, body, options)
    if (isNew && !(body instanceof Uint8Array)) seen.bytesPut += body.sizeBytes
    seen.mostCached = Math.max(seen.mostCached, cachedBytes())
    return isNew
  }
  return { seen, store: { ...store, put } }
}

test('it keeps to the budget, and ends with a whole point', { timeout: 120_000 }, async () => {
  const { seen, store: through } = watched()
  const result = await place.backUp(through, policy)
  console.log(`most in the cache: ${Math.round(seen.mostCached / MiB)} MiB of ${sourceBytes / MiB} MiB`)
  expect(result.failure).toBeUndefined()
  expect(seen.mostCached).toBeLessThanOrEqual(policy.budgetBytes + underWayBytes)
  expect(cachedBytes()).toBeLessThanOrEqual(policy.budgetBytes)
  await assertInvariants(place.vaultOf(store))
  // What was kept is the newest payload, within the budget.
  expect(place.chunksInCache().length).toBeGreaterThan(0)
})

test('a vault unplugged in the middle stops it when the budget is used up; plugged in it goes on', {
  timeout: 120_000,
}, async () => {
  const first = watched((count) => {
    if (count > 3) store.setAbsent(true)
  })
  const stopped = await place.backUp(first.store, policy).catch((error: unknown) => error)
  expect(stopped).toMatchObject({ code: 'cache.budget-used', exitCode: 6 })
  expect(cachedBytes()).toBeLessThanOrEqual(policy.budgetBytes + underWayBytes)
  const again = await place.backUp(watched().store, policy).catch((error: unknown) => error)
  expect(isAgentError(again, 'cache.budget-used')).toBe(true)
  expect(cachedBytes()).toBeLessThanOrEqual(policy.budgetBytes + underWayBytes)
  store.setAbsent(false)
  const second = watched()
  expect((await place.backUp(second.store, policy)).failure).toBeUndefined()
  expect(second.seen.mostCached).toBeLessThanOrEqual(policy.budgetBytes + underWayBytes)
  // Nothing was put twice: what the first run put counts.
  expect(first.seen.bytesPut).toBeGreaterThan(0)
  expect(first.seen.bytesPut + second.seen.bytesPut).toBeLessThan(sourceBytes * 1.02)
  await assertInvariants(place.vaultOf(store))
  expect(await place.unreferenced(store)).toEqual([])
})
