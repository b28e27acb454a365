/** Names of all objects of a vault: docs/format/vault-layout.md. */
import type { ChunkFileName, IntentId, ItemId, KeyspaceId, PointId } from '../contract/ids.ts'

/** Sequence numbers have 12 digits, so that byte order is their order. */
export function formatSequence(sequence: number): string {
  if (!Number.isSafeInteger(sequence) || sequence < 0 || sequence > 999_999_999_999) {
    throw new RangeError(`sequence number out of range: ${sequence}`)
  }
  return String(sequence).padStart(12, '0')
}

export const vaultFileName = 'vault.json'
export const keyspacesPrefix = 'keyspaces/'

/** Claims of the names of machines. */
export const machineClaimsPrefix = 'machines/'

/** The claim of a machine's name; `hash`: 64 hex digits that stand for vault and name. */
export function machineClaimName(hash: string): string {
  return `${machineClaimsPrefix}${hash}`
}

/** What a probe of the place writes, and leaves where it may not delete. */
export const probePrefix = 'test/'

/** True for an object that is locked where there are locks: no key slot, whose old ones go, no intent, and no probe. */
export function isLockable(name: string): boolean {
  if (!name.startsWith(keyspacesPrefix)) return name === vaultFileName
  return !/^keyspaces\/[^/]+\/(?:(?:keys|intents)\/|lease$)/.test(name)
}

/** The names inside one keyspace. */
export function keyspaceLayout(keyspace: KeyspaceId) {
  const root = `${keyspacesPrefix}${keyspace}/`
  return {
    root,
    facts: `${root}keyspace`,
    keys: `${root}keys/`,
    key: (slot: string) => `${root}keys/${slot}`,
    chunks: `${root}chunks/`,
    chunk: (name: ChunkFileName) => `${root}chunks/${name.slice(0, 2)}/${name}.tcf`,
    index: `${root}index/`,
    indexSegment: (sequence: number) => `${root}index/${formatSequence(sequence)}`,
    indexGone: `${root}index-gone/`,
    indexGoneObject: (sequence: number) => `${root}index-gone/${formatSequence(sequence)}`,
    points: `${root}points/`,
    itemPoints: (item: ItemId) => `${root}points/${item}/`,
    point: (item: ItemId, sequence: number, point: PointId) =>
      `${root}points/${item}/${formatSequence(sequence)}-${point}`,
    confirmation: (item: ItemId, sequence: number, point: PointId) =>
      `${root}points/${item}/${formatSequence(sequence)}-${point}.ok`,
    marks: `${root}marks/`,
    pointMarks: (point: PointId) => `${root}marks/${point}/`,
    mark: (point: PointId, number: number) => `${root}marks/${point}/${formatSequence(number)}`,
    tombstones: `${root}tombstones/`,
    tombstone: (sequence: number) => `${root}tombstones/${formatSequence(sequence)}`,
    audit: `${root}audit/`,
    auditEntry: (sequence: number) => `${root}audit/${formatSequence(sequence)}`,
    intents: `${root}intents/`,
    intent: (id: IntentId) => `${root}intents/${id}`,
    intentEnd: (id: IntentId) => `${root}intents/${id}.done`,
    definitions: `${root}defs/`,
    definition: (sequence: number) => `${root}defs/${formatSequence(sequence)}`,
  } as const
}

/** Parts of a point's object name. */
export interface PointObjectName {
  readonly item: ItemId
  readonly sequence: number
  readonly point: PointId
  readonly confirmation: boolean
}

/** Parses `…/points/<item>/<seq>-<id>[.ok]`; undefined when the name is no point's. */
export function parsePointName(name: string): PointObjectName | undefined {
  const match = /^keyspaces\/[0-9a-f]{32}\/points\/([0-9a-f]{32})\/(\d{12})-([0-9a-f]{32})(\.ok)?$/.exec(name)
  if (match === null) return undefined
  return {
    item: match[1] as ItemId,
    sequence: Number(match[2]),
    point: match[3] as PointId,
    confirmation: match[4] !== undefined,
  }
}

/** Parses `…/marks/<point>/<n>`; undefined when the name is no mark's. */
export function parseMarkName(name: string): { readonly point: PointId; readonly number: number } | undefined {
  const match = /^keyspaces\/[0-9a-f]{32}\/marks\/([0-9a-f]{32})\/(\d{12})$/.exec(name)
  return match === null ? undefined : { point: match[1] as PointId, number: Number(match[2]) }
}

/** Parses the number of `…/index/<seq>`, also of index-gone, defs, tombstones and audit; undefined when the name is none. */
export function parseSequenceName(name: string): number | undefined {
  const match = /^keyspaces\/[0-9a-f]{32}\/(?:index|index-gone|defs|tombstones|audit)\/(\d{12})$/.exec(name)
  return match === null ? undefined : Number(match[1])
}

/** Parses `…/intents/<id>[.done]`; undefined when the name is no intent's. */
export function parseIntentName(name: string): { readonly id: IntentId; readonly isEnd: boolean } | undefined {
  const match = /^keyspaces\/[0-9a-f]{32}\/intents\/([0-9a-f]{32})(\.done)?$/.exec(name)
  return match === null ? undefined : { id: match[1] as IntentId, isEnd: match[2] !== undefined }
}

/** Parses `…/chunks/<2 hex>/<sha-256>.tcf`; undefined when the name is no chunk file's. */
export function parseChunkName(name: string): ChunkFileName | undefined {
  const match = /^keyspaces\/[0-9a-f]{32}\/chunks\/([0-9a-f]{2})\/([0-9a-f]{64})\.tcf$/.exec(name)
  return match !== null && match[2]?.startsWith(match[1] as string) ? (match[2] as ChunkFileName) : undefined
}

/** The keyspace that an object name lies in; undefined outside of all. */
export function keyspaceOfName(name: string): KeyspaceId | undefined {
  return /^keyspaces\/([0-9a-f]{32})\//.exec(name)?.[1] as KeyspaceId | undefined
}
