/** A vault of which all definitions have rotted: what goes on without them, and how they come back. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { restoreAll } from '../../test/support/restore-all.ts'
import { plainSettings, TestFolder, TestHome, testPassphrase } from '../../test/support/test-home.ts'
import { backupNow } from './backup-verbs.ts'
import { enableItem } from './item-verbs.ts'
import { knownVault, openKnownVault } from './open-vault.ts'
import { listPoints } from './point-verbs.ts'
import { pruneVault } from './prune-verbs.ts'
import { replicateVault, setReplica } from './replica-verbs.ts'
import { connectToVault, createNewVault } from './vault-verbs.ts'
import { verifyKnownVault } from './verify-verbs.ts'

let home: TestHome
let folder: TestFolder

beforeEach(async () => {
  home = new TestHome()
  folder = new TestFolder()
  const { deps } = home
  mkdirSync(folder.at('docs'))
  writeFileSync(folder.at('docs', 'file'), 'content')
  await createNewVault(deps, 'v', folder.at('v'), testPassphrase)
  await enableItem(deps, 'mine', ['v'], { ...plainSettings, folders: [folder.at('docs')] })
  await backUp()
})

afterEach(() => {
  home[Symbol.dispose]()
  folder[Symbol.dispose]()
})

const backUp = async () => await backupNow(home.deps, 'mine', { accept: false }, {})
const heal = async () => await verifyKnownVault(home.deps, 'v', { heal: true }, {})

function definitionFiles(): string[] {
  const names = readdirSync(folder.at('v'), { recursive: true, encoding: 'utf8' })
  return names.filter((name) => /\/defs\/\d+$/.test(name)).map((name) => folder.at('v', name))
}

function spoil(): void {
  for (const path of definitionFiles()) {
    const bytes = readFileSync(path)
    bytes[60] = (bytes[60] as number) ^ 1
    writeFileSync(path, bytes)
  }
}

async function definitions() {
  const vault = await openKnownVault(home.deps, knownVault(home.deps, 'v'))
  try {
    return (await vault.readDefinitions())?.definitions
  } finally {
    await vault.store.close()
  }
}

test('the error says what helps, and a backup waits', async () => {
  spoil()
  await expect(pruneVault(home.deps, 'v', {}, {})).rejects.toMatchObject({
    code: 'vault.definitions-damaged',
    exitCode: 8,
    advice: expect.stringContaining('tharsis vault verify NAME --heal') as string,
  })
  writeFileSync(folder.at('docs', 'more'), 'content')
  expect((await backUp()).point).toMatchObject({ seq: 2, confirmed: false })
  await heal()
  await backUp()
  expect((await listPoints(home.deps, 'mine')).map(({ vaults }) => vaults)).toContainEqual(['v'])
})

test('the replica has them', async () => {
  await setReplica(home.deps, 'v', { place: folder.at('replica') })
  await replicateVault(home.deps, 'v', {})
  const whole = definitionFiles().map((path) => readFileSync(path))
  spoil()
  const { damaged } = await heal()
  expect(damaged.map(({ state, done }) => [state, done])).toEqual(
    whole.map(() => ['healed', 'put again from the replica']),
  )
  expect(definitionFiles().map((path) => readFileSync(path))).toEqual(whole)
})

test('without a replica they are made anew of what this home knows', async () => {
  const before = await definitions()
  spoil()
  const { damaged } = await heal()
  expect(damaged.every(({ done }) => done === 'made anew from what this home knows')).toBe(true)
  expect(await definitions()).toEqual(before)
})

test('a new home restores without them; it takes nothing over', async () => {
  spoil()
  using other = new TestHome({ machine: 'new machine' })
  other.passphrase = testPassphrase
  const connect = async (options: { readonly read?: string; readonly takeOver?: string }) =>
    await connectToVault(other.deps, 'v', folder.at('v'), testPassphrase, options)
  await expect(connect({ takeOver: 'test machine' })).rejects.toMatchObject({ code: 'vault.definitions-damaged' })
  const { items, remarks, access } = await connect({ read: 'test machine' })
  expect([items, access]).toEqual([['mine'], 'read-only'])
  expect(remarks.join()).toContain('known by their points only')
  const restored = await restoreAll(other.deps, folder.at('out'))
  expect(restored).toMatchObject({ restored: 1, failed: 0 })
  expect(readFileSync(folder.at('out', 'file'), 'utf8')).toBe('content')
})

test('a home that another one has taken over from does not make them anew', async () => {
  using other = new TestHome({ machine: 'new machine' })
  await connectToVault(other.deps, 'v', folder.at('v'), testPassphrase, { takeOver: 'test machine' })
  await backupNow(other.deps, 'mine', { accept: true }, {})
  spoil()
  const rotten = definitionFiles().map((path) => readFileSync(path))
  await expect(heal()).rejects.toMatchObject({ code: 'vault.definitions-damaged' })
  expect(definitionFiles().map((path) => readFileSync(path))).toEqual(rotten)
  await verifyKnownVault(other.deps, 'v', { heal: true }, {})
  expect((await definitions())?.writer).toBe(other.deps.state.homeId)
})
