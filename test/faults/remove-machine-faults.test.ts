/**
 * Every call that removing a machine, bringing it back, and cleaning its keyspace away makes to the vault fails once, in every
 * way that it can. While it can come back every point restores as before (I4), and the same act done again ends what was begun.
 */
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { removeFrom, undeleteIn } from '../../agent-core/api/remove-machine.ts'
import { isVaultTrouble } from '../../agent-core/backup/vault-trouble.ts'
import { isAgentError } from '../../agent-core/base/agent-error.ts'
import { systemClock } from '../../agent-core/base/clock.ts'
import { removeKeyspace } from '../../agent-core/retention/remove-keyspace.ts'
import { createFaultyStore, type FaultKind, type StoreCall } from '../../agent-core/vault/faulty-store.ts'
import { createMemoryStore } from '../../agent-core/vault/memory-store.ts'
import type { ObjectStore } from '../../agent-core/vault/object-store.ts'
import { readPointStates } from '../../agent-core/vault/point-states.ts'
import { BackupPlace, copyOfStore } from '../support/backup-place.ts'
import { TestHome } from '../support/test-home.ts'

let place: BackupPlace
let home: TestHome
let store: ObjectStore
let files: ReadonlyMap<string, Record<string, string>>

beforeEach(async () => {
  store = createMemoryStore({ clock: systemClock })
  place = await BackupPlace.make(store)
  home = new TestHome()
  const made = new Map<string, Record<string, string>>()
  for (const name of ['one', 'two']) {
    writeFileSync(join(place.source, name), `content of ${name}`)
    made.set((await place.backUp(store)).manifest.id, place.sourceFiles())
  }
  files = made
})

afterEach(() => {
  place[Symbol.dispose]()
  home[Symbol.dispose]()
})

async function act(on: ObjectStore, isRemoval: boolean): Promise<void> {
  // Each run asks the vault for all marks, so that each makes the same calls.
  rmSync(home.deps.paths.marks, { recursive: true, force: true })
  const opened = { vault: place.vaultOf(on), isOwn: true, machine: 'test' }
  if (isRemoval) await removeFrom(home.deps, opened, 'v', 'a test')
  else await undeleteIn(home.deps, opened, 'v')
}

function faultsOf({ operation }: StoreCall, index: number): FaultKind[] {
  const refusals = ['unreachable', 'full', 'denied'] as const
  const faults: FaultKind[] = ['throw-before', 'throw-after', refusals[index % 3] as FaultKind]
  if (operation === 'list') faults.push('stale-list')
  return faults
}

async function failEachCall(before: ObjectStore, isRemoval: boolean): Promise<number> {
  const counted = createFaultyStore(await copyOfStore(before))
  await act(counted, isRemoval)
  for (const [index, call] of counted.calls.entries()) {
    for (const fault of faultsOf(call, index)) {
      const what = `${fault} at call ${index + 1} (${call.operation} ${call.name})`
      const inner = await copyOfStore(before)
      const faulty = createFaultyStore(inner, { faults: [{ call: index + 1, fault }] })
      await act(faulty, isRemoval).catch((error: unknown) => {
        if (!isVaultTrouble(error)) throw new Error(what, { cause: error })
      })
      expect(faulty.unreached(), what).toEqual([])
      for (const [point, expected] of files) expect(await place.filesOf(inner, point), what).toEqual(expected)
      // An undeletion whose last answer was lost has ended.
      await act(inner, isRemoval).catch((error: unknown) => {
        if (!isAgentError(error, 'vault.machine-active')) throw new Error(what, { cause: error })
      })
      const states = await readPointStates(place.vaultOf(inner))
      for (const point of files.keys()) {
        const { deleted, held } = states.of(point as never)
        expect([deleted !== undefined, held], what).toEqual([isRemoval, false])
      }
      const removed = (await place.vaultOf(inner).readDefinitions())?.definitions.removed
      expect(removed !== undefined, what).toBe(isRemoval)
    }
  }
  return counted.calls.length
}

test('every call of removing a machine', { timeout: 240_000 }, async () => {
  expect(await failEachCall(store, true)).toBeGreaterThanOrEqual(8)
})

test('every call of bringing it back', { timeout: 240_000 }, async () => {
  await act(store, true)
  expect(await failEachCall(store, false)).toBeGreaterThanOrEqual(8)
})

test('every call of taking away what is left of it', { timeout: 240_000 }, async () => {
  await act(store, true)
  const afterWindowMs = systemClock.nowMs() + 20 * 86_400_000
  expect(await removeKeyspace(place.vaultOf(store), systemClock.nowMs())).toBe(false)
  expect(await removeKeyspace(place.vaultOf(store), afterWindowMs)).toBe(false)
  await place.prune(store, { expired: () => true, graceMs: 0 })
  await store.put(`keyspaces/${'9'.repeat(32)}/keyspace`, Buffer.from("another machine's"))
  const counted = createFaultyStore(await copyOfStore(store))
  expect(await removeKeyspace(place.vaultOf(counted), afterWindowMs)).toBe(true)
  const { root, definitions } = place.vaultOf(store).layout
  for (const [index, call] of counted.calls.entries()) {
    for (const fault of ['throw-before', 'throw-after'] as const) {
      const what = `${fault} at call ${index + 1} (${call.operation} ${call.name})`
      const inner = await copyOfStore(store)
      const faulty = createFaultyStore(inner, { faults: [{ call: index + 1, fault }] })
      await removeKeyspace(place.vaultOf(faulty), afterWindowMs).catch((error: unknown) => {
        if (!isVaultTrouble(error)) throw new Error(what, { cause: error })
      })
      const left = await namesIn(inner)
      if (left.some((name) => name.startsWith(definitions))) await removeKeyspace(place.vaultOf(inner), afterWindowMs)
      const rest = (await namesIn(inner)).filter((name) => !/\/(?:keyspace$|keys\/)|^machines\//.test(name))
      expect(rest, what).toEqual(['vault.json'])
      expect(await inner.get(`keyspaces/${'9'.repeat(32)}/keyspace`)).toEqual(Buffer.from("another machine's"))
    }
  }
  expect((await namesIn(store)).filter((name) => name.startsWith(root)).length).toBeGreaterThan(4)
})

async function namesIn(of: ObjectStore): Promise<string[]> {
  const names: string[] = []
  for await (const { name } of of.list('')) names.push(name)
  return names
}
