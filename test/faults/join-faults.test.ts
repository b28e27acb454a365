/**
 * Every call that a machine makes to join a vault fails once, in every way that it can. The machine that is there keeps every
 * byte, and the one that comes gets its name in the end.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { isVaultTrouble } from '../../agent-core/backup/vault-trouble.ts'
import { isAgentError } from '../../agent-core/base/agent-error.ts'
import { systemClock } from '../../agent-core/base/clock.ts'
import { systemRandom } from '../../agent-core/base/random.ts'
import type { HomeId } from '../../agent-core/contract/ids.ts'
import { keyspacesPrefix } from '../../agent-core/format/vault-layout.ts'
import { createFaultyStore } from '../../agent-core/vault/faulty-store.ts'
import { createMemoryStore } from '../../agent-core/vault/memory-store.ts'
import type { ObjectStore } from '../../agent-core/vault/object-store.ts'
import { addKeyspace, listKeyspaces, readVaultFile, unlockKeyspaces } from '../../agent-core/vault/vault-keys.ts'
import { BackupPlace, copyOfStore } from '../support/backup-place.ts'

const passphrase = 'the passphrase of the second'

async function joinAs(store: ObjectStore, machine: string, laterMs = 0) {
  const { file, bytes } = await readVaultFile(store)
  const clock = { ...systemClock, nowMs: () => systemClock.nowMs() + laterMs }
  const deps = { clock, random: systemRandom, scrypt: { log2N: 14, r: 8, p: 1 } }
  const owner = { machine, home: '5'.repeat(32) as HomeId }
  return await addKeyspace({ store, vaultId: file.vaultId, vaultFile: bytes }, passphrase, owner, deps)
}

async function objectsOf(store: ObjectStore, keyspace: string): Promise<Map<string, Buffer>> {
  const objects = new Map<string, Buffer>()
  for await (const { name } of store.list(`${keyspacesPrefix}${keyspace}/`)) objects.set(name, await store.get(name))
  return objects
}

test('every call of joining', { timeout: 240_000 }, async () => {
  const store = createMemoryStore({ clock: systemClock })
  using place = await BackupPlace.make(store)
  writeFileSync(join(place.source, 'file'), 'of the first')
  const { manifest } = await place.backUp(store)
  const [first] = await listKeyspaces(store)
  const before = await objectsOf(store, first ?? '')
  const counted = createFaultyStore(await copyOfStore(store))
  await joinAs(counted, 'second')
  expect(counted.calls.length).toBeGreaterThanOrEqual(6)
  for (const [index, call] of counted.calls.entries()) {
    for (const fault of ['throw-before', 'throw-after', 'unreachable', 'full', 'denied'] as const) {
      const what = `${fault} at call ${index + 1} (${call.operation} ${call.name})`
      const inner = await copyOfStore(store)
      const faulty = createFaultyStore(inner, { faults: [{ call: index + 1, fault }] })
      await joinAs(faulty, 'second').catch((error: unknown) => {
        if (!isVaultTrouble(error)) throw new Error(what, { cause: error })
      })
      expect(faulty.unreached(), what).toEqual([])
      const wasMade = await joinAs(inner, 'second', 11 * 60_000).then(
        () => false,
        (error: unknown) => {
          if (!isAgentError(error, 'vault.machine-taken')) throw new Error(what, { cause: error })
          return true
        },
      )
      // Only a machine that is there to its end keeps the name.
      const opened = await unlockKeyspaces(inner, passphrase)
      expect(opened.length, what).toBeGreaterThan(0)
      if (wasMade) expect(opened, what).toHaveLength(1)
      expect(await objectsOf(inner, first ?? ''), what).toEqual(before)
      expect(await place.filesOf(inner, manifest.id), what).toEqual({ './file': 'of the first' })
    }
  }
})
