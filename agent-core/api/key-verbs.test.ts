import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { plainSettings, TestFolder, TestHome, testPassphrase } from '../../test/support/test-home.ts'
import { objectsOf } from '../../test/support/two-machines.ts'
import { deriveKeys } from '../codec/key-derivation.ts'
import { openObject } from '../codec/seal-object.ts'
import { mostOnDemandADay } from '../contract/policy.ts'
import { decodeSealedHeader } from '../format/sealed-object.ts'
import { backupNow } from './backup-verbs.ts'
import { enableItem, listItems } from './item-verbs.ts'
import { removeKnownVault, renewRecoveryCode, takeNewKey } from './key-verbs.ts'
import { knownVault, masterKeyOf, rememberedKey } from './open-vault.ts'
import { setPin } from './pin-guard.ts'
import { listPoints } from './point-verbs.ts'
import { listKnownVaults } from './show-vault.ts'
import { holdPoint } from './trash-verbs.ts'
import { changeVaultPassphrase, connectToVault, createNewVault } from './vault-verbs.ts'

const code = (expected: string): unknown => expect.objectContaining({ code: expected })

test('a new recovery code opens the vault, and the old one no more', async () => {
  using home = new TestHome()
  using second = new TestHome()
  using folder = new TestFolder()
  const created = await createNewVault(home.deps, 'v', folder.at('v'), testPassphrase)
  const { recoveryCode } = await renewRecoveryCode(home.deps, 'v')
  expect(recoveryCode).not.toBe(created.recoveryCode)
  const connect = (secret: string) => connectToVault(second.deps, 'v', folder.at('v'), secret, {})
  await expect(connect(created.recoveryCode)).rejects.toEqual(code('vault.wrong-passphrase'))
  expect((await connect(recoveryCode)).access).toBe('read-only')
  await expect(renewRecoveryCode(second.deps, 'v')).rejects.toEqual(code('vault.foreign'))
})

test('a vault that is removed here is forgotten with its items and its key, and comes back with its passphrase', async () => {
  using home = new TestHome()
  using folder = new TestFolder()
  const { deps } = home
  mkdirSync(folder.at('docs'))
  writeFileSync(folder.at('docs', 'file'), 'content')
  for (const name of ['v', 'w']) await createNewVault(deps, name, folder.at(name), testPassphrase)
  await enableItem(deps, 'mine', ['v'], { ...plainSettings, folders: [folder.at('docs')] })
  await backupNow(deps, 'mine', { accept: false }, {})
  const point = await holdPoint(deps, 'mine', 'latest', undefined)
  const keyspace = deps.state.vaults()[0]?.keyspace
  if (keyspace === undefined) throw new Error('no vault')
  expect(await removeKnownVault(deps, 'w')).toEqual({ name: 'w', items: [], waitingPoints: 0 })
  expect(await rememberedKey(deps, keyspace)).toBeDefined()
  expect(await removeKnownVault(deps, 'v')).toEqual({ name: 'v', items: ['mine'], waitingPoints: 0 })
  expect(await listKnownVaults(deps)).toEqual([])
  expect(await listItems(deps)).toEqual([])
  expect(await rememberedKey(deps, keyspace)).toBeUndefined()
  await connectToVault(deps, 'again', folder.at('v'), testPassphrase, { takeOver: 'test machine' })
  expect(await listPoints(deps, 'mine')).toMatchObject([{ id: point.id, held: true }])
  expect((await backupNow(deps, 'mine', { accept: false }, {})).point?.seq).toBe(2)
})

test('after new keys everything is stored anew, and the old key opens nothing of it', async () => {
  using home = new TestHome()
  using folder = new TestFolder()
  const { deps } = home
  mkdirSync(folder.at('docs'))
  writeFileSync(folder.at('docs', 'file'), 'content')
  for (const name of ['v', 'w']) await createNewVault(deps, name, folder.at(name), testPassphrase)
  await enableItem(deps, 'mine', ['v', 'w'], { ...plainSettings, folders: [folder.at('docs')] })
  await backupNow(deps, 'mine', { accept: false }, {})
  const before = knownVault(deps, 'v')
  const oldKey = await masterKeyOf(deps, before, undefined)
  renameSync(folder.at('w'), folder.at('away'))
  await expect(takeNewKey(deps, 'v', 'the next long passphrase')).rejects.toEqual(code('vault.unreachable'))
  await backupNow(deps, 'mine', { accept: false }, {})
  renameSync(folder.at('away'), folder.at('w'))
  await expect(takeNewKey(deps, 'v', 'the next long passphrase')).rejects.toEqual(code('vault.points-wait'))
  await backupNow(deps, 'mine', { accept: false }, {})
  await expect(takeNewKey(deps, 'v', 'too short')).rejects.toEqual(code('vault.weak-passphrase'))
  expect(knownVault(deps, 'v')).toEqual(before)
  const taken = await takeNewKey(deps, 'v', 'the next long passphrase')
  expect(taken.vaults.map(({ name, machine }) => [name, machine])).toEqual([
    ['v', 'test machine 2'],
    ['w', 'test machine 2'],
  ])
  const next = await backupNow(deps, 'mine', { accept: false }, {})
  expect(next).toMatchObject({ point: { seq: 1, confirmed: true }, files: { read: 1 } })
  const { keyspace } = knownVault(deps, 'v')
  expect(keyspace).not.toBe(before.keyspace)
  expect(await rememberedKey(deps, before.keyspace)).toBeUndefined()
  const sealed = objectsOf(folder.at('v'), keyspace).filter((path) => !/\/keys\/|\.tcf$/.test(path))
  expect(sealed.length).toBeGreaterThanOrEqual(5)
  for (const path of sealed) {
    const name = path.slice(folder.at('v').length + 1)
    const bytes = readFileSync(path)
    const { kind } = decodeSealedHeader(bytes, name)
    expect(() => openObject(deriveKeys(oldKey, keyspace), kind, name, bytes)).toThrow(
      expect.objectContaining({ code: 'format.invalid' }) as Error,
    )
  }
  // The old passphrase opens what was stored before, and nothing else; the new one and its code the rest.
  using other = new TestHome()
  const connect = async (as: string, secret: string) => await connectToVault(other.deps, as, folder.at('v'), secret, {})
  expect((await connect('old', testPassphrase)).machine).toBe('test machine')
  expect((await connect('new', taken.vaults[0]?.recoveryCode ?? '')).machine).toBe('test machine 2')
  await connectToVault(deps, 'earlier', folder.at('v'), testPassphrase, { read: 'test machine' })
  expect(await listPoints(deps, 'mine 2')).toHaveLength(3)
})

test('after new keys a first backup is made, also where the backups on demand of the day are used up', async () => {
  using home = new TestHome()
  using folder = new TestFolder()
  const { deps } = home
  mkdirSync(folder.at('docs'))
  await createNewVault(deps, 'v', folder.at('v'), testPassphrase)
  await enableItem(deps, 'mine', ['v'], { ...plainSettings, folders: [folder.at('docs')] })
  const backUp = async () => await backupNow(deps, 'mine', { accept: false }, {})
  for (let count = 0; count < mostOnDemandADay; count++) await backUp()
  await expect(backUp()).rejects.toEqual(code('backup.too-many'))
  await takeNewKey(deps, 'v', 'the next long passphrase')
  expect((await backUp()).point).toMatchObject({ seq: 1, confirmed: true })
})

test('secrets are changed and vaults are removed with the PIN only, where one is set', async () => {
  using home = new TestHome()
  using folder = new TestFolder()
  const { deps } = home
  await createNewVault(deps, 'v', folder.at('v'), testPassphrase)
  await setPin(deps, '4711', undefined)
  const acts = [
    () => renewRecoveryCode(deps, 'v'),
    () => removeKnownVault(deps, 'v'),
    () => takeNewKey(deps, 'v', 'another long passphrase'),
    () => changeVaultPassphrase(deps, 'v', 'another long passphrase'),
  ]
  for (const act of acts) await expect(act()).rejects.toEqual(code('pin.needed'))
  const asking = { ...deps, askPin: () => async () => '4711' }
  await changeVaultPassphrase(asking, 'v', 'another long passphrase')
  expect(await removeKnownVault(asking, 'v')).toMatchObject({ name: 'v' })
})
