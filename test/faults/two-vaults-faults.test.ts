/**
 * One capture goes to two vaults. Every call to one of them fails once, in every way that it can: the other vault has the
 * point all the same, and after a plain run both hold whole points only (I1, I2, I3).
 */
import { randomBytes } from 'node:crypto'
import { mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { isVaultTrouble } from '../../agent-core/backup/vault-trouble.ts'
import { isAgentError } from '../../agent-core/base/agent-error.ts'
import { systemClock } from '../../agent-core/base/clock.ts'
import type { VaultId } from '../../agent-core/contract/ids.ts'
import { createFaultyStore, type FaultKind, type StoreCall } from '../../agent-core/vault/faulty-store.ts'
import { createMemoryStore } from '../../agent-core/vault/memory-store.ts'
import type { ObjectStore } from '../../agent-core/vault/object-store.ts'
import { assertInvariants } from '../../agent-core/verify/assert-invariants.ts'
import { BackupPlace, copyOfStore } from '../support/backup-place.ts'

let first: ObjectStore
let second: ObjectStore
let secondId: VaultId
let place: BackupPlace

beforeEach(async () => {
  first = createMemoryStore({ clock: systemClock })
  second = createMemoryStore({ clock: systemClock })
  place = await BackupPlace.make(first)
  secondId = await place.addVault(second)
  mkdirSync(join(place.source, 'sub'))
  for (let number = 0; number < 6; number++) write(join('sub', `${number}`), `content of ${number}`)
  write('large', randomBytes(300_000))
})

afterEach(() => {
  place[Symbol.dispose]()
})

function write(name: string, content: string | Buffer): void {
  const path = join(place.source, name)
  writeFileSync(path, content)
  utimesSync(path, 1_600_000_000, 1_600_000_000)
}

const backUp = async (one: ObjectStore, other: ObjectStore) =>
  await place.backUpInto([place.vaultOf(one), place.vaultOf(other, secondId)])

const away = (store: ObjectStore) =>
  createFaultyStore(store, { faults: [{ call: 1, fault: 'unreachable', forEver: true }] })

/** Both vaults are whole, and hold the point with the source's files. */
async function assertBoth(one: ObjectStore, other: ObjectStore, point: string, what: string): Promise<void> {
  const source = place.sourceFiles()
  for (const [store, vault] of [
    [one, place.vaultOf(one)],
    [other, place.vaultOf(other, secondId)],
  ] as const) {
    await assertInvariants(vault).catch((error: unknown) => {
      throw new Error(what, { cause: error })
    })
    expect(await place.filesOf(store, point), what).toEqual(source)
    const provisional = (await vault.listPoints()).filter(({ confirmationName }) => confirmationName === undefined)
    expect(provisional, what).toEqual([])
  }
}

function faultsOf({ operation }: StoreCall): FaultKind[] {
  const faults: FaultKind[] = ['throw-before', 'throw-after']
  if (operation === 'list') faults.push('stale-list')
  if (operation === 'get') faults.push('bit-flip', 'short-body')
  return faults
}

/** Fails each call to the first or the second vault, beginning with the cache and the vaults as they are now. */
async function failEachCall(which: 'first' | 'second'): Promise<number> {
  const putBack = place.keepCache()
  const counted = createFaultyStore(await copyOfStore(which === 'first' ? first : second))
  const counting = await (which === 'first'
    ? backUp(counted, await copyOfStore(second))
    : backUp(await copyOfStore(first), counted))
  expect(counting.failures.size).toBe(0)
  let runs = 0
  for (const [index, call] of counted.calls.entries()) {
    for (const fault of faultsOf(call)) {
      const what = `${fault} at call ${index + 1} of the ${which} (${call.operation} ${call.name})`
      putBack()
      const stores = [await copyOfStore(first), await copyOfStore(second)] as const
      const faulty = createFaultyStore(which === 'first' ? stores[0] : stores[1], {
        faults: [{ call: index + 1, fault }],
      })
      const outcome = which === 'first' ? backUp(faulty, stores[1]) : backUp(stores[0], faulty)
      await outcome.then(
        ({ failure }) => expect(failure, `${what}: the other vault has the point`).toBeUndefined(),
        (error: unknown) => {
          const isSpoilt = isAgentError(error, 'format.invalid') || isAgentError(error, 'vault.damaged')
          if (!isSpoilt && !isVaultTrouble(error)) throw new Error(what, { cause: error })
        },
      )
      expect(faulty.unreached(), what).toEqual([])
      const next = await backUp(...stores)
      expect([...next.failures], what).toEqual([])
      await assertBoth(...stores, next.manifest.id, what)
      expect(place.chunksInCache(), what).toEqual([])
      runs++
    }
  }
  putBack()
  return runs
}

test.each(['first', 'second'] as const)(
  'every call to the %s of two vaults, in a first backup',
  { timeout: 600_000 },
  async (which) => {
    expect(await failEachCall(which)).toBeGreaterThan(25)
  },
)

test.each(['first', 'second'] as const)(
  'every call to the %s while the second catches up',
  { timeout: 600_000 },
  async (which) => {
    await backUp(first, second)
    for (const name of ['a', 'b']) {
      write(name, randomBytes(40_000))
      const result = await backUp(first, away(second))
      expect([result.failure, result.failures.size]).toEqual([undefined, 1])
    }
    // The payload has left the cache: the first vault holds it.
    expect(place.chunksInCache()).toEqual([])
    write('c', randomBytes(40_000))
    expect(await failEachCall(which)).toBeGreaterThan(25)
  },
)

test('a vault that was away for three runs gets its points in order, from the other vault', async () => {
  await backUp(first, second)
  const states = new Map<string, Record<string, string>>()
  for (const name of ['a', 'b', 'c']) {
    write(name, randomBytes(40_000))
    const { manifest } = await backUp(first, away(second))
    states.set(manifest.id, place.sourceFiles())
  }
  expect(place.chunksInCache()).toEqual([])
  const last = await backUp(first, second)
  await assertBoth(first, second, last.manifest.id, 'caught up')
  const chunks = async (store: ObjectStore) => {
    const names: string[] = []
    for await (const { name } of store.list(`${place.vaultOf(store).layout.root}chunks/`)) names.push(name)
    return names
  }
  expect(await chunks(second)).toEqual(await chunks(first))
  const points = await place.vaultOf(second, secondId).listPoints()
  expect(points.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5])
  for (const [point, files] of states) expect(await place.filesOf(second, point)).toEqual(files)
})

test('a vault that is added, and one that was put back from an older copy, get the last point whole', async () => {
  await place.backUp(first)
  write('more', randomBytes(40_000))
  await place.backUp(first)
  const older = await copyOfStore(second)
  const added = await backUp(first, second)
  expect(added.failures.size).toBe(0)
  await assertBoth(first, second, added.manifest.id, 'added')
  // What the vault lacked came from the other one, and was not stored again.
  expect(added.manifest.counts.bytesNew).toBeLessThan(5000)
  rmSync(join(place.source, 'more'))
  const again = await backUp(first, older)
  expect(again.failures.size).toBe(0)
  await assertBoth(first, older, again.manifest.id, 'put back')
  expect(again.manifest.counts.bytesNew).toBeLessThan(5000)
})
