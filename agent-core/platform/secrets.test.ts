import { chmodSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { isAgentError } from '../base/agent-error.ts'
import { createKeychain, type Keychain } from './keychain.ts'
import { openSecretStore, type SecretStore } from './secrets.ts'

let home: string

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'secrets-test-'))
})

afterEach(() => rmSync(home, { recursive: true, force: true }))

/** A keychain in memory; `failure` makes its probe fail. */
function createMemoryKeychain(failure?: string): Keychain & { readonly entries: Map<string, Buffer> } {
  const entries = new Map<string, Buffer>()
  return {
    entries,
    place: 'memory',
    probe: () => Promise.resolve(failure),
    get: (account) => Promise.resolve(entries.get(account)),
    set: async (account, bytes) => {
      entries.set(account, Buffer.from(bytes))
    },
    delete: async (account) => {
      entries.delete(account)
    },
  }
}

const implementations: ReadonlyArray<readonly [string, () => Promise<SecretStore>]> = [
  ['files', () => openSecretStore({ home, preference: 'file' })],
  ['a keychain', () => openSecretStore({ home, preference: 'auto', keychain: createMemoryKeychain() })],
]

describe.each(implementations)('secrets in %s', (_, open) => {
  test('come back as they were set last, and are gone after delete', async () => {
    const store = await open()
    const bytes = Buffer.from([0, 255, 10, 13, 128])
    expect(await store.get('vault.1')).toBeUndefined()
    await store.set('vault.1', Buffer.from('first'))
    await store.set('vault.1', bytes)
    await store.set('vault.2', Buffer.alloc(0))
    expect(await store.get('vault.1')).toEqual(bytes)
    expect(await store.get('vault.2')).toEqual(Buffer.alloc(0))
    await store.delete('vault.1')
    await store.delete('vault.1')
    expect(await store.get('vault.1')).toBeUndefined()
    expect(store.fallbackReason).toBeUndefined()
  })

  test.each(['', '../x', 'a/b', '.hidden', 'UPPER', 'x'.repeat(101)])('are never named %j', async (name) => {
    const store = await open()
    await expect(store.get(name)).rejects.toThrow(TypeError)
    await expect(store.set(name, Buffer.from('x'))).rejects.toThrow(TypeError)
    await expect(store.delete(name)).rejects.toThrow(TypeError)
  })
})

test('files and their folder are for their owner alone, even if the folder was open before', async () => {
  mkdirSync(join(home, 'secrets'))
  chmodSync(join(home, 'secrets'), 0o755)
  const store = await openSecretStore({ home, preference: 'file' })
  await store.set('key', Buffer.from('x'))
  expect(lstatSync(join(home, 'secrets')).mode & 0o777).toBe(0o700)
  expect(lstatSync(join(home, 'secrets', 'key')).mode & 0o777).toBe(0o600)
  expect(readdirSync(join(home, 'secrets'))).toEqual(['key'])
})

test('a file that cannot be read is an error, not an absent secret', async () => {
  mkdirSync(join(home, 'secrets', 'key'), { recursive: true })
  const store = await openSecretStore({ home, preference: 'file' })
  const error: unknown = await store.get('key').catch((thrown: unknown) => thrown)
  expect(isAgentError(error, 'secrets.failed')).toBe(true)
})

test('a keychain that does not work is replaced by files, and the reason is told', async () => {
  const keychain = createMemoryKeychain('it is broken')
  const store = await openSecretStore({ home, preference: 'auto', keychain })
  expect(store.kind).toBe('file')
  expect(store.fallbackReason).toBe('it is broken')
  await store.set('key', Buffer.from('x'))
  expect(keychain.entries.size).toBe(0)
  expect(readFileSync(join(home, 'secrets', 'key'), 'utf8')).toBe('x')
})

test('secrets that were stored as files are found when a keychain works again, and move there when set', async () => {
  const files = await openSecretStore({ home, preference: 'file' })
  await files.set('key', Buffer.from('old'))
  const keychain = createMemoryKeychain()
  const store = await openSecretStore({ home, preference: 'auto', keychain })
  expect(store.kind).toBe('keychain')
  expect(await store.get('key')).toEqual(Buffer.from('old'))
  await store.set('key', Buffer.from('new'))
  expect(await files.get('key')).toBeUndefined()
  expect(await store.get('key')).toEqual(Buffer.from('new'))
})

test('two home folders with one keychain do not see each other', async () => {
  const keychain = createMemoryKeychain()
  mkdirSync(join(home, 'other'))
  const first = await openSecretStore({ home, preference: 'auto', keychain })
  const second = await openSecretStore({ home: join(home, 'other'), preference: 'auto', keychain })
  await first.set('key', Buffer.from('first'))
  expect(await second.get('key')).toBeUndefined()
})

describe('the real keychain', () => {
  test('without a session bus is not even tried', async (ctx) => {
    if (process.platform !== 'linux') ctx.skip('only Linux has a session bus')
    expect(await createKeychain({ environment: {} }).probe()).toBe('there is no session bus')
  })

  test('behind a bus that is gone fails with its words', async (ctx) => {
    if (process.platform !== 'linux') ctx.skip('only Linux has a session bus')
    const environment = { DBUS_SESSION_BUS_ADDRESS: `unix:path=${join(home, 'missing')}` }
    const keychain = createKeychain({ environment, probeTimeoutMs: 15_000 })
    expect(await keychain.probe()).toContain('DBus error')
    await expect(keychain.get('x')).rejects.toThrow('DBus error')
  })

  test('behind a bus that never answers is given up after the time limit', async (ctx) => {
    if (process.platform !== 'linux') ctx.skip('only Linux has a session bus')
    const path = join(home, 'bus')
    const server = await listen(path)
    try {
      const environment = { DBUS_SESSION_BUS_ADDRESS: `unix:path=${path}` }
      const keychain = createKeychain({ environment, probeTimeoutMs: 1_000, callTimeoutMs: 1_000 })
      expect(await keychain.probe()).toBe('it did not answer within 1 seconds')
      const store = await openSecretStore({ home, preference: 'auto', keychain })
      expect(store.kind).toBe('file')
    } finally {
      server.close()
    }
  })
})

/** A server that accepts and says nothing. */
async function listen(path: string): Promise<Server> {
  const server = createServer((socket) => socket.on('error', () => undefined))
  await new Promise<void>((resolve) => server.listen(path, resolve))
  return server
}
