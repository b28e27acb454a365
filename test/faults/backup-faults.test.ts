/**
 * Every call that a backup makes to its vault fails once, in every way that it can: after the fault, a plain run
 * succeeds, every confirmed point is whole (I1), what was acknowledged is there (I3), nothing is left behind (I7).
 */
import { randomBytes } from 'node:crypto'
import { mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { isVaultTrouble } from '../../agent-core/backup/vault-trouble.ts'
import { isAgentError } from '../../agent-core/base/agent-error.ts'
import { systemClock } from '../../agent-core/base/clock.ts'
import { createFaultyStore, type FaultKind, type StoreCall } from '../../agent-core/vault/faulty-store.ts'
import { createMemoryStore } from '../../agent-core/vault/memory-store.ts'
import type { ObjectStore } from '../../agent-core/vault/object-store.ts'
import { assertInvariants } from '../../agent-core/verify/assert-invariants.ts'
import { BackupPlace, copyOfStore } from '../support/backup-place.ts'

let empty: ObjectStore
let place: BackupPlace

beforeEach(async () => {
  empty = createMemoryStore({ clock: systemClock })
  place = await BackupPlace.make(empty)
  mkdirSync(join(place.source, 'sub'))
  for (let number = 0; number < 12; number++) write(join('sub', `${number}`), `content of ${number}`)
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

/** The ways in which a call can fail; of the three that only differ in their reason, one after the other. */
function faultsOf({ operation }: StoreCall, index: number): FaultKind[] {
  const refusals = ['unreachable', 'full', 'denied'] as const
  const faults: FaultKind[] = ['throw-before', 'throw-after', refusals[index % 3] as FaultKind]
  if (operation === 'list') faults.push('stale-list')
  if (operation === 'get') faults.push('bit-flip', 'short-body')
  return faults
}

/** Fails each call of a backup that begins with the vault `before` and the cache as it is now. */
async function failEachCall(before: ObjectStore, mayEnd: (error: unknown) => boolean = isSpoilt): Promise<number> {
  const putBack = place.keepCache()
  const counted = createFaultyStore(await copyOfStore(before))
  expect((await place.backUp(counted)).failure).toBeUndefined()
  let runs = 0
  for (const [index, call] of counted.calls.entries()) {
    for (const fault of faultsOf(call, index)) {
      putBack()
      const store = await copyOfStore(before)
      const faulty = createFaultyStore(store, { faults: [{ call: index + 1, fault }] })
      await failAndMend(`${fault} at call ${index + 1} (${call.operation} ${call.name})`, faulty, store, mayEnd)
      runs++
    }
  }
  putBack()
  return runs
}

/** Bytes that are not what they claim to be end the run before anything is captured. */
function isSpoilt(error: unknown): boolean {
  return isAgentError(error, 'format.invalid') || isAgentError(error, 'vault.damaged')
}

async function failAndMend(
  what: string,
  faulty: ReturnType<typeof createFaultyStore>,
  store: ObjectStore,
  mayEnd: (error: unknown) => boolean,
): Promise<void> {
  const acknowledged: string[] = []
  try {
    const { manifest, failure } = await place.backUp(faulty)
    if (failure === undefined) acknowledged.push(manifest.id)
  } catch (error) {
    if (!mayEnd(error)) throw new Error(what, { cause: error })
  }
  expect(faulty.unreached(), what).toEqual([])
  const next = await place.backUp(store)
  expect(next.failure, what).toBeUndefined()
  acknowledged.push(next.manifest.id)
  await assertInvariants(place.vaultOf(store)).catch((error: unknown) => {
    throw new Error(what, { cause: error })
  })
  const source = place.sourceFiles()
  for (const point of acknowledged) expect(await place.filesOf(store, point), what).toEqual(source)
  const points = await place.vaultOf(store).listPoints()
  expect(
    points.filter(({ confirmationName }) => confirmationName === undefined),
    what,
  ).toEqual([])
  expect(new Set(points.map(({ sequence }) => sequence)).size, what).toBe(points.length)
  expect(await place.unreferenced(store), what).toEqual([])
  expect(place.chunksInCache(), what).toEqual([])
}

test('every call of a first backup', { timeout: 480_000 }, async () => {
  expect(await failEachCall(empty)).toBeGreaterThan(25)
})

test('every call of an increment', { timeout: 480_000 }, async () => {
  await place.backUp(empty)
  write('large', randomBytes(300_000))
  write(join('sub', 'new'), 'new')
  rmSync(join(place.source, 'sub', '3'))
  expect(await failEachCall(empty)).toBeGreaterThan(25)
})

test('every call of an increment that follows one the vault did not take', { timeout: 480_000 }, async () => {
  await place.backUp(empty)
  write('second', randomBytes(50_000))
  const away = createFaultyStore(empty, { faults: [{ call: 1, fault: 'unreachable', forEver: true }] })
  expect((await place.backUp(away)).failure?.code).toBe('vault.unreachable')
  write('third', randomBytes(50_000))
  expect(await failEachCall(empty)).toBeGreaterThan(25)
})

test('every call of a first look after the base was lost', { timeout: 480_000 }, async () => {
  await place.backUp(empty)
  write('second', randomBytes(50_000))
  await place.backUp(empty)
  rmSync(join(place.folder, 'cache'), { recursive: true })
  mkdirSync(join(place.folder, 'cache'))
  write('third', randomBytes(50_000))
  // The tree of the last point is in the vault alone: without it there is nothing to compare with.
  expect(await failEachCall(empty, (error) => isSpoilt(error) || isVaultTrouble(error))).toBeGreaterThan(25)
})
