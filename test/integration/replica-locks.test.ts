/** A replica whose objects are locked, of a vault in a folder, with the clock in the test's hand. */
import { renameSync } from 'node:fs'
import { expect, test, vi } from 'vitest'
import { changeItem } from '../../agent-core/api/item-verbs.ts'
import { listPoints } from '../../agent-core/api/point-verbs.ts'
import { createPolicy } from '../../agent-core/api/policy-verbs.ts'
import { pruneVault } from '../../agent-core/api/prune-verbs.ts'
import { replicateVault, setReplica } from '../../agent-core/api/replica-verbs.ts'
import { showKnownVault } from '../../agent-core/api/show-vault.ts'
import { connectToVault } from '../../agent-core/api/vault-verbs.ts'
import { verifyKnownVault } from '../../agent-core/api/verify-verbs.ts'
import { LockedPlace, lockDays } from '../support/locked-place.ts'
import { TestFolder, TestHome, testPassphrase } from '../support/test-home.ts'

vi.setConfig({ testTimeout: 480_000 })
const prefix = 'second'

async function makePlace(folder: TestFolder): Promise<LockedPlace> {
  const place = await LockedPlace.make({}, folder.at('vault'))
  await setReplica(place.home.deps, 'v', { place: place.request({ lockDays }, prefix), graceMs: 0 })
  return place
}

/** Names of objects of the replica, or of the vault in its folder, that are chunk files or points. */
const isPayload = (name: string): boolean => name.includes('/chunks/') || name.includes('/points/')

test('its locks are extended with a replication, and by the agent while the vault is away', async () => {
  using folder = new TestFolder()
  await using place = await makePlace(folder)
  const { deps } = place.home
  await place.backUp('one')
  await replicateVault(deps, 'v', {})
  const copied = place.keys('').filter(isPayload)
  for (const key of copied) expect(place.lockOf(key), key).toBe(45)
  expect(copied.length).toBeGreaterThan(3)
  place.goOn(20)
  await place.backUp('two')
  await replicateVault(deps, 'v', {})
  for (const key of place.keys('/chunks/')) expect(place.lockOf(key), key).toBe(45)
  expect(await place.upkeep()).toEqual([])
  const expiry = new Date(place.nowMs + 45 * 86_400_000).toISOString()
  expect((await showKnownVault(deps, 'v')).replica?.lock).toEqual({ days: lockDays, nextExpiry: expiry })

  renameSync(folder.at('vault'), folder.at('away'))
  place.goOn(16)
  const extended = await place.upkeep()
  for (const part of ['/chunks/', '/index/', 'vault.json']) {
    expect(extended).toEqual(expect.arrayContaining(place.keys(part)))
    for (const key of place.keys(part)) expect(place.lockOf(key), key).toBe(45)
  }
  expect(await place.upkeep()).toEqual([])
  for (const key of place.keys('/keys/')) expect(place.lockOf(key), key).toBeLessThan(0)
})

test('a failed extension fails the replication, which has copied all; the next one extends', async () => {
  using folder = new TestFolder()
  await using place = await makePlace(folder)
  const { deps } = place.home
  await place.backUp('one')
  await replicateVault(deps, 'v', {})
  const { replica } = await showKnownVault(deps, 'v')
  place.goOn(20)
  await place.backUp('two')
  place.stub.setFaults([
    {
      operation: 'PutObjectRetention',
      call: 2,
      forEver: true,
      fault: { kind: 'status', status: 403, code: 'AccessDenied' },
    },
  ])
  await expect(replicateVault(deps, 'v', {})).rejects.toMatchObject({ code: 'vault.denied' })
  expect(place.stub.faults.unreached()).toEqual([])
  expect((await showKnownVault(deps, 'v')).replica).toMatchObject({ behind: { points: 0 }, lock: replica?.lock })
  place.stub.setFaults([])
  place.goOn(1)
  await replicateVault(deps, 'v', {})
  for (const key of place.keys('/chunks/')) expect(place.lockOf(key), key).toBe(45)
})

test('what the vault has removed leaves the replica once it is unlocked, though something always is', async () => {
  using folder = new TestFolder()
  await using place = await makePlace(folder)
  const { deps } = place.home
  await createPolicy(deps, 'short', { keep: { days: 7, atLeast: 1 } })
  await changeItem(deps, 'docs', { policy: 'short' })
  const refusals: (string | undefined)[] = []
  const points: number[] = []
  for (let round = 0; round < 11; round++) {
    await place.backUp('the same file')
    await pruneVault(deps, 'v', { graceDays: 0 }, {})
    refusals.push((await replicateVault(deps, 'v', {})).refusal)
    points.push(place.keys('.ok').length)
    place.goOn(10)
  }
  expect(refusals.slice(3).every((refusal) => refusal?.includes('is locked until'))).toBe(true)
  // A point is the newest for 10 days, locked for 45 more at most, and gone with the next replication.
  expect(Math.max(...points)).toBeLessThanOrEqual(7)
  using other = new TestHome({ clock: deps.clock })
  await connectToVault(other.deps, 'r', place.request({ lockDays }, prefix), testPassphrase, {})
  expect((await verifyKnownVault(other.deps, 'r', { readDataPercent: 100 }, {})).damaged).toEqual([])
  place.goOn(100)
  await replicateVault(deps, 'v', {})
  expect((await replicateVault(deps, 'v', {})).refusal).toBeUndefined()
  const left = place.keys(`${prefix}/`).filter(isPayload)
  expect(left.filter((key) => key.endsWith('.ok'))).toHaveLength((await listPoints(deps, 'docs')).length)
  expect((await verifyKnownVault(other.deps, 'r', { readDataPercent: 100 }, {})).damaged).toEqual([])
})
