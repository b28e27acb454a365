/**
 * Every call that putting an item's points into the trash, and bringing them back, makes to the vault fails once, in every
 * way that it can. At each moment every point restores as before (I4), and the same act done again ends what was begun.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { audit, deleteAllPoints, undeleteAllPoints } from '../../agent-core/api/mark-points.ts'
import { isVaultTrouble } from '../../agent-core/backup/vault-trouble.ts'
import { systemClock } from '../../agent-core/base/clock.ts'
import type { ItemId } from '../../agent-core/contract/ids.ts'
import type { Item } from '../../agent-core/state/state-db.ts'
import { readAudit } from '../../agent-core/vault/audit-journal.ts'
import { createFaultyStore, type FaultKind, type StoreCall } from '../../agent-core/vault/faulty-store.ts'
import { createMemoryStore } from '../../agent-core/vault/memory-store.ts'
import type { ObjectStore } from '../../agent-core/vault/object-store.ts'
import { readPointStates } from '../../agent-core/vault/point-states.ts'
import { BackupPlace, copyOfStore } from '../support/backup-place.ts'
import { TestHome } from '../support/test-home.ts'

const untilMs = 4_000_000_000_000
let place: BackupPlace
let home: TestHome
let store: ObjectStore
let files: ReadonlyMap<string, Record<string, string>>

beforeEach(async () => {
  store = createMemoryStore({ clock: systemClock })
  place = await BackupPlace.make(store)
  home = new TestHome()
  mkdirSync(join(place.source, 'sub'))
  const made = new Map<string, Record<string, string>>()
  for (const name of ['one', 'two', 'three']) {
    writeFileSync(join(place.source, 'sub', name), `content of ${name}`)
    made.set((await place.backUp(store)).manifest.id, place.sourceFiles())
  }
  files = made
})

afterEach(() => {
  place[Symbol.dispose]()
  home[Symbol.dispose]()
})

async function itemOf(of: ObjectStore): Promise<Item> {
  const [listed] = await place.vaultOf(of).listPoints()
  const settings = {
    folders: [],
    excludes: [],
    defaultExcludes: false,
    crossMounts: false,
    compression: 'lz4' as const,
    policy: 'default',
  }
  return { id: listed?.item as ItemId, name: 'docs', vaults: ['v'], ...settings }
}

async function mark(on: ObjectStore, item: Item, kind: 'delete' | 'undelete'): Promise<void> {
  // Each run asks the vault for all marks, so that each makes the same calls.
  rmSync(home.deps.paths.marks, { recursive: true, force: true })
  const vault = place.vaultOf(on)
  await audit(home.deps, vault, { act: `all ${kind}`, subject: item.name, detail: undefined })
  const sinceMs = untilMs - 14 * 86_400_000
  if (kind === 'delete') await deleteAllPoints(home.deps, vault, item, { sinceMs, reason: 'a test' })
  else await undeleteAllPoints(home.deps, vault, item, sinceMs)
}

function faultsOf({ operation }: StoreCall, index: number): FaultKind[] {
  const refusals = ['unreachable', 'full', 'denied'] as const
  const faults: FaultKind[] = ['throw-before', 'throw-after', refusals[index % 3] as FaultKind]
  if (operation === 'list') faults.push('stale-list')
  return faults
}

async function requireAllRestore(on: ObjectStore, what: string): Promise<void> {
  for (const [point, expected] of files) expect(await place.filesOf(on, point), what).toEqual(expected)
}

async function failEachCall(before: ObjectStore, kind: 'delete' | 'undelete'): Promise<number> {
  const isDelete = kind === 'delete'
  const item = await itemOf(before)
  const counted = createFaultyStore(await copyOfStore(before))
  await mark(counted, item, kind)
  for (const [index, call] of counted.calls.entries()) {
    for (const fault of faultsOf(call, index)) {
      const what = `${fault} at call ${index + 1} (${call.operation} ${call.name})`
      const inner = await copyOfStore(before)
      const faulty = createFaultyStore(inner, { faults: [{ call: index + 1, fault }] })
      await mark(faulty, item, kind).catch((error: unknown) => {
        if (!isVaultTrouble(error)) throw new Error(what, { cause: error })
      })
      expect(faulty.unreached(), what).toEqual([])
      await requireAllRestore(inner, what)
      await mark(inner, item, kind)
      const states = await readPointStates(place.vaultOf(inner))
      for (const point of files.keys()) {
        const { deleted, held } = states.of(point as never)
        expect([deleted !== undefined, held], what).toEqual([isDelete, false])
        if (isDelete) expect(deleted?.untilMs, what).toBeGreaterThanOrEqual(untilMs)
      }
      const acts: string[] = []
      for await (const { act } of readAudit(place.vaultOf(inner))) acts.push(act)
      expect(acts.at(-1), what).toBe(`all ${kind}`)
      await requireAllRestore(inner, what)
    }
  }
  return counted.calls.length
}

test('every call of putting all points into the trash', { timeout: 120_000 }, async () => {
  expect(await failEachCall(store, 'delete')).toBeGreaterThanOrEqual(7)
})

test('every call of bringing them back', { timeout: 120_000 }, async () => {
  await mark(store, await itemOf(store), 'delete')
  expect(await failEachCall(store, 'undelete')).toBeGreaterThanOrEqual(8)
})

test('with credentials that may not delete, points go to the trash and come back, and nothing is deleted', async () => {
  const counted = createFaultyStore(store)
  const item = await itemOf(store)
  await mark(counted, item, 'delete')
  await mark(counted, item, 'undelete')
  expect(counted.calls.filter(({ operation }) => operation === 'delete')).toEqual([])
  const states = await readPointStates(place.vaultOf(store))
  for (const point of files.keys()) expect(states.of(point as never).deleted).toBeUndefined()
})
