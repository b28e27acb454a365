/**
 * What a vault holds, listed so that a copy of it may rest on the lists: what was removed first, then what could need
 * the removed, then what that rests on. A point of these lists needs only chunk files of these lists, unless a prune
 * took them away in between (`run-replication.ts` sees that and lists again).
 */
import type { KeyspaceId } from '../contract/ids.ts'
import { keyspaceLayout, vaultFileName } from '../format/vault-layout.ts'
import type { ObjectStore } from '../vault/object-store.ts'
import { listKeyspaces } from '../vault/vault-keys.ts'

/** Sizes in bytes by object name. */
export type ObjectSizes = ReadonlyMap<string, number>

/** One keyspace of a vault, by what its objects are for. */
export interface ListedKeyspace {
  readonly keyspace: KeyspaceId
  /** What a prune or a compaction took out of the index. */
  readonly indexGone: ObjectSizes
  /** Marks, tombstones, key slots, definitions and what else stands by itself. */
  readonly others: ObjectSizes
  readonly points: ObjectSizes
  readonly confirmations: ObjectSizes
  readonly index: ObjectSizes
  readonly chunks: ObjectSizes
}

export interface ListedVault {
  readonly keyspaces: ReadonlyMap<KeyspaceId, ListedKeyspace>
  /** Absent where the vault is not complete. */
  readonly vaultFileSizeBytes: number | undefined
}

/** Lists a whole vault. Throws what the store throws. */
export async function listVault(store: ObjectStore, signal?: AbortSignal): Promise<ListedVault> {
  const keyspaces = new Map<KeyspaceId, ListedKeyspace>()
  for (const keyspace of await listKeyspaces(store)) {
    keyspaces.set(keyspace, await listKeyspace(store, keyspace, signal))
  }
  const vaultFile = await store.stat(vaultFileName, { ...(signal && { signal }) })
  return { keyspaces, vaultFileSizeBytes: vaultFile?.sizeBytes }
}

async function listKeyspace(
  store: ObjectStore,
  keyspace: KeyspaceId,
  signal: AbortSignal | undefined,
): Promise<ListedKeyspace> {
  const layout = keyspaceLayout(keyspace)
  const indexGone = await sizesBelow(store, layout.indexGone, signal)
  const others = await otherSizes(store, keyspace, signal)
  const all = await sizesBelow(store, layout.points, signal)
  const isConfirmation = (name: string) => name.endsWith('.ok')
  const points = new Map([...all].filter(([name]) => !isConfirmation(name)))
  const confirmations = new Map([...all].filter(([name]) => isConfirmation(name)))
  const index = await sizesBelow(store, layout.index, signal)
  const chunks = await sizesBelow(store, layout.chunks, signal)
  return { keyspace, indexGone, others, points, confirmations, index, chunks }
}

async function sizesBelow(
  store: ObjectStore,
  prefix: string,
  signal: AbortSignal | undefined,
): Promise<Map<string, number>> {
  const sizes = new Map<string, number>()
  for await (const { name, sizeBytes } of store.list(prefix, { ...(signal && { signal }) })) sizes.set(name, sizeBytes)
  return sizes
}

/** All but what is listed by itself, and but what says what somebody is doing in this very place: intents, lease, tests. */
async function otherSizes(
  store: ObjectStore,
  keyspace: KeyspaceId,
  signal: AbortSignal | undefined,
): Promise<Map<string, number>> {
  const layout = keyspaceLayout(keyspace)
  const skipped = [layout.chunks, layout.indexGone, layout.index, layout.points, layout.intents, `${layout.root}test/`]
  const sizes = new Map<string, number>()
  let startAfter: string | undefined
  for (;;) {
    let next: string | undefined
    const options = { ...(signal && { signal }), ...(startAfter !== undefined && { startAfter }) }
    for await (const { name, sizeBytes } of store.list(layout.root, options)) {
      const prefix = skipped.find((folder) => name.startsWith(folder))
      if (prefix !== undefined) {
        // Past everything below it: '0' is the character after '/'.
        next = `${prefix.slice(0, -1)}0`
        break
      }
      if (name !== `${layout.root}lease`) sizes.set(name, sizeBytes)
    }
    if (next === undefined) return sizes
    startAfter = next
  }
}
