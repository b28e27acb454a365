import { describe, expect, test } from 'vitest'
import { systemClock } from '../base/clock.ts'
import { systemRandom } from '../base/random.ts'
import { createKeySlot } from '../codec/key-derivation.ts'
import type { HomeId, KeyspaceId } from '../contract/ids.ts'
import { keyspaceLayout, vaultFileName } from '../format/vault-layout.ts'
import { createFaultyStore } from './faulty-store.ts'
import { createMemoryStore, type MemoryStore } from './memory-store.ts'
import type { ObjectStore } from './object-store.ts'
import { changePassphrase, changeRecoveryCode, createVault, readVaultFile, unlockKeyspaces } from './vault-keys.ts'

const deps = { clock: systemClock, random: systemRandom, scrypt: { log2N: 14, r: 8, p: 1 } }
const owner = { machine: 'machine', home: '0'.repeat(32) as HomeId }
const passphrase = 'a passphrase for tests'

async function make() {
  const store = createMemoryStore({ clock: systemClock })
  return { store, created: await createVault(store, passphrase, owner, deps) }
}

type Created = Awaited<ReturnType<typeof make>>['created']

async function names(store: MemoryStore, prefix = ''): Promise<string[]> {
  const found: string[] = []
  for await (const { name } of store.list(prefix)) found.push(name)
  return found
}
const keysOf = async (store: MemoryStore, secret: string) =>
  (await unlockKeyspaces(store, secret)).map(({ masterKey }) => masterKey.toString('hex'))

describe('a new vault', () => {
  test('opens with its passphrase and its recovery code, and with nothing else', async () => {
    const { store, created } = await make()
    const key = created.masterKey.toString('hex')
    expect(await keysOf(store, passphrase)).toEqual([key])
    expect(await keysOf(store, created.recoveryCode.toLowerCase())).toEqual([key])
    expect(await keysOf(store, `${passphrase} `)).toEqual([])
    expect(
      await keysOf(
        store,
        created.recoveryCode.replace(/^./, (first) => (first === '0' ? '2' : '0')),
      ),
    ).toEqual([])
  })

  test('is made in an empty place only, and with a long passphrase only', async () => {
    const { store } = await make()
    const before = await names(store)
    await expect(createVault(store, passphrase, owner, deps)).rejects.toMatchObject({ code: 'vault.not-empty' })
    expect(await names(store)).toEqual(before)
    const empty = createMemoryStore({ clock: systemClock })
    await expect(createVault(empty, 'too short', owner, deps)).rejects.toMatchObject({ code: 'vault.weak-passphrase' })
    expect(await names(empty)).toEqual([])
  })

  test('keeps the keyspace that the machine has already', async () => {
    const { created } = await make()
    const second = createMemoryStore({ clock: systemClock })
    const keyspace = { id: created.keyspace, masterKey: created.masterKey }
    const made = await createVault(second, 'another passphrase 2', { ...owner, keyspace }, deps)
    expect(made.keyspace).toBe(created.keyspace)
    expect(made.vaultId).not.toBe(created.vaultId)
    expect(await keysOf(second, 'another passphrase 2')).toEqual([created.masterKey.toString('hex')])
  })

  test('holds the passphrase nowhere', async () => {
    const { store } = await make()
    for (const name of await names(store)) expect((await store.get(name)).includes(passphrase)).toBe(false)
  })
})

test('a place without vault.json holds no vault', async () => {
  const store = createMemoryStore({ clock: systemClock })
  await expect(readVaultFile(store)).rejects.toMatchObject({ code: 'vault.unreachable' })
  const { store: made } = await make()
  await made.delete(vaultFileName)
  await expect(unlockKeyspaces(made, passphrase)).rejects.toMatchObject({ code: 'vault.file-missing', exitCode: 8 })
})

test('of a keyspace filled with slots only some are tried, the cheapest first', async () => {
  const { store, created } = await make()
  const layout = keyspaceLayout(created.keyspace)
  const options = {
    kind: 'passphrase' as const,
    secret: 'somebody else set this',
    masterKey: Buffer.alloc(32, 1),
    nowMs: 0,
    random: systemRandom,
  }
  const costly = { ...options, keyspace: created.keyspace, scrypt: { log2N: 18, r: 8, p: 1 } }
  const slot = await createKeySlot(costly)
  for (let index = 0; index < 100; index++) await store.put(layout.key(`0${index}-passphrase`), slot)
  const foreign = await createKeySlot({ ...options, keyspace: 'a'.repeat(32) as KeyspaceId, scrypt: deps.scrypt })
  await store.put(layout.key('00-foreign-passphrase'), foreign)
  expect(await keysOf(store, passphrase)).toEqual([created.masterKey.toString('hex')])
  await expect(unlockKeyspaces(store, options.secret)).resolves.toHaveLength(1)
})

test('a keyspace is found among others, each of them tried once', async () => {
  const { store, created } = await make()
  for (const digit of ['f', '0', 'a']) {
    for (const name of ['a', 'b', 'c']) {
      await store.put(`keyspaces/${digit.repeat(32)}/chunks/${name}`, Buffer.from(name))
    }
  }
  await store.put('keyspaces/notes', Buffer.from('of somebody'))
  const unlocked = await unlockKeyspaces(store, passphrase)
  expect(unlocked).toEqual([{ vaultId: created.vaultId, keyspace: created.keyspace, masterKey: created.masterKey }])
  expect(await unlockKeyspaces(store, passphrase, ['a'.repeat(32) as KeyspaceId])).toEqual([])
})

describe('a change of the passphrase', () => {
  test('ends the old one and keeps key and recovery code', async () => {
    const { store, created } = await make()
    await changePassphrase(store, created.keyspace, created.masterKey, 'the new passphrase', deps)
    const key = created.masterKey.toString('hex')
    expect(await keysOf(store, passphrase)).toEqual([])
    expect(await keysOf(store, 'the new passphrase')).toEqual([key])
    expect(await keysOf(store, created.recoveryCode)).toEqual([key])
    expect(await names(store, keyspaceLayout(created.keyspace).keys)).toHaveLength(2)
  })

  test('cut off before the old slot is gone leaves both', async () => {
    const { store, created } = await make()
    const cut = { ...store, delete: () => Promise.reject(new Error('cut off')) }
    const change = changePassphrase(cut, created.keyspace, created.masterKey, 'the new passphrase', deps)
    await expect(change).rejects.toThrow('cut off')
    expect(await keysOf(store, passphrase)).toHaveLength(1)
    expect(await keysOf(store, 'the new passphrase')).toHaveLength(1)
  })

  test('to a short one changes nothing', async () => {
    const { store, created } = await make()
    const change = changePassphrase(store, created.keyspace, created.masterKey, 'short', deps)
    await expect(change).rejects.toMatchObject({ code: 'vault.weak-passphrase' })
    expect(await keysOf(store, passphrase)).toHaveLength(1)
  })
})

test('a change of either secret that fails at any call leaves one that opens, and the next change ends it', async () => {
  const changes = {
    passphrase: async (on: ObjectStore, created: Created, round: number) => {
      const next = `the new passphrase, number ${round}`
      await changePassphrase(on, created.keyspace, created.masterKey, next, deps)
      return next
    },
    'recovery code': (on: ObjectStore, created: Created) =>
      changeRecoveryCode(on, created.keyspace, created.masterKey, deps),
  }
  for (const [kind, change] of Object.entries(changes)) {
    const first = await make()
    const counted = createFaultyStore(first.store)
    await change(counted, first.created, 0)
    expect(counted.calls.map(({ operation }) => operation)).toEqual(['list', 'put', 'get', 'delete'])
    for (let call = 1; call <= counted.calls.length; call++) {
      for (const fault of ['throw-before', 'throw-after'] as const) {
        const { store, created } = await make()
        const old = kind === 'passphrase' ? passphrase : created.recoveryCode
        const other = kind === 'passphrase' ? created.recoveryCode : passphrase
        const faulty = createFaultyStore(store, { faults: [{ call, fault }] })
        await expect(change(faulty, created, 1)).rejects.toMatchObject({ code: 'store.failed' })
        expect(faulty.unreached()).toEqual([])
        // Only the answer to the last deletion may be lost with the old secret gone.
        const isGone = call === counted.calls.length && fault === 'throw-after'
        expect(await keysOf(store, old), `${kind}, ${fault} at call ${call}`).toHaveLength(isGone ? 0 : 1)
        expect(await keysOf(store, other)).toHaveLength(1)
        const latest = await change(store, created, 2)
        expect(await keysOf(store, latest)).toHaveLength(1)
        expect(await keysOf(store, old)).toHaveLength(0)
        expect(await names(store, keyspaceLayout(created.keyspace).keys)).toHaveLength(2)
      }
    }
  }
})

test('a damaged slot is told only when nothing else opens', async () => {
  const { store, created } = await make()
  const slots = await names(store, keyspaceLayout(created.keyspace).keys)
  const slot = slots.find((name) => name.endsWith('-passphrase')) as string
  store.damage(slot, (bytes) => Buffer.concat([bytes.subarray(0, 100), Buffer.of(1), bytes.subarray(101)]))
  const told = { code: 'format.invalid', advice: expect.stringContaining('another copy of the vault') as unknown }
  await expect(unlockKeyspaces(store, passphrase)).rejects.toMatchObject(told)
  expect(await keysOf(store, created.recoveryCode)).toHaveLength(1)
})
