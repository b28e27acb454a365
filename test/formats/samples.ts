/** Values of every structure of the format, made without chance: tests and golden files share them. */
import { createHash } from 'node:crypto'
import type { Random } from '../../agent-core/base/random.ts'
import { blockId, sha256 } from '../../agent-core/codec/block-id.ts'
import type { Compression } from '../../agent-core/codec/compression.ts'
import { chunkFileKey, deriveKeys, type KeyspaceKeys } from '../../agent-core/codec/key-derivation.ts'
import { openExtent, openTable, sealExtent, sealTable } from '../../agent-core/codec/seal-extent.ts'
import type { ChunkFileName, HomeId, ItemId, KeyspaceId, PointId, VaultId } from '../../agent-core/contract/ids.ts'
import type { Policy } from '../../agent-core/contract/policy.ts'
import type { AuditEntry } from '../../agent-core/format/audit-entry.ts'
import { type BlockTable, type ExtentPlace, encodeBlockTable } from '../../agent-core/format/block-table.ts'
import {
  type ChunkFileFooter,
  type ChunkFileHeader,
  type ChunkKind,
  decodeChunkFileFooter,
  decodeChunkFileHeader,
  encodeChunkFileFooter,
  encodeChunkFileHeader,
  extentHeaderSizeBytes,
  footerSizeBytes,
  headerSizeBytes,
} from '../../agent-core/format/chunk-file.ts'
import type { IndexGone, Intent, IntentEnd } from '../../agent-core/format/clean-up.ts'
import type { Definitions, KeyspaceFacts } from '../../agent-core/format/definitions.ts'
import type { IndexedChunkFile, IndexSegment } from '../../agent-core/format/index-segment.ts'
import type { Mark } from '../../agent-core/format/mark.ts'
import { type ListRef, PagedListBuilder } from '../../agent-core/format/paged-list.ts'
import type { Confirmation, PointManifest } from '../../agent-core/format/point.ts'
import type { TombstoneObject } from '../../agent-core/format/tombstones.ts'
import { directoryLeafBits, type Entry, entryElement } from '../../agent-core/format/tree.ts'

/** Bytes that look random and are the same every time. */
export function fixedRandom(seed: string): Random {
  let counter = 0
  return {
    bytes: (sizeBytes) => {
      const pieces: Buffer[] = []
      for (let size = 0; size < sizeBytes; size += 32) {
        pieces.push(createHash('sha256').update(`${seed}/${counter++}`).digest())
      }
      return Buffer.concat(pieces).subarray(0, sizeBytes)
    },
  }
}

export const masterKey = fixedRandom('master key').bytes(32)
export const keyspace = '00112233445566778899aabbccddeeff' as KeyspaceId
export const keys: KeyspaceKeys = deriveKeys(masterKey, keyspace)
export const createdAtMs = Date.UTC(2026, 10, 22, 7, 9, 55, 123)

export const vault = { vaultId: 'f0e1d2c3b4a5968778695a4b3c2d1e0f' as VaultId, createdAt: '2026-11-22T07:09:55.123Z' }
const item = 'a0a1a2a3a4a5a6a7a8a9aaabacadaeaf' as ItemId
const point = 'b0b1b2b3b4b5b6b7b8b9babbbcbdbebf' as PointId
const home = 'c0c1c2c3c4c5c6c7c8c9cacbcccdcecf' as HomeId

export interface ChunkFile {
  readonly bytes: Buffer
  readonly header: ChunkFileHeader
  readonly footer: ChunkFileFooter
  readonly table: BlockTable
  readonly indexed: IndexedChunkFile
}

/** A whole chunk file; `extents` are its blocks, extent by extent. */
export function buildChunkFile(options: {
  readonly kind: ChunkKind
  readonly extents: readonly (readonly Uint8Array[])[]
  readonly compression: Compression
  readonly random: Random
}): ChunkFile {
  const { kind, extents, compression, random } = options
  const header: ChunkFileHeader = {
    fileId: random.bytes(16),
    parentFileId: random.bytes(16),
    keyspace: Buffer.from(keyspace, 'hex'),
    epoch: 0,
    kind,
    createdAtMs,
    salt: random.bytes(32),
  }
  const key = chunkFileKey(keys, 0, header.salt)
  const pieces: Uint8Array[] = [encodeChunkFileHeader(header)]
  const places: ExtentPlace[] = []
  let offset = headerSizeBytes
  for (const [number, blocks] of extents.entries()) {
    const raw = Buffer.concat(blocks)
    const lengths = blocks.map((block) => block.length)
    const sealed = sealExtent(key, number, raw, lengths, compression)
    pieces.push(...sealed.pieces)
    const { storedSizeBytes } = sealed
    places.push({ offset, storedSizeBytes, rawSizeBytes: raw.length, blockCount: blocks.length })
    offset += extentHeaderSizeBytes + storedSizeBytes
  }
  const blocks = extents.flat()
  const table: BlockTable = {
    extents: places,
    ids: Buffer.concat(blocks.map((block) => blockId(keys.id, block))),
    lengths: Uint32Array.from(blocks.map((block) => block.length)),
  }
  const sealedTable = sealTable(key, header, table)
  const body = Buffer.concat([...pieces, sealedTable])
  const footer: ChunkFileFooter = {
    header,
    tableOffset: offset,
    tableSizeBytes: sealedTable.length,
    extentCount: places.length,
    blockCount: blocks.length,
    totalSizeBytes: body.length + footerSizeBytes,
    sha256: sha256(body),
  }
  const bytes = Buffer.concat([body, encodeChunkFileFooter(footer)])
  const indexed: IndexedChunkFile = {
    name: sha256(bytes).toString('hex') as ChunkFileName,
    kind,
    sizeBytes: bytes.length,
    salt: header.salt,
    epoch: 0,
    table: encodeBlockTable(table),
  }
  return { bytes, header, footer, table, indexed }
}

/** Opens a whole chunk file as a reader without an index does: footer, table, extents. */
export function openChunkFile(bytes: Uint8Array, keyspaceKeys = keys) {
  const header = decodeChunkFileHeader(bytes.subarray(0, headerSizeBytes))
  const footer = decodeChunkFileFooter(bytes.subarray(bytes.length - footerSizeBytes))
  const key = chunkFileKey(keyspaceKeys, footer.header.epoch, footer.header.salt)
  const tableEnd = footer.tableOffset + footer.tableSizeBytes
  const sealedTable = bytes.subarray(footer.tableOffset, tableEnd)
  const table = openTable(key, footer.header, sealedTable, 'chunk file', footer.tableOffset)
  const blocks = table.extents.flatMap(({ offset, storedSizeBytes }, number) => {
    const end = offset + extentHeaderSizeBytes + storedSizeBytes
    return [...openExtent(key, number, bytes.subarray(offset, end), 'chunk file', offset).blocks]
  })
  return { header, footer, table, blocks }
}

const posix = { mode: 0o644, uid: 1000, gid: 100, xattrs: [] }
const time = { sec: 1_700_000_000, ns: 123_456_789 }
const common = { mtime: time, ctime: time, posix }

/** One entry of every type, with every optional section somewhere, sorted by name. */
export const entries: readonly Entry[] = [
  {
    ...common,
    name: Buffer.from([0x62, 0xff, 0x0a, 0x2d]),
    type: 'file',
    inode: 2n ** 64n - 1n,
    mtime: { sec: -1, ns: 999_999_999 },
    ctime: { sec: 4_294_967_296, ns: 0 },
    birth: { sec: -62_135_596_800, ns: 1 },
    sizeBytes: 2 ** 46,
    content: {
      splitting: { mode: 'fixed', grainBytes: 65_536 },
      parts: [
        { sizeBytes: 65_536, id: Buffer.alloc(32, 7) },
        { sizeBytes: 2 ** 46 - 65_536, id: null },
      ],
      sparse: true,
    },
    posix: {
      mode: 0o4755,
      uid: 4_294_967_294,
      gid: 0,
      xattrs: [
        { name: Buffer.from('security.capability'), value: Buffer.from([1, 0, 0, 2]) },
        { name: Buffer.from('user.empty'), value: Buffer.alloc(0) },
      ],
    },
    linkGroup: { volume: 3, inode: 2n ** 63n },
  },
  {
    ...common,
    name: Buffer.from('block'),
    type: 'block-device',
    inode: 5n,
    posix: { ...posix, device: { major: 8, minor: 1 } },
  },
  {
    ...common,
    name: Buffer.from('char'),
    type: 'character-device',
    inode: 6n,
    posix: { ...posix, device: { major: 1, minor: 3 } },
  },
  {
    ...common,
    name: Buffer.from('directory'),
    type: 'directory',
    inode: 7n,
    directory: {
      list: { id: Buffer.alloc(32, 9), level: 2, count: 70_000, totalBytes: 123_456_789 },
      entriesBelow: 70_001,
      bytesBelow: 123_456_789,
    },
  },
  {
    ...common,
    name: Buffer.from('empty directory'),
    type: 'directory',
    inode: 8n,
    directory: { entriesBelow: 0, bytesBelow: 0 },
  },
  {
    ...common,
    name: Buffer.from('empty file'),
    type: 'file',
    inode: 9n,
    sizeBytes: 0,
    content: { splitting: { mode: 'content' }, parts: [], sparse: false },
  },
  { ...common, name: Buffer.from('fifo'), type: 'fifo', inode: 10n },
  {
    ...common,
    name: Buffer.from('link'),
    type: 'symlink',
    inode: 11n,
    linkTarget: Buffer.from('../nowhere\xff', 'latin1'),
  },
  {
    ...common,
    name: Buffer.from('long file'),
    type: 'file',
    inode: 12n,
    sizeBytes: 2 ** 40,
    content: {
      splitting: { mode: 'content' },
      parts: { id: Buffer.alloc(32, 3), level: 1, count: 1_000_000, totalBytes: 2 ** 40 },
      sparse: false,
    },
  },
  {
    ...common,
    name: Buffer.from('root label'),
    type: 'directory',
    inode: 13n,
    directory: { entriesBelow: 0, bytesBelow: 0 },
    origin: { path: Buffer.from('/home/ä/\xfe', 'latin1'), fileSystem: 'ext4:1234-abcd' },
  },
  { ...common, name: Buffer.from('socket'), type: 'socket', inode: 14n },
]

/** Files without content, enough of them for a list of several pages. */
export function plainEntries(count: number): Entry[] {
  return Array.from({ length: count }, (_, index) => ({
    ...common,
    name: Buffer.from(`file ${String(index).padStart(6, '0')}`),
    type: 'file',
    inode: BigInt(index),
    sizeBytes: 0,
  }))
}

/** The pages of a directory of `list`; `pages` has them by their id in hex. */
export function buildDirectory(list: readonly Entry[], idKey: Uint8Array = keys.id) {
  const pages = new Map<string, Uint8Array>()
  const builder = new PagedListBuilder(directoryLeafBits, (page) => {
    const id = blockId(idKey, page)
    pages.set(id.toString('hex'), page)
    return id
  })
  for (const entry of list) builder.add(entryElement(entry))
  return { ref: builder.finish(), pages }
}

const someList: ListRef = { id: Buffer.alloc(32, 0x11), level: 0, count: 3, totalBytes: 0 }

export function manifestOf(root: ListRef): PointManifest {
  return {
    id: point,
    item,
    itemName: 'Bücher & Bilder',
    sequence: 12,
    timeMs: createdAtMs,
    kind: 'on-demand',
    keepUntilMs: createdAtMs + 86_400_000,
    root,
    parent: { id: 'd0d1d2d3d4d5d6d7d8d9dadbdcdddedf' as PointId, sha256: Buffer.alloc(32, 0x22) },
    source: { machine: 'desk', platform: 'linux', home, snapshot: 'live', product: '0.1.0' },
    counts: {
      files: 1,
      directories: 2,
      others: 3,
      bytes: 2 ** 46,
      filesRead: 5,
      bytesRead: 6,
      bytesNew: 7,
      bytesStored: 8,
    },
    partial: true,
    chunkFiles: someList,
    warnings: { ...someList, id: Buffer.alloc(32, 0x33) },
    missing: { ...someList, id: Buffer.alloc(32, 0x44) },
  }
}

export const manifest = manifestOf({ id: Buffer.alloc(32, 0x55), level: 0, count: 11, totalBytes: 2 ** 46 })
export const confirmation: Confirmation = { point, sha256: Buffer.alloc(32, 0x66), confirmedAtMs: createdAtMs + 1 }
export const facts: KeyspaceFacts = { machine: 'desk', createdAtMs, vaultSha256: Buffer.alloc(32, 0x77) }
const keep = { days: 30, atLeast: 7 }

/** With every key that a policy can have. */
export const policies: readonly Policy[] = [
  {
    name: 'täglich',
    timeZone: 'Europe/Berlin',
    schedule: { kind: 'daily', times: ['02:00', '14:30'] },
    keep: {
      ...keep,
      weekly: { weeks: 8, on: ['sun', 'wed'] },
      monthly: { months: 12, on: ['first-sun', 'last', '15'] },
      yearly: { years: 5, in: [1, 7], on: ['last-fri'] },
    },
    compression: 'zstd',
    instantDays: 5,
  },
  {
    name: 'weekly',
    timeZone: 'UTC',
    schedule: { kind: 'weekly', on: [{ day: 'sun', time: '03:00' }], everyWeeks: 2, countedFrom: '2026-11-22' },
    keep,
    compression: 'lz4',
  },
  { name: 'often', timeZone: 'UTC', schedule: { kind: 'interval', everyMinutes: 15 }, keep, compression: 'lz4' },
  { name: 'by hand', timeZone: 'UTC', schedule: { kind: 'none' }, keep, compression: 'lz4' },
]

/** As they were before there were policies; those of today are `definitionsWithPolicies`. */
export const definitions: Definitions = {
  writer: home,
  items: [
    {
      id: item,
      name: 'Bücher & Bilder',
      folders: [Buffer.from('/home/anna'), Buffer.from([0x2f, 0xff])],
      excludes: ['*.tmp', '/cache'],
      defaultExcludes: true,
      crossMounts: false,
      compression: 'lz4',
      stopped: { atMs: createdAtMs, data: 'deleted', who: 'anna on desk', reason: 'moved', untilMs: createdAtMs + 1 },
    },
  ],
}

const making = { point, madeAtMs: createdAtMs, who: 'anna on desk' }
export const marks: readonly Mark[] = [
  { ...making, kind: 'hold', reason: 'the tax office asks for it' },
  { ...making, kind: 'release' },
  { ...making, kind: 'keep-until', untilMs: createdAtMs + 86_400_000 },
  {
    ...making,
    kind: 'partial',
    reason: 'found by a verification',
    missing: [{ path: Buffer.from('/home/anna/\xff', 'latin1'), code: 'file.damaged' }],
    more: 7,
  },
  { ...making, kind: 'whole' },
  { ...making, kind: 'delete', untilMs: createdAtMs + 14 * 86_400_000, reason: 'not needed' },
  { ...making, kind: 'undelete' },
]
export const tombstones: TombstoneObject = {
  tombstones: [1, 2].map((sequence) => ({
    point: Buffer.alloc(16, 0xd0 + sequence).toString('hex') as PointId,
    item,
    sequence,
    sha256: Buffer.alloc(32, 0x80 + sequence),
    removedAtMs: createdAtMs + sequence,
    who: 'anna on desk',
    reason: 'its retention has ended',
  })),
  supersedes: [
    { first: 0, last: 5 },
    { first: 7, last: 7 },
  ],
}
export const auditEntries: readonly AuditEntry[] = [
  { atMs: createdAtMs, home, who: 'anna on desk', act: 'pin set', subject: 'this home folder' },
  {
    previous: Buffer.alloc(32, 0x91),
    atMs: createdAtMs + 1,
    home,
    who: 'anna on desk',
    act: 'point delete',
    subject: 'Bücher & Bilder, point b0b1b2b3',
    detail: 'not needed',
  },
]
export const definitionsWithPolicies: Definitions = {
  writer: home,
  items: definitions.items.map((each) => ({ ...each, policy: 'täglich' })),
  policies,
}

export const definitionsWithShortened: Definitions = {
  ...definitionsWithPolicies,
  items: definitionsWithPolicies.items.map((each) => ({
    ...each,
    shortened: policies.slice(0, 2).map((policy, index) => ({
      before: policy.keep,
      changedAtMs: createdAtMs + index,
      inForceAtMs: createdAtMs + index + 14 * 86_400_000,
    })),
  })),
}

export const definitionsOfRemoved: Definitions = {
  ...definitionsWithPolicies,
  removed: { atMs: createdAtMs, untilMs: createdAtMs + 14 * 86_400_000, who: 'anna on desk', reason: 'sold' },
}

export function segmentOf(files: readonly ChunkFile[]): IndexSegment {
  return { chunkFiles: files.map((file) => file.indexed), supersedes: [3, 5] }
}

/** A segment as a compaction writes it. */
export function compactedOf(files: readonly ChunkFile[]): IndexSegment {
  return { ...segmentOf(files), supersededSha256: [Buffer.alloc(32, 0x88), Buffer.alloc(32, 0x89)] }
}

const condemned = ['9a', '9b'].map((byte) => byte.repeat(32) as ChunkFileName)

export const intent: Intent = {
  home,
  machine: 'desk',
  announcedAtMs: createdAtMs,
  dueAtMs: createdAtMs + 14 * 86_400_000,
  chunkFiles: condemned,
  indexSegments: [3, 5],
  indexGone: [0],
  points: [{ item, sequence: 11, point: 'd0d1d2d3d4d5d6d7d8d9dadbdcdddedf' as PointId }],
}
export const intentEnd: IntentEnd = { endedAtMs: createdAtMs + 2, deletedCount: 1, takenBack: condemned.slice(1) }
export const indexGone: IndexGone = { chunkFiles: condemned, supersedes: [0] }

/** JSON of any value of the format: bytes as `hex:…`, big integers as `big:…`. */
export function toJson(value: unknown): unknown {
  if (value instanceof Uint8Array) return `hex:${Buffer.from(value).toString('hex')}`
  if (value instanceof Uint32Array) return [...value]
  if (typeof value === 'bigint') return `big:${value}`
  if (Array.isArray(value)) return value.map(toJson)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, toJson(field)]))
}
