import { expect, test } from 'vitest'
import { testKeys, testVaultId } from '../../test/support/test-keys.ts'
import { systemClock } from '../base/clock.ts'
import { systemRandom } from '../base/random.ts'
import type { HomeId } from '../contract/ids.ts'
import { appendAudit, readAudit } from './audit-journal.ts'
import { createMemoryStore } from './memory-store.ts'
import { Vault } from './vault.ts'

function make() {
  const store = createMemoryStore({ clock: systemClock })
  return { store, vault: new Vault({ store, id: testVaultId, keys: testKeys, random: systemRandom }) }
}

const entry = (subject: string) => ({
  atMs: 5,
  home: 'c'.repeat(32) as HomeId,
  who: 'anna',
  act: 'point delete',
  subject,
})

async function subjects(vault: Vault): Promise<string[]> {
  const found: string[] = []
  for await (const { subject } of readAudit(vault)) found.push(subject)
  return found
}

test('entries are read back in their order, also those of writers that met', async () => {
  const { vault } = make()
  expect(await subjects(vault)).toEqual([])
  expect(await appendAudit(vault, entry('first'))).toBe(0)
  const numbers = await Promise.all(['a', 'b', 'c', 'd'].map((subject) => appendAudit(vault, entry(subject))))
  expect(numbers.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4])
  expect((await subjects(vault)).toSorted()).toEqual(['a', 'b', 'c', 'd', 'first'])
})

test('an entry that is exchanged, taken out or damaged breaks the chain', async () => {
  const spoilings: readonly ((made: ReturnType<typeof make>) => Promise<void>)[] = [
    async ({ store, vault }) => await store.delete(vault.layout.auditEntry(1)),
    async ({ store, vault }) => store.damage(vault.layout.auditEntry(1), (bytes) => bytes.subarray(1)),
    async ({ store, vault }) => {
      // Whoever has the keys may seal another entry 1, but entry 2 names the one that was there.
      const other = make()
      for (const subject of ['first', 'forged']) await appendAudit(other.vault, entry(subject))
      await store.delete(vault.layout.auditEntry(1))
      await store.put(vault.layout.auditEntry(1), await other.store.get(other.vault.layout.auditEntry(1)))
    },
  ]
  for (const spoil of spoilings) {
    const made = make()
    for (const subject of ['first', 'second', 'third']) await appendAudit(made.vault, entry(subject))
    await spoil(made)
    await expect(subjects(made.vault)).rejects.toMatchObject({ code: 'format.invalid' })
  }
})
