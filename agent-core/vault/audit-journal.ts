/** The hash-chained audit journal of a keyspace: docs/format/vault-layout.md. */
import { isAgentError } from '../base/agent-error.ts'
import { sha256 } from '../codec/block-id.ts'
import { openObject, sealObject } from '../codec/seal-object.ts'
import { type AuditEntry, decodeAuditEntry, encodeAuditEntry } from '../format/audit-entry.ts'
import { ensure } from '../format/invalid.ts'
import { listNumbered } from './numbered-objects.ts'
import { readListed } from './read-listed.ts'
import { readObject } from './read-object.ts'
import type { Vault } from './vault.ts'

/** Appends an entry, durable when it resolves; returns its number. Throws the store's errors. */
export async function appendAudit(vault: Vault, entry: Omit<AuditEntry, 'previous'>): Promise<number> {
  let last = (await listNumbered(vault.store, vault.layout.audit)).at(-1)?.sequence ?? -1
  for (;;) {
    const previous = last < 0 ? undefined : sha256(await readObject(vault.store, vault.layout.auditEntry(last)))
    const name = vault.layout.auditEntry(last + 1)
    const payload = encodeAuditEntry({ ...entry, ...(previous && { previous }) })
    try {
      await vault.store.put(name, sealObject(vault.keys, 'audit', name, payload, vault.random))
      return last + 1
    } catch (error) {
      if (!isAgentError(error, 'store.conflict')) throw error
      last++
    }
  }
}

/**
 * All entries in their order, each checked against the one before. Throws `format.invalid` at the first that does not open,
 * is missing or follows another than it names, and the store's errors.
 */
export async function* readAudit(vault: Vault): AsyncGenerator<AuditEntry & { readonly sequence: number }> {
  let previous: Buffer | undefined
  let next = 0
  const listed = await listNumbered(vault.store, vault.layout.audit)
  for await (const { input, result } of readListed(vault.store, listed)) {
    const { name, sequence } = input
    ensure(sequence === next, vault.layout.auditEntry(next), 0, 'the entry of the audit journal is missing')
    const object = await result
    const entry = decodeAuditEntry(openObject(vault.keys, 'audit', name, object), name)
    const isNext =
      previous === undefined ? entry.previous === undefined : previous.equals(entry.previous ?? Buffer.of())
    ensure(isNext, name, 0, 'it follows another entry than the one before it')
    yield { ...entry, sequence }
    previous = sha256(object)
    next++
  }
}
