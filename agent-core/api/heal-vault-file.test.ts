/** A vault.json that has rotted or is gone: put back when it is proven, and else left as it is. */
import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { restoreAll } from '../../test/support/restore-all.ts'
import { plainSettings, TestFolder, TestHome, testPassphrase } from '../../test/support/test-home.ts'
import { backupNow } from './backup-verbs.ts'
import { enableItem } from './item-verbs.ts'
import { listPoints } from './point-verbs.ts'
import { replicateVault, setReplica } from './replica-verbs.ts'
import { createNewVault } from './vault-verbs.ts'
import { verifyKnownVault } from './verify-verbs.ts'

const code = (expected: string): unknown => expect.objectContaining({ code: expected })

let place: Awaited<ReturnType<typeof make>>
beforeEach(async () => {
  place = await make()
  return () => place[Symbol.dispose]()
})

async function make() {
  const home = new TestHome()
  const folder = new TestFolder()
  const { deps } = home
  mkdirSync(folder.at('docs'))
  writeFileSync(folder.at('docs', 'file'), 'content')
  await createNewVault(deps, 'v', folder.at('v'), testPassphrase)
  await enableItem(deps, 'mine', ['v'], { ...plainSettings, folders: [folder.at('docs')] })
  await backupNow(deps, 'mine', { accept: false }, {})
  const path = folder.at('v', 'vault.json')
  const whole = readFileSync(path)
  const write = (text: string) => {
    rmSync(path)
    writeFileSync(path, text)
  }
  const replicate = async () => {
    await setReplica(deps, 'v', { place: folder.at('replica') })
    await replicateVault(deps, 'v', {})
  }
  const heal = async () => await verifyKnownVault(deps, 'v', { heal: true }, {})
  const dispose = () => {
    home[Symbol.dispose]()
    folder[Symbol.dispose]()
  }
  return { home, deps, folder, path, whole, write, replicate, heal, [Symbol.dispose]: dispose }
}

const rot = {
  'no JSON': ({ whole, write }: typeof place) => write(whole.toString().replace('{', 'x')),
  'another id': ({ whole, write }: typeof place) => write(whole.toString().replace(/(?<="vaultId": ").{4}/, '0000')),
  'another time': ({ whole, write }: typeof place) => write(whole.toString().replace('T', 't')),
  'nothing legible': ({ write }: typeof place) => write('\0'.repeat(150)),
  'not there': ({ path }: typeof place) => rmSync(path),
}

describe.each(Object.entries(rot))('vault.json: %s', (_what, spoil) => {
  test('is put back from what this home knows', async () => {
    spoil(place)
    const { damaged, healed } = await place.heal()
    expect({ damaged, healed }).toMatchObject({
      damaged: [{ object: 'vault.json', state: 'healed', done: expect.stringContaining('this home knows') as string }],
      healed: 1,
    })
    expect(readFileSync(place.path)).toEqual(place.whole)
    expect((await verifyKnownVault(place.deps, 'v', {}, {})).damaged).toEqual([])
  })
})

test('the replica has it; until then restores read that', async () => {
  const { deps, folder, write, replicate, heal } = place
  await replicate()
  write('rotten')
  const remarks: string[] = []
  const listening = { ...deps, remark: (text: string) => void remarks.push(text) }
  const restored = await restoreAll(listening, folder.at('out'))
  expect(restored).toMatchObject({ restored: 1, failed: 0 })
  expect(remarks.join()).toContain('Its replica is read instead')
  expect((await heal()).damaged).toMatchObject([{ done: 'put again from the replica' }])
  expect(readFileSync(place.path)).toEqual(place.whole)
})

test('without anything that proves it, it stays, and the error says what helps', async () => {
  const { deps, folder, path, write, heal } = place
  rmSync(folder.at('v', 'keyspaces', deps.state.vault('v')?.keyspace as string, 'keyspace'))
  write('rotten')
  await expect(heal()).rejects.toMatchObject({
    code: 'vault.file-damaged',
    exitCode: 8,
    advice: expect.stringContaining('tharsis vault verify NAME --heal') as string,
  })
  expect(readFileSync(path, 'utf8')).toBe('rotten')
  // What the cache has whole is read all the same.
  expect(await listPoints(deps, 'mine')).toMatchObject([{ tiers: ['instant', 'vault'] }])
  rmSync(deps.paths.chunks, { recursive: true })
  await expect(listPoints(deps, 'mine')).rejects.toEqual(code('vault.file-damaged'))
})

test('another vault of the same machine in its place is not made into it', async () => {
  const { deps, folder, heal } = place
  await createNewVault(deps, 'w', folder.at('w'), testPassphrase)
  renameSync(folder.at('v'), folder.at('away'))
  cpSync(folder.at('w'), folder.at('v'), { recursive: true })
  const there = readFileSync(place.path)
  await expect(heal()).rejects.toEqual(code('vault.replaced'))
  expect(readFileSync(place.path)).toEqual(there)
  writeFileSync(join(folder.at('v'), 'vault.json'), 'rotten')
  await expect(heal()).rejects.toEqual(code('vault.file-damaged'))
})

test('without the key here the passphrase is asked for', async () => {
  const { home, write, heal } = place
  rmSync(join(home.folder, 'secrets'), { recursive: true })
  write('rotten')
  await expect(heal()).rejects.toEqual(code('vault.locked'))
  home.passphrase = 'not the right one at all'
  await expect(heal()).rejects.toEqual(code('vault.wrong-passphrase'))
  home.passphrase = testPassphrase
  expect((await heal()).healed).toBe(1)
})
