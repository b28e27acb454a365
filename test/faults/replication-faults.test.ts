/**
 * Every call that a replication makes, to the vault and to the replica, fails once in every way that it can: whatever is
 * left, the replica holds whole points only (I1, I2), and a plain run completes it.
 */
import { randomBytes } from 'node:crypto'
import { mkdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemClock } from '../../agent-core/base/clock.ts'
import { silentLog } from '../../agent-core/base/log.ts'
import { createTask } from '../../agent-core/base/task.ts'
import type { HomeId } from '../../agent-core/contract/ids.ts'
import { runReplication } from '../../agent-core/replicate/run-replication.ts'
import { createFaultyStore, type FaultKind, type StoreCall } from '../../agent-core/vault/faulty-store.ts'
import { createMemoryStore } from '../../agent-core/vault/memory-store.ts'
import type { ObjectStore } from '../../agent-core/vault/object-store.ts'
import { assertInvariants } from '../../agent-core/verify/assert-invariants.ts'
import { BackupPlace, copyOfStore } from '../support/backup-place.ts'

let vault: ObjectStore
let place: BackupPlace

beforeEach(async () => {
  vault = createMemoryStore({ clock: systemClock })
  place = await BackupPlace.make(vault)
  mkdirSync(join(place.source, 'sub'))
  for (let number = 0; number < 6; number++) write(join('sub', `${number}`), Buffer.from(`content of ${number}`))
  write('large', randomBytes(300_000))
  await place.backUp(vault)
  write('large', randomBytes(300_000))
  await place.backUp(vault)
})

afterEach(() => {
  place[Symbol.dispose]()
})

function write(name: string, content: Buffer): void {
  const path = join(place.source, name)
  writeFileSync(path, content)
  utimesSync(path, 1_600_000_000, 1_600_000_000)
}

function emptyStore(): ObjectStore {
  return createMemoryStore({ clock: systemClock })
}

/** `laterMs`: the clock is ahead so much. */
async function replicate(from: ObjectStore, to: ObjectStore, { graceMs = 0, laterMs = 0 } = {}) {
  using task = createTask({ clock: systemClock })
  const clock = { ...systemClock, nowMs: () => systemClock.nowMs() + laterMs }
  const machine = place.vaultOf(from)
  const machines = new Map([[machine.keys.keyspace, machine]])
  return await runReplication({
    vault: from,
    vaultId: machine.id,
    replica: to,
    wasComplete: false,
    machines,
    follow: { home: 'e'.repeat(32) as HomeId, machine: 'test', graceMs, clock },
    task,
    log: silentLog,
  })
}

/** All but what says what somebody does in that very place, and who has which name there: a replica has no claims. */
async function objectsOf(store: ObjectStore): Promise<Map<string, string>> {
  const objects = new Map<string, string>()
  for await (const { name } of store.list('')) {
    if (name.includes('/intents/') || name.startsWith('machines/')) continue
    objects.set(name, (await store.get(name)).toString('base64'))
  }
  return objects
}

/** What the replica holds at this moment is checked as a vault, with what comes after the points (keys, vault.json). */
async function assertWhole(replica: ObjectStore): Promise<void> {
  const copy = await copyOfStore(replica)
  const machine = place.vaultOf(copy)
  const { root, keys, definitions, facts } = machine.layout
  for await (const { name } of vault.list('')) {
    const isLast = [keys, definitions, facts].some((prefix) => name.startsWith(prefix)) || !name.startsWith(root)
    if (isLast) await copy.put(name, await vault.get(name))
  }
  await assertInvariants(machine)
}

function faultsOf({ operation }: StoreCall, index: number): FaultKind[] {
  const refusals = ['unreachable', 'full', 'denied'] as const
  const faults: FaultKind[] = ['throw-before', 'throw-after', refusals[index % 3] as FaultKind]
  if (operation === 'list') faults.push('stale-list')
  if (operation === 'get') faults.push('bit-flip', 'short-body')
  return faults
}

/** Fails each call on one of the two sides; `before` is what the replica holds already. */
async function failEachCall(before: ObjectStore, side: 'vault' | 'replica'): Promise<number> {
  const counted = createFaultyStore(side === 'vault' ? vault : await copyOfStore(before))
  await (side === 'vault' ? replicate(counted, await copyOfStore(before)) : replicate(vault, counted))
  let runs = 0
  for (const [index, call] of counted.calls.entries()) {
    for (const fault of faultsOf(call, index)) {
      const what = `${fault} at call ${index + 1} of the ${side} (${call.operation} ${call.name})`
      const replica = await copyOfStore(before)
      const faulty = createFaultyStore(side === 'vault' ? vault : replica, { faults: [{ call: index + 1, fault }] })
      const outcome = await (side === 'vault' ? replicate(faulty, replica) : replicate(vault, faulty)).catch(
        (error: unknown) => error,
      )
      expect(faulty.unreached(), what).toEqual([])
      await assertWhole(replica).catch((error: unknown) => {
        throw new Error(`${what}: ${String(outcome)}`, { cause: error })
      })
      const result = await replicate(vault, replica)
      expect([result.damaged, result.heldBack, result.lost], what).toEqual([[], 0, 0])
      expect(await objectsOf(replica), what).toEqual(await objectsOf(vault))
      runs++
    }
  }
  return runs
}

test.each(['vault', 'replica'] as const)(
  'every call of a first replication to the %s',
  { timeout: 120_000 },
  async (side) => {
    expect(await failEachCall(emptyStore(), side)).toBeGreaterThan(25)
  },
)

test.each(['vault', 'replica'] as const)(
  'every call of a later replication to the %s',
  { timeout: 120_000 },
  async (side) => {
    const before = emptyStore()
    await replicate(vault, before)
    write('second', randomBytes(50_000))
    await place.backUp(vault)
    expect(await failEachCall(before, side)).toBeGreaterThan(25)
  },
)

/** The vault lets the first point go, with what only that needed; the replica has everything. */
async function pruned(): Promise<ObjectStore> {
  const before = emptyStore()
  write('large', randomBytes(300_000))
  await place.backUp(vault)
  await replicate(vault, before)
  const { removedPoints, deleted } = await place.prune(vault, { expired: ({ sequence }) => sequence <= 2 })
  expect([removedPoints, deleted.files > 0]).toEqual([2, true])
  return before
}

test.each(['vault', 'replica'] as const)(
  'every call to the %s of a replication that follows a clean-up',
  { timeout: 240_000 },
  async (side) => {
    const before = await pruned()
    expect(await failEachCall(before, side)).toBeGreaterThan(60)
  },
)

test('what a clean-up has removed stays whole for the grace time, and goes then', { timeout: 120_000 }, async () => {
  const replica = await pruned()
  const before = await objectsOf(replica)
  const points = (await place.vaultOf(replica).listPoints()).map(({ point }) => point)
  const graceMs = 10_000
  for (let round = 0; round < 2; round++) {
    const { followed } = await replicate(vault, replica, { graceMs })
    expect(followed).toMatchObject({ points: 0, chunkFiles: 0, waiting: { points: 2 } })
  }
  for (const [name, bytes] of before) expect((await replica.get(name)).toString('base64'), name).toBe(bytes)
  for (const point of points) expect(Object.keys(await place.filesOf(replica, point))).toHaveLength(7)
  await assertInvariants(place.vaultOf(replica))
  const { followed } = await replicate(vault, replica, { graceMs, laterMs: graceMs + 60_000 })
  expect(followed).toMatchObject({ points: 2, waiting: { points: 0, chunkFiles: 0 } })
  expect(followed.bytes).toBeGreaterThan(500_000)
  expect(await objectsOf(replica)).toEqual(await objectsOf(vault))
  await assertInvariants(place.vaultOf(replica))
})

test('clean-ups one after the other, with a merge and folds, leave the replica as the vault is', {
  timeout: 240_000,
}, async () => {
  const replica = emptyStore()
  for (let day = 0; day < 40; day++) {
    write('large', randomBytes(20_000))
    write(`${day % 6}`, Buffer.from(`day ${day}`))
    await place.backUp(vault)
    await place.prune(vault, { expired: ({ sequence }) => sequence < day })
    const clock = { graceMs: 5 * 86_400_000, laterMs: day * 86_400_000 }
    expect((await replicate(vault, replica, clock)).followed.refusal).toBeUndefined()
    await assertWhole(replica)
  }
  await replicate(vault, replica, { graceMs: 5 * 86_400_000, laterMs: 60 * 86_400_000 })
  await assertInvariants(place.vaultOf(vault))
  await replicate(vault, replica, { graceMs: 5 * 86_400_000, laterMs: 120 * 86_400_000 })
  expect(await objectsOf(replica)).toEqual(await objectsOf(vault))
})

test('a vault that lost a point, or everything, takes nothing from the replica, whatever else was cleaned up', {
  timeout: 120_000,
}, async () => {
  const replica = await pruned()
  const before = await objectsOf(replica)
  const machine = place.vaultOf(vault)
  const [left] = await machine.listPoints()
  const kept = await copyOfStore(vault)
  await vault.delete(left?.confirmationName ?? '')
  await vault.delete(left?.name ?? '')
  expect(await replicate(vault, replica)).toMatchObject({ lost: 1, followed: { points: 0, chunkFiles: 0 } })
  for (const prefix of ['chunks', 'index/', 'points', 'index-gone', 'tombstones']) {
    const names = (await Array.fromAsync(vault.list(`${machine.layout.root}${prefix}`))).map(({ name }) => name)
    for (const name of names) await vault.delete(name)
    await replicate(vault, replica)
  }
  for (const [name, bytes] of before) expect((await replica.get(name)).toString('base64'), name).toBe(bytes)
  // Put back from a copy, it is followed again.
  expect((await replicate(kept, replica)).followed).toMatchObject({ points: 2 })
  await assertInvariants(place.vaultOf(replica))
})

test('a replica that may not delete, or where a lock holds what goes, says so, and lets go later', {
  timeout: 120_000,
}, async () => {
  const replica = await pruned()
  const faults = [{ call: 1, fault: 'denied', operation: 'delete', forEver: true }] as const
  const refusing = createFaultyStore(replica, { faults })
  const refused = await replicate(vault, refusing)
  expect(refused.followed).toMatchObject({ points: 0, chunkFiles: 0 })
  expect(refused.followed.refusal).toBeTruthy()
  await assertInvariants(place.vaultOf(replica))
  expect((await replicate(vault, replica)).followed).toMatchObject({ points: 2 })
  expect(await objectsOf(replica)).toEqual(await objectsOf(vault))
})

test('cut off after any put, the replica holds whole points', { timeout: 120_000 }, async () => {
  const counted = createFaultyStore(emptyStore())
  await replicate(vault, counted)
  const puts = counted.calls.filter(({ operation }) => operation === 'put').length
  expect(puts).toBeGreaterThan(8)
  for (let call = 1; call <= puts; call++) {
    const replica = emptyStore()
    const faults = [{ call, fault: 'unreachable', operation: 'put', forEver: true }] as const
    const cut = createFaultyStore(replica, { faults })
    await expect(replicate(vault, cut), `put ${call}`).rejects.toMatchObject({ code: 'vault.unreachable' })
    await assertWhole(replica)
  }
})
