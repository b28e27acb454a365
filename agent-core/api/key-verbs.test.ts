import { mkdirSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { plainSettings, TestFolder, TestHome, testPassphrase } from '../../test/support/test-home.ts'
import { backupNow } from './backup-verbs.ts'
import { enableItem, listItems } from './item-verbs.ts'
import { removeKnownVault, renewRecoveryCode } from './key-verbs.ts'
import { rememberedKey } from './open-vault.ts'
import { setPin } from './pin-guard.ts'
import { listPoints } from './point-verbs.ts'
import { holdPoint } from './trash-verbs.ts'
import { changeVaultPassphrase, connectToVault, createNewVault, listKnownVaults } from './vault-verbs.ts'

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

test('secrets are changed and vaults are removed with the PIN only, where one is set', async () => {
  using home = new TestHome()
  using folder = new TestFolder()
  const { deps } = home
  await createNewVault(deps, 'v', folder.at('v'), testPassphrase)
  await setPin(deps, '4711', undefined)
  const acts = [
    () => renewRecoveryCode(deps, 'v'),
    () => removeKnownVault(deps, 'v'),
    () => changeVaultPassphrase(deps, 'v', 'another long passphrase'),
  ]
  for (const act of acts) await expect(act()).rejects.toEqual(code('pin.needed'))
  const asking = { ...deps, askPin: () => async () => '4711' }
  await changeVaultPassphrase(asking, 'v', 'another long passphrase')
  expect(await removeKnownVault(asking, 'v')).toMatchObject({ name: 'v' })
})
