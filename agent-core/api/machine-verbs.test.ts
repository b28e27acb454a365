/** Several machines in one vault, through the use cases: each comes in with keys of its own and lives beside the others. */
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { TestHome, testPassphrase } from '../../test/support/test-home.ts'
import { objectsOf, passphraseOfB, TwoMachines } from '../../test/support/two-machines.ts'
import { deriveKeys } from '../codec/key-derivation.ts'
import { openObject } from '../codec/seal-object.ts'
import { decodeSealedHeader } from '../format/sealed-object.ts'
import { backupNow } from './backup-verbs.ts'
import { removeKnownVault } from './key-verbs.ts'
import { joinVault, listMachines } from './machine-verbs.ts'
import { knownVault, masterKeyOf } from './open-vault.ts'
import { listPoints } from './point-verbs.ts'
import { restoreFiles } from './restore-verbs.ts'
import { connectToVault, createNewVault } from './vault-verbs.ts'

const code = (expected: string): unknown => expect.objectContaining({ code: expected })
test('every machine is listed; what is sealed shows where its key is, or with its passphrase', async () => {
  using place = await TwoMachines.make()
  const { a, vault } = place
  const [own, other] = await listMachines(a, 'v', undefined)
  expect(own).toMatchObject({ name: 'a', isThis: true, state: 'active', removed: null, items: 1, points: 1 })
  expect(other).toMatchObject({ name: null, isThis: false, state: 'locked', items: 1, points: 1 })
  for (const machine of [own, other]) {
    expect(Date.parse(machine?.lastPointAt ?? '')).toBeGreaterThan(Date.now() - 60_000)
    const bytes = objectsOf(vault, machine?.id ?? '').reduce((sum, path) => sum + readFileSync(path).length, 0)
    expect(machine?.storedBytes).toBe(bytes)
  }
  const unlocked = await listMachines(a, 'v', passphraseOfB)
  expect(unlocked.map(({ name, state }) => [name, state])).toEqual([
    ['a', 'active'],
    ['b', 'active'],
  ])
  await expect(listMachines(a, 'v', 'no such passphrase here')).rejects.toEqual(code('vault.wrong-passphrase'))
})

test('a name that is taken is refused before anything is written, with one that is free', async () => {
  using place = await TwoMachines.make()
  using third = new TestHome({ machine: 'A' })
  const names = () =>
    readdirSync(place.vault, { recursive: true })
      .map(String)
      .toSorted((one, other) => one.localeCompare(other))
  const before = names()
  const joining = joinVault(third.deps, 'v', place.vault, testPassphrase, {})
  await expect(joining).rejects.toMatchObject({ code: 'vault.machine-taken', data: { machine: 'A', free: 'A 2' } })
  expect(names()).toEqual(before)
  expect(third.deps.state.vaults()).toEqual([])
  const joined = await joinVault(third.deps, 'v', place.vault, testPassphrase, { machine: 'A 2' })
  expect(joined).toMatchObject({ machine: 'A 2', access: 'owner' })
  expect((await listMachines(third.deps, 'v', undefined)).map(({ name }) => name)).toEqual(['A 2', null, null])
})

test('a machine joins a vault once, and with the keys that it has elsewhere', async () => {
  using place = await TwoMachines.make()
  const { a, folder, vault } = place
  await expect(joinVault(a, 'again', vault, testPassphrase, {})).rejects.toEqual(code('vault.known'))
  using other = new TestHome({ machine: 'c' })
  await createNewVault(other.deps, 'w', folder.at('w'), testPassphrase)
  await joinVault(a, 'w', folder.at('w'), testPassphrase, {})
  expect(knownVault(a, 'w').keyspace).toBe(knownVault(a, 'v').keyspace)
  await removeKnownVault(a, 'w')
  await expect(joinVault(a, 'w', folder.at('w'), testPassphrase, {})).rejects.toEqual(code('usage.invalid'))
})

test('no object of one machine opens with the keys of the other', async () => {
  using place = await TwoMachines.make()
  const { a, b, vault } = place
  const keysOf = async (deps: typeof a, keyspace: string) => {
    const known = knownVault(deps, 'v')
    return deriveKeys(await masterKeyOf(deps, known, undefined), keyspace as typeof known.keyspace)
  }
  const { keyspace } = knownVault(b, 'v')
  // The keys of A, as A uses them and as if its master key were that of B's keyspace.
  const tried = [await keysOf(a, knownVault(a, 'v').keyspace), await keysOf(a, keyspace)]
  let sealed = 0
  let chunkFiles = 0
  for (const path of objectsOf(vault, keyspace)) {
    const bytes = readFileSync(path)
    expect(bytes.includes('content of b')).toBe(false)
    expect(bytes.includes('docs')).toBe(false)
    if (path.endsWith('.tcf')) chunkFiles++
    if (path.endsWith('.tcf') || path.includes('/keys/')) continue
    const name = path.slice(vault.length + 1)
    const { kind } = decodeSealedHeader(bytes, name)
    sealed++
    for (const keys of tried) {
      expect(() => openObject(keys, kind, name, bytes), name).toThrow(code('format.invalid'))
    }
    expect(openObject(await keysOf(b, keyspace), kind, name, bytes).length).toBeGreaterThan(0)
  }
  expect(sealed).toBeGreaterThanOrEqual(5)
  expect(chunkFiles).toBeGreaterThanOrEqual(2)
})

test("another machine's points are listed and restored with its passphrase, and the own ones go on beside them", async () => {
  using place = await TwoMachines.make()
  const { a, folder, vault } = place
  const wrong = connectToVault(a, 'of b', vault, 'no such passphrase here', { read: 'b' })
  await expect(wrong).rejects.toMatchObject({ code: 'vault.wrong-passphrase', exitCode: 7 })
  await expect(connectToVault(a, 'of b', vault, testPassphrase, { read: 'b' })).rejects.toEqual(
    code('vault.no-machine'),
  )
  const connected = await connectToVault(a, 'of b', vault, passphraseOfB, { read: 'b' })
  expect(connected).toMatchObject({ access: 'read-only', machine: 'b', items: ['docs 2'] })
  const target = { directory: folder.at('restored') }
  const rest = { paths: [], conflict: 'copy', metadata: true, special: false } as const
  await restoreFiles(a, { item: 'docs 2', point: 'latest', target, ...rest }, {})
  expect(readFileSync(folder.at('restored', 'file'), 'utf8')).toBe('content of b')
  // What belongs to B is nothing that A has lost.
  const next = await backupNow(a, 'docs', { accept: false }, {})
  expect(next).toMatchObject({ remarks: [], bytes: { new: 0 }, point: { confirmed: true } })
  await removeKnownVault(a, 'of b')
  expect((await listPoints(a, 'docs')).map(({ seq }) => seq)).toEqual([1, 2])
  expect((await listMachines(a, 'v', undefined)).map(({ name }) => name)).toEqual(['a', null])
})

test('a claim that a joining left behind does not keep its name for ever', async () => {
  using place = await TwoMachines.make()
  const { vault } = place
  const keyspace = knownVault(place.b, 'v').keyspace
  using later = new TestHome({
    machine: 'b',
    clock: { ...place.b.clock, nowMs: () => Date.now() + 11 * 60_000 },
  })
  await expect(joinVault(later.deps, 'v', vault, testPassphrase, {})).rejects.toEqual(code('vault.machine-taken'))
  rmSync(join(vault, 'keyspaces', keyspace, 'keyspace'))
  using sooner = new TestHome({ machine: 'b' })
  await expect(joinVault(sooner.deps, 'v', vault, testPassphrase, {})).rejects.toEqual(code('vault.machine-taken'))
  expect(await joinVault(later.deps, 'v', vault, passphraseOfB, {})).toMatchObject({ machine: 'b' })
  for (const path of objectsOf(vault, keyspace)) if (path.includes('/points/')) rmSync(path)
  // The keyspace without facts is no machine, and stands in nobody's way.
  expect((await listMachines(later.deps, 'v', undefined)).map(({ name }) => name)).toEqual(['b', null])
  expect(await connectToVault(sooner.deps, 'v', vault, passphraseOfB, {})).toMatchObject({ machine: 'b' })
  expect(readdirSync(join(vault, 'machines'))).toHaveLength(2)
})
