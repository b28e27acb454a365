/** A vault whose objects are locked, over the strict server, with the clock of both in the test's hand. */
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { expect, test, vi } from 'vitest'
import { backupNow } from '../../agent-core/api/backup-verbs.ts'
import { enableItem } from '../../agent-core/api/item-verbs.ts'
import { joinVault } from '../../agent-core/api/machine-verbs.ts'
import { knownVault, openKnownVault } from '../../agent-core/api/open-vault.ts'
import { pruneVault } from '../../agent-core/api/prune-verbs.ts'
import { showKnownVault } from '../../agent-core/api/show-vault.ts'
import { stopItem } from '../../agent-core/api/stop-verbs.ts'
import { connectToVault } from '../../agent-core/api/vault-verbs.ts'
import { verifyKnownVault } from '../../agent-core/api/verify-verbs.ts'
import { openBase } from '../../agent-core/cache/base-db.ts'
import type { ChunkFileName } from '../../agent-core/contract/ids.ts'
import { putIntent, readOpenIntents } from '../../agent-core/vault/clean-ups.ts'
import { LockedPlace, lockDays, startMs } from '../support/locked-place.ts'
import type { StubFaultKind } from '../support/s3-stub/stub-faults.ts'
import { plainSettings, TestFolder, TestHome, testPassphrase } from '../support/test-home.ts'

// Each step of the clock costs a request that is refused for it, and some retries.
vi.setConfig({ testTimeout: 240_000 })
const dayMs = 86_400_000
/** A lock is set for half as long again. */
const lockMs = 1.5 * lockDays * dayMs

test('a point extends locks that end too soon before it is confirmed, and no lock that does not', async () => {
  await using place = await LockedPlace.make()
  expect(await place.backUp('one')).toBe(true)
  // A vault is locked from when it is made: there is nothing to extend.
  expect(place.requests('PutObjectRetention')).toEqual([])
  const old = place.keys('/chunks/')
  expect(old.length).toBeGreaterThan(0)
  for (const key of old) expect(place.lockOf(key)).toBe(45)

  place.goOn(10)
  expect(await place.backUp('two')).toBe(true)
  expect(place.requests('PutObjectRetention')).toEqual([])

  place.goOn(10)
  expect(await place.backUp('three')).toBe(true)
  const order = place.stub.journal.flatMap(({ operation, key }) =>
    operation === 'PutObjectRetention' || (operation === 'PutObject' && key.endsWith('.ok')) ? [operation] : [],
  )
  expect(order.at(-1)).toBe('PutObject')
  expect(order.filter((operation) => operation === 'PutObject')).toHaveLength(1)
  expect(place.requests('PutObjectRetention')).toEqual(expect.arrayContaining(old))
  for (const key of [...place.keys('/chunks/'), ...place.keys('/index/'), ...place.keys('vault.json')]) {
    expect(place.lockOf(key), key).toBe(45)
  }
  for (const key of place.keys('/keys/')) expect(place.lockOf(key), key).toBeLessThan(0)
  expect((await showKnownVault(place.home.deps, 'v')).lock).toEqual({
    days: lockDays,
    nextExpiry: new Date(place.nowMs + lockMs).toISOString(),
  })
})

test('each extension that fails leaves the point unconfirmed; the next backup extends all', async () => {
  await using place = await LockedPlace.make()
  await place.backUp('one')
  place.goOn(20)
  const confirmed = place.keys('.ok')
  // As many as there are to extend at first: each failing backup adds more.
  const count = place.keys('/chunks/').length + place.keys('/index/').length + 4
  for (let call = 1; call <= count; call++) {
    // What a run before has locked is locked for long enough only at that time.
    place.goOn(1 / 24)
    const fault: StubFaultKind =
      call % 2 === 0 ? { kind: 'status', status: 403, code: 'AccessDenied' } : { kind: 'lost-answer' }
    place.stub.setFaults([{ operation: 'PutObjectRetention', call, forEver: true, fault }])
    expect(await place.backUp(`file ${call}`)).toBe(false)
    expect(place.stub.faults.unreached()).toEqual([])
    expect(place.keys('.ok')).toEqual(confirmed)
  }
  place.stub.setFaults([])
  expect(await place.backUp('last')).toBe(true)
  expect(place.keys('.ok')).toHaveLength(confirmed.length + count + 1)
  for (const key of place.keys('/chunks/')) expect(place.lockOf(key), key).toBeGreaterThanOrEqual(lockDays)
})

test('an object that is locked for longer already is left so', async () => {
  await using place = await LockedPlace.make()
  await place.backUp('one')
  place.goOn(20)
  const [key = ''] = place.keys('/chunks/')
  const version = place.stub.bucket.version(key, null)
  version.retainUntilMs = place.nowMs + 400 * dayMs
  expect(await place.backUp('two')).toBe(true)
  expect(place.lockOf(key)).toBe(400)
})

test('without --lock-days no request is about locks', async () => {
  await using place = await LockedPlace.make({})
  await place.backUp('one')
  place.goOn(100)
  expect(await place.backUp('two')).toBe(true)
  expect(await place.upkeep()).toEqual([])
  const kinds = Object.keys(place.stub.counts())
  expect(kinds).toContain('PutObject')
  expect(kinds.filter((kind) => kind.includes('Retention'))).toEqual([])
  for (const key of place.stub.bucket.keys()) expect(place.stub.bucket.current(key)?.retainUntilMs).toBeUndefined()
  expect((await showKnownVault(place.home.deps, 'v')).lock).toBeUndefined()
})

test('while no backup comes the agent extends what is due', async () => {
  await using place = await LockedPlace.make()
  await place.backUp('one')
  place.goOn(14)
  expect(await place.upkeep()).toEqual([])
  place.goOn(14)
  const extended = await place.upkeep()
  for (const part of ['/chunks/', '/index/', '/points/']) {
    expect(extended).toEqual(expect.arrayContaining(place.keys(part)))
    for (const key of place.keys(part)) expect(place.lockOf(key), key).toBe(45)
  }
  expect(await place.upkeep()).toEqual([])
})

test('a clean-up leaves what is locked, says until when, and takes it away later', async () => {
  await using place = await LockedPlace.make()
  const { deps } = place.home
  for (let day = 0; day < 3; day++) {
    await place.backUp(`file ${day}`)
    place.goOn(1)
  }
  // The built-in policy keeps each point for 30 days and the newest seven; the lock of the three is longer.
  for (let day = 0; day < 7; day++) {
    place.goOn(6)
    await place.backUp(`later ${day}`)
  }
  const pointsBefore = place.keys('.ok').length
  const locked = await pruneVault(deps, 'v', { graceDays: 0 }, {})
  expect(locked.points.length).toBeGreaterThan(0)
  expect(locked.refusal).toMatch(/^keyspaces\/.*\/points\/.* is locked until 2026-04-/)
  expect(place.keys('.ok')).toHaveLength(pointsBefore)
  expect((await verifyKnownVault(deps, 'v', { readDataPercent: 100 }, {})).damaged).toEqual([])
  place.goOn(60)
  const later = await pruneVault(deps, 'v', { graceDays: 0 }, {})
  expect(later.refusal).toBeNull()
  expect(place.keys('.ok').length).toBeLessThan(pointsBefore)
  expect((await verifyKnownVault(deps, 'v', { readDataPercent: 100 }, {})).damaged).toEqual([])
})

test('what a clean-up takes back is condemned no longer, though the rest of its announcement is locked', async () => {
  await using place = await LockedPlace.make()
  const { deps } = place.home
  await place.backUp('one')
  const known = knownVault(deps, 'v')
  const vault = await openKnownVault(deps, known)
  try {
    const [needed = ''] = (await vault.listChunkFiles()).keys()
    const bytes = Buffer.from('no point needs this')
    const dead = createHash('sha256').update(bytes).digest('hex') as ChunkFileName
    await vault.store.put(vault.layout.chunk(dead), bytes)
    const announced = { home: deps.state.homeId, machine: deps.machine, announcedAtMs: startMs, dueAtMs: startMs }
    const nothing = { indexSegments: [], indexGone: [], points: [] }
    await putIntent(vault, { ...announced, chunkFiles: [needed as ChunkFileName, dead], ...nothing })
    place.goOn(1)
    const pruned = await pruneVault(deps, 'v', {}, {})
    expect(pruned).toMatchObject({ takenBack: 1, deleted: { files: 0 } })
    expect(pruned.refusal).toContain(`${dead}.tcf is locked until 2026-04-15`)
    expect((await readOpenIntents(vault)).map(({ chunkFiles }) => chunkFiles)).toEqual([[dead]])
    // It may have missed an extension while it was condemned.
    expect(await place.backUp('two')).toBe(true)
    expect(place.requests('PutObjectRetention').join()).toContain(needed)
    place.goOn(60)
    expect(await pruneVault(deps, 'v', {}, {})).toMatchObject({ refusal: null, deleted: { files: 1 } })
    // Nor is it announced once more.
    expect(await readOpenIntents(vault)).toEqual([])
  } finally {
    await vault.store.close()
  }
})

test('a machine that joins locks vault.json anew, and its first backup extends nothing', async () => {
  await using place = await LockedPlace.make()
  using other = new TestHome({ clock: place.home.deps.clock, machine: 'another machine' })
  using folder = new TestFolder()
  writeFileSync(folder.at('file'), 'content')
  place.goOn(40)
  await joinVault(other.deps, 'shared', place.request(), 'another phrase for tests', {})
  for (const key of place.keys('vault.json')) expect(place.lockOf(key)).toBe(45)
  await enableItem(other.deps, 'things', ['shared'], { ...plainSettings, folders: [folder.path] })
  place.stub.journal.length = 0
  expect((await backupNow(other.deps, 'things', { accept: false }, {})).point?.confirmed).toBe(true)
  expect(place.requests('PutObjectRetention')).toEqual([])
})

test('what is deleted leaves the vault although the agent goes on extending locks', async () => {
  await using place = await LockedPlace.make()
  const { deps } = place.home
  await place.backUp('one')
  await place.backUp('two')
  await stopItem(deps, 'docs', { deletesData: true, reason: 'no longer needed' })
  for (let month = 0; month < 8; month++) {
    for (let look = 0; look < 3; look++) {
      place.goOn(10)
      await place.upkeep()
    }
    await pruneVault(deps, 'v', { graceDays: 0 }, {})
  }
  expect(place.keys('.ok')).toEqual([])
  expect(place.keys('/chunks/')).toEqual([])
})

test('a vault that is connected anew has its locks extended once, whatever was known of it', async () => {
  await using place = await LockedPlace.make()
  const { deps } = place.home
  await place.backUp('one')
  const known = knownVault(deps, 'v')
  using base = openBase(deps.paths.base)
  expect(base.lockedUntilMs(known.id, known.keyspace)).toBeGreaterThan(place.nowMs)
  base.close()
  await connectToVault(deps, 'v', place.request(), testPassphrase, { takeOver: known.machine })
  expect((await place.upkeep()).length).toBeGreaterThan(3)
  expect(await place.upkeep()).toEqual([])
})
