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

async function replicate(from: ObjectStore, to: ObjectStore) {
  using task = createTask({ clock: systemClock })
  const machine = place.vaultOf(from)
  const machines = new Map([[machine.keys.keyspace, machine]])
  return await runReplication({
    vault: from,
    vaultId: machine.id,
    replica: to,
    wasComplete: false,
    machines,
    task,
    log: silentLog,
  })
}

async function objectsOf(store: ObjectStore): Promise<Map<string, string>> {
  const objects = new Map<string, string>()
  for await (const { name } of store.list('')) objects.set(name, (await store.get(name)).toString('base64'))
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
