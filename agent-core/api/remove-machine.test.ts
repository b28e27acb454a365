/** A machine goes from a vault into the trash, comes back, or is cleaned away; the other one keeps every byte. */
import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { testPassphrase } from '../../test/support/test-home.ts'
import { snapshotTree } from '../../test/support/tree-snapshot.ts'
import { backUp, objectsOf, passphraseOfB, TwoMachines } from '../../test/support/two-machines.ts'
import type { VaultId } from '../contract/ids.ts'
import { LentKeys } from './lent-keys.ts'
import { listMachines } from './machine-verbs.ts'
import { knownVault, rememberedKey } from './open-vault.ts'
import { setPin } from './pin-guard.ts'
import { listPoints } from './point-verbs.ts'
import { pruneVault } from './prune-verbs.ts'
import { removeMachine, undeleteMachine } from './remove-machine.ts'
import { deletePoint } from './trash-verbs.ts'
import { unlockVault } from './unlock-vault.ts'
import { verifyKnownVault } from './verify-verbs.ts'

const code = (expected: string): unknown => expect.objectContaining({ code: expected })
const dayMs = 86_400_000

test('a removed machine backs up no more, and comes back with what went with it', async () => {
  using place = await TwoMachines.make()
  const { a, b, folder, vault, homeA } = place
  writeFileSync(folder.at('b', 'more'), 'more of b')
  await backUp(b)
  const [first] = await listPoints(b, 'docs')
  await deletePoint(b, 'docs', first?.id ?? '', undefined)
  const ownBytes = () => snapshotTree(join(vault, 'keyspaces', knownVault(a, 'v').keyspace))
  const before = ownBytes()
  await expect(removeMachine(a, 'v', 'b', undefined)).rejects.toEqual(code('vault.locked'))
  homeA.passphrase = 'no such passphrase here'
  await expect(removeMachine(a, 'v', 'b', undefined)).rejects.toMatchObject({ exitCode: 7 })
  homeA.passphrase = testPassphrase
  await expect(removeMachine(a, 'v', 'b', undefined)).rejects.toEqual(code('vault.no-machine'))
  homeA.passphrase = passphraseOfB
  await expect(undeleteMachine(a, 'v', 'b')).rejects.toEqual(code('vault.machine-active'))
  const removed = await removeMachine(a, 'v', 'b', 'sold')
  expect(removed).toMatchObject({ machine: 'b', removed: { who: 'tester on a', reason: 'sold' }, points: 1, held: 0 })
  expect(await removeMachine(a, 'v', 'b', 'again')).toMatchObject({ removed: removed.removed, points: 0 })
  expect((await listMachines(a, 'v', passphraseOfB))[1]).toMatchObject({ state: 'removed', removed: removed.removed })
  await expect(backUp(b)).rejects.toMatchObject({
    code: 'vault.machine-removed',
    message: expect.stringMatching(/in the trash until \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.$/) as string,
    exitCode: 5,
  })
  expect((await listPoints(b, 'docs')).map(({ deleted }) => deleted !== null)).toEqual([true, true])
  const { keyspace } = knownVault(b, 'v')
  expect(await undeleteMachine(a, 'v', keyspace.slice(0, 8))).toMatchObject({ machine: 'b', removed: null, points: 1 })
  // What was in the trash before stays there.
  expect((await listPoints(b, 'docs')).map(({ deleted }) => deleted !== null)).toEqual([true, false])
  expect(ownBytes()).toEqual(before)
  expect((await backUp(b)).point).toMatchObject({ seq: 3, confirmed: true })
  expect((await backUp(a)).point).toMatchObject({ seq: 2, confirmed: true })
})

test('once its window is past, clean-ups free all of its space and its name, and nothing of the other machine', async () => {
  using place = await TwoMachines.make()
  const { a, b, vault, homeA } = place
  homeA.passphrase = passphraseOfB
  const ofB = knownVault(b, 'v').keyspace
  const ofA = knownVault(a, 'v').keyspace
  const before = snapshotTree(join(vault, 'keyspaces', ofA))
  await removeMachine(a, 'v', 'b', undefined)
  const prune = async () => await pruneVault(a, 'v', { keyspace: 'b', graceDays: 0 }, {})
  expect(await prune()).toMatchObject({ points: [], deleted: { files: 0 }, remarks: [] })
  place.laterMs = 15 * dayMs
  const gone = await prune()
  expect(gone.points).toHaveLength(1)
  expect(gone.remarks).toEqual(['Nothing of machine "b" is left in the vault.'])
  expect(objectsOf(vault, ofB)).toEqual([])
  expect(readdirSync(join(vault, 'machines'))).toHaveLength(1)
  expect(snapshotTree(join(vault, 'keyspaces', ofA))).toEqual(before)
  expect((await listMachines(a, 'v', undefined)).map(({ name }) => name)).toEqual(['a'])
  expect((await verifyKnownVault(a, 'v', { readDataPercent: 100 }, {})).damaged).toEqual([])
  // The machine that was away all the time: nobody could open what it would store.
  await expect(backUp(b)).rejects.toEqual(code('vault.machine-gone'))
  expect(objectsOf(vault, ofB)).toEqual([])
})

test('a point whose manifest is gone goes with its machine', async () => {
  using place = await TwoMachines.make()
  const { a, b, vault, homeA } = place
  homeA.passphrase = passphraseOfB
  const ofB = knownVault(b, 'v').keyspace
  await backUp(b)
  const points = objectsOf(vault, ofB).filter((name) => /points\/.*[0-9a-f]{32}$/.test(name))
  rmSync(points[0] as string)
  expect((await removeMachine(a, 'v', 'b', undefined)).points).toBe(2)
  place.laterMs = 15 * dayMs
  await pruneVault(a, 'v', { keyspace: 'b', graceDays: 0 }, {})
  expect(objectsOf(vault, ofB)).toEqual([])
})

test('removing a machine asks for the PIN where one is set; bringing it back does not', async () => {
  using place = await TwoMachines.make()
  const { a, homeA } = place
  homeA.passphrase = passphraseOfB
  await setPin(a, '4711', undefined)
  await expect(removeMachine(a, 'v', 'b', undefined)).rejects.toEqual(code('pin.needed'))
  const asking = { ...a, askPin: () => async () => '4711' }
  expect(await removeMachine(asking, 'v', 'a', undefined)).toMatchObject({ machine: 'a', points: 1 })
  expect(await undeleteMachine(a, 'v', 'a')).toMatchObject({ machine: 'a', points: 1 })
})

test('what a machine has stored is verified from another home with its passphrase, and not healed', async () => {
  using place = await TwoMachines.make()
  const { a, b, homeA, vault } = place
  homeA.passphrase = passphraseOfB
  const options = { keyspace: 'b', readDataPercent: 100 }
  expect(await verifyKnownVault(a, 'v', options, {})).toMatchObject({ points: 1, damaged: [] })
  await expect(verifyKnownVault(a, 'v', { ...options, heal: true }, {})).rejects.toEqual(code('usage.invalid'))
  const root = join(vault, 'keyspaces', knownVault(b, 'v').keyspace, 'index')
  writeFileSync(join(root, '000000000000'), 'rot')
  const [damaged] = (await verifyKnownVault(a, 'v', options, {})).damaged
  expect(damaged?.object).toContain('index/000000000000')
  expect((await verifyKnownVault(a, 'v', { readDataPercent: 100 }, {})).damaged).toEqual([])
})

test('a client that cannot be asked unlocks another machine first: for one verb, and nothing of it is kept', async () => {
  using place = await TwoMachines.make()
  const lentKeys = new LentKeys(place.a.clock)
  const a = { ...place.a, lentKeys }
  await expect(removeMachine(a, 'v', 'b', undefined)).rejects.toEqual(code('vault.locked'))
  await expect(unlockVault(a, 'v', 'no such passphrase here')).rejects.toMatchObject({ exitCode: 7 })
  await unlockVault(a, 'v', passphraseOfB)
  expect(await removeMachine(a, 'v', 'b', undefined)).toMatchObject({ machine: 'b', points: 1 })
  await expect(undeleteMachine(a, 'v', 'b')).rejects.toEqual(code('vault.locked'))
  expect(await rememberedKey(a, knownVault(place.b, 'v').keyspace)).toBeUndefined()
  await unlockVault(a, 'v', testPassphrase)
  await expect(undeleteMachine(a, 'v', 'b')).rejects.toEqual(code('vault.no-machine'))
  await unlockVault(a, 'v', testPassphrase)
  await expect(undeleteMachine(a, 'v', 'b'), 'no verb had missed anything').rejects.toEqual(code('vault.locked'))
})

test('what was lent is gone after a minute, forth or back', () => {
  const clock = { ms: 0, nowMs: () => clock.ms, delay: async () => {} }
  const [keys, vault] = [new LentKeys(clock), 'a'.repeat(32) as VaultId]
  for (const [laterMs, isThere] of [
    [59_000, true],
    [61_000, false],
    [-61_000, false],
  ] as const) {
    keys.miss(vault)
    keys.lend(vault, [])
    clock.ms += laterMs
    expect(keys.take(vault)).toEqual(isThere ? [] : undefined)
    expect(keys.take(vault)).toBeUndefined()
  }
})
