/**
 * Where the keys of vaults wait between runs, so that the passphrase is asked for once.
 * The port's contract:
 *  1. `get` gives exactly the bytes of the last `set` of that name, or undefined when there are none.
 *  2. A `set` or `delete` that resolved survives a restart of the machine.
 *  3. A name is 1–100 characters of `[a-z0-9._-]` and starts with a letter or digit; any other throws TypeError.
 *  4. What cannot be read or written throws AgentError `secrets.failed`; nothing ever waits for ever.
 */
import { createHash } from 'node:crypto'
import { chmod, mkdir, readFile, realpath, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { AgentError } from '../base/agent-error.ts'
import { syncFolder, writeFileAtomic } from '../base/atomic-file.ts'
import { createKeychain, type Keychain } from './keychain.ts'

export interface SecretStore {
  readonly kind: 'keychain' | 'file'
  /** Where the secrets lie, in words for people. */
  readonly place: string
  /** Why the keychain is not used although it was asked for; undefined when it is, or was not wanted. */
  readonly fallbackReason?: string
  get(name: string): Promise<Buffer | undefined>
  set(name: string, bytes: Uint8Array): Promise<void>
  delete(name: string): Promise<void>
}

export interface SecretStoreOptions {
  /** The home folder; it must be there. */
  readonly home: string
  /** 'auto': the keychain where one works, else files; 'file': files. */
  readonly preference: 'auto' | 'file'
  /** The keychain to try; the session's own when left out. */
  readonly keychain?: Keychain
}

/** Opens the store after trying the keychain for real; never throws because of a keychain that does not work. */
export async function openSecretStore(options: SecretStoreOptions): Promise<SecretStore> {
  const files = createFileSecrets(options.home)
  if (options.preference === 'file') return files
  const keychain = options.keychain ?? createKeychain({ environment: process.env })
  const failure = await keychain.probe()
  if (failure !== undefined) return { ...files, fallbackReason: failure }
  return createKeychainSecrets(keychain, files, await accountPrefix(options.home))
}

/**
 * Secrets in the keychain. Those that were stored as files while no keychain worked are still found, and are
 * gone once the name is set again or deleted.
 */
function createKeychainSecrets(keychain: Keychain, files: SecretStore, prefix: string): SecretStore {
  const account = (name: string) => `${prefix}/${checkedName(name)}`
  return {
    kind: 'keychain',
    place: keychain.place,
    get: async (name) => (await keychain.get(account(name))) ?? (await files.get(name)),
    set: async (name, bytes) => {
      await keychain.set(account(name), bytes)
      await files.delete(name)
    },
    delete: async (name) => {
      await keychain.delete(account(name))
      await files.delete(name)
    },
  }
}

/** Keeps the secrets of several home folders apart, whatever names they use. */
async function accountPrefix(home: string): Promise<string> {
  return createHash('sha256')
    .update(await realpath(home))
    .digest('hex')
    .slice(0, 16)
}

/** Secrets as files that only their owner reads, in `<home>/secrets`. */
function createFileSecrets(home: string): SecretStore {
  const folder = join(home, 'secrets')
  const place = `files that only this user can read, in ${folder}`
  const translate = (error: unknown): AgentError => {
    return new AgentError('secrets.failed', { place, reason: (error as Error).message }, error)
  }
  return {
    kind: 'file',
    place,
    get: async (name) => {
      const path = join(folder, checkedName(name))
      try {
        return await readFile(path)
      } catch (error) {
        if (isMissing(error)) return undefined
        throw translate(error)
      }
    },
    set: async (name, bytes) => {
      const path = join(folder, checkedName(name))
      try {
        await mkdir(folder, { recursive: true, mode: 0o700 })
        await chmod(folder, 0o700)
        await writeFileAtomic(path, bytes, 0o600)
        await syncFolder(home)
      } catch (error) {
        throw translate(error)
      }
    },
    delete: async (name) => {
      const path = join(folder, checkedName(name))
      try {
        await rm(path)
        await syncFolder(folder)
      } catch (error) {
        if (!isMissing(error)) throw translate(error)
      }
    },
  }
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT'
}

function checkedName(name: string): string {
  if (!/^[a-z0-9][a-z0-9._-]{0,99}$/.test(name)) throw new TypeError(`not a name of a secret: ${JSON.stringify(name)}`)
  return name
}
