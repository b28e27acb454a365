/** Vaults through the use cases: what connecting does to what this home knows. */
import { mkdirSync, realpathSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { plainSettings, TestFolder, TestHome, testPassphrase } from '../../test/support/test-home.ts'
import { systemRandom } from '../base/random.ts'
import { sealObject } from '../codec/seal-object.ts'
import type { ItemId } from '../contract/ids.ts'
import { type CborValue, decodeCbor, encodeCbor } from '../format/cbor.ts'
import { type Definitions, encodeDefinitions } from '../format/definitions.ts'
import { backupNow } from './backup-verbs.ts'
import { barriersOf } from './item-surroundings.ts'
import { changeItem, enableItem } from './item-verbs.ts'
import { knownVault, openKnownVault } from './open-vault.ts'
import { connectToVault, createNewVault } from './vault-verbs.ts'

async function make() {
  const home = new TestHome()
  const folder = new TestFolder()
  mkdirSync(folder.at('docs'))
  writeFileSync(folder.at('docs', 'file'), 'content')
  await createNewVault(home.deps, 'v', folder.at('vault'), testPassphrase)
  const settings = { ...plainSettings, folders: [folder.at('docs')] }
  await enableItem(home.deps, 'mine', ['v'], settings)
  const dispose = () => {
    home[Symbol.dispose]()
    folder[Symbol.dispose]()
  }
  return { deps: home.deps, folder, settings, [Symbol.dispose]: dispose }
}
const code = (expected: string): unknown => expect.objectContaining({ code: expected })

describe('a vault that is known here', () => {
  test('is not connected again, and keeps its items', async () => {
    using place = await make()
    const { deps, folder } = place
    const before = [deps.state.vaults(), deps.state.items()]
    const again = (name: string, options: { read?: string; takeOver?: string }) =>
      connectToVault(deps, name, folder.at('vault'), testPassphrase, options)
    const known = { code: 'vault.known', data: { name: 'v' }, exitCode: 2 }
    await expect(again('again', {})).rejects.toMatchObject(known)
    await expect(again('again', { read: deps.machine })).rejects.toMatchObject(known)
    await expect(again('again', { takeOver: deps.machine })).rejects.toMatchObject(known)
    await expect(again('v', {})).rejects.toEqual(code('vault.exists'))
    expect([deps.state.vaults(), deps.state.items()]).toEqual(before)
    expect((await backupNow(deps, 'mine', { accept: false }, {})).point?.confirmed).toBe(true)
  })

  test('is taken over under its name, to and fro, and from where it lies now', async () => {
    using place = await make()
    const { deps, folder, settings } = place
    using second = new TestHome()
    const { machine } = deps
    await connectToVault(second.deps, 'other', folder.at('vault'), testPassphrase, {})
    const taken = await connectToVault(second.deps, 'other', folder.at('vault'), testPassphrase, { takeOver: machine })
    expect(taken).toMatchObject({ access: 'owner', items: ['mine'], remarks: [] })
    await enableItem(second.deps, 'more', ['other'], settings)
    await expect(backupNow(deps, 'mine', { accept: false }, {})).rejects.toEqual(code('vault.taken-over'))
    renameSync(folder.at('vault'), folder.at('moved'))
    const back = await connectToVault(deps, 'v', folder.at('moved'), testPassphrase, { takeOver: machine })
    expect(back).toMatchObject({ access: 'owner', items: ['mine', 'more'], address: realpathSync(folder.at('moved')) })
    expect(deps.state.items().map(({ name, vaults }) => [name, vaults])).toEqual([
      ['mine', ['v']],
      ['more', ['v']],
    ])
    expect((await backupNow(deps, 'mine', { accept: false }, {})).point?.confirmed).toBe(true)
  })

  test('lends its name to no other vault', async () => {
    using place = await make()
    const { deps, folder } = place
    using second = new TestHome({ machine: 'second' })
    await createNewVault(second.deps, 'w', folder.at('second'), testPassphrase)
    const options = { takeOver: 'second' }
    await expect(connectToVault(deps, 'v', folder.at('second'), testPassphrase, options)).rejects.toEqual(
      code('vault.exists'),
    )
    expect((await connectToVault(deps, 'w', folder.at('second'), testPassphrase, {})).access).toBe('read-only')
  })
})

describe('behind a symbolic link', () => {
  test('a vault is connected by its real path', async () => {
    using place = await make()
    const { folder } = place
    symlinkSync('vault', folder.at('link'))
    using second = new TestHome()
    const { address } = await connectToVault(second.deps, 'v', folder.at('link'), testPassphrase, {})
    expect(address).toBe(realpathSync(folder.at('vault')))
    expect(second.deps.state.vault('v')?.address).toBe(address)
  })

  test('a vault is a barrier at its real path, and one that is gone at its address', async () => {
    using place = await make()
    const { deps, folder, settings } = place
    const known = knownVault(deps, 'v')
    symlinkSync('vault', folder.at('link'))
    deps.state.addVault({ ...known, address: folder.at('link') }, [])
    expect(barriersOf(deps).map(({ path }) => path)).toContain(realpathSync(folder.at('vault')))
    mkdirSync(folder.at('vault', 'inner'))
    const folders = [folder.at('vault', 'inner')]
    await expect(enableItem(deps, 'inner', ['v'], { ...settings, folders })).rejects.toEqual(code('usage.invalid'))
    const gone = `${realpathSync(folder.path)}/gone/vault`
    deps.state.addVault({ ...known, address: gone }, [])
    expect(barriersOf(deps).map(({ path }) => path)).toContain(gone)
  })
})

test('a take-over that the vault refuses leaves this home as it was', async () => {
  using place = await make()
  const { deps, folder } = place
  const vault = await openKnownVault(deps, knownVault(deps, 'v'))
  const current = await vault.readDefinitions()
  const map = decodeCbor(encodeDefinitions(current?.definitions as Definitions), 'definitions') as Map<
    number,
    CborValue
  >
  const name = vault.layout.definition((current?.sequence ?? 0) + 1)
  const newer = encodeCbor(new Map([...map, [999, 'of a newer version']]))
  await vault.store.put(name, sealObject(vault.keys, 'definitions', name, newer, systemRandom))
  await vault.store.close()
  using second = new TestHome()
  const connect = (options: { takeOver?: string }) =>
    connectToVault(second.deps, 'w', folder.at('vault'), testPassphrase, options)
  await expect(connect({ takeOver: deps.machine })).rejects.toEqual(code('format.too-new'))
  expect([second.deps.state.vaults(), second.deps.state.items()]).toEqual([[], []])
  await connect({})
  const before = [second.deps.state.vaults(), second.deps.state.items()]
  await expect(connect({ takeOver: deps.machine })).rejects.toEqual(code('format.too-new'))
  expect([second.deps.state.vaults(), second.deps.state.items()]).toEqual(before)
})

test('items of the vault that this home does not know stay in its definitions', async () => {
  using place = await make()
  const { deps } = place
  const id = 'e'.repeat(32) as ItemId
  const vault = await openKnownVault(deps, knownVault(deps, 'v'))
  try {
    const current = await vault.readDefinitions()
    const [mine] = current?.definitions.items ?? []
    if (mine === undefined) throw new Error('the item stands in the definitions')
    const items = [mine, { ...mine, id, name: 'enabled after this state was copied' }]
    await vault.writeDefinitions(current, { writer: deps.state.homeId, items })
    await changeItem(deps, 'mine', { compression: 'zstd' })
    const { definitions } = (await vault.readDefinitions()) ?? {}
    expect(definitions?.items.map(({ name, compression }) => [name, compression])).toEqual([
      ['mine', 'zstd'],
      ['enabled after this state was copied', 'lz4'],
    ])
  } finally {
    await vault.store.close()
  }
})
