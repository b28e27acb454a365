/**
 * Entries of a point's tree: docs/format/trees.md. Deterministic CBOR maps with integer keys;
 * optional sections are absent, never empty. Unknown keys of a later minor addition are ignored.
 */
import { CborFields, type CborMap, type CborValue, cborMap, encodeCbor } from './cbor.ts'
import { blockIdSizeBytes, maxBlockSizeBytes } from './chunk-file.ts'
import { ensure, invalid } from './invalid.ts'
import { decodeListRef, encodeListRef, type ListElement, type ListRef, nameHash } from './paged-list.ts'

/** Types in the order of their numbers. */
export const entryTypes = [
  'file',
  'directory',
  'symlink',
  'fifo',
  'socket',
  'character-device',
  'block-device',
] as const
export type EntryType = (typeof entryTypes)[number]

/** Pages of directories end after a name whose hash has so many low zero bits: 64 entries on average. */
export const directoryLeafBits = 6
/** Pages of parts: 512 on average. */
export const partsLeafBits = 9
/** A file with more parts keeps them in a paged list. */
export const maxInlineParts = 64

/** Seconds since 1970 (may be negative) and nanoseconds (0 … 999,999,999). */
export interface Timestamp {
  readonly sec: number
  readonly ns: number
}

/** A stretch of a file: a block, or zeros that cost nothing. */
export type Part =
  | { readonly sizeBytes: number; readonly id: Uint8Array }
  | { readonly sizeBytes: number; readonly id: null }

/** `content`: content-defined blocks; `fixed`: aligned blocks of `grainBytes`. */
export type Splitting = { readonly mode: 'content' } | { readonly mode: 'fixed'; readonly grainBytes: number }

export interface Content {
  readonly splitting: Splitting
  /** The parts themselves, or the list that holds them. */
  readonly parts: readonly Part[] | ListRef
  /** The file has holes; zeros are restored as holes. */
  readonly sparse: boolean
}

export interface Xattr {
  /** Raw bytes, with the prefix (`user.`, `security.` …). POSIX ACLs are `system.posix_acl_*`. */
  readonly name: Uint8Array
  readonly value: Uint8Array
}

export interface PosixSection {
  /** Permission bits with setuid, setgid and sticky: `st_mode & 0o7777`. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Sorted by name. */
  readonly xattrs: readonly Xattr[]
  /** Devices only. */
  readonly device?: { readonly major: number; readonly minor: number }
}

export interface DirectorySection {
  /** Absent for an empty directory. */
  readonly list?: ListRef
  /** Entries below, at all depths. */
  readonly entriesBelow: number
  /** Bytes of files below, at all depths. */
  readonly bytesBelow: number
}

export interface Origin {
  /** Absolute path of a protected folder, raw bytes. */
  readonly path: Uint8Array
  /** File system it lay on (platform/file-system-id). */
  readonly fileSystem: string
}

export interface Entry {
  /** One path component, raw bytes as the source system keeps them. */
  readonly name: Uint8Array
  readonly type: EntryType
  readonly mtime: Timestamp
  readonly ctime: Timestamp
  readonly birth?: Timestamp
  readonly inode: bigint
  readonly posix: PosixSection
  /** Files only. */
  readonly sizeBytes?: number
  readonly content?: Content
  /** Symbolic links only: raw target. */
  readonly linkTarget?: Uint8Array
  /** Entries that share one inode share the group. */
  readonly linkGroup?: { readonly volume: number; readonly inode: bigint }
  /** Directories only. */
  readonly directory?: DirectorySection
  /** Entries of the root directory only: where the protected folder lay. */
  readonly origin?: Origin
}

/** The one encoding of an entry. */
export function encodeEntry(entry: Entry): Uint8Array {
  const { posix, content, directory } = entry
  return encodeCbor(
    cborMap([
      [0, entry.name],
      [1, entryTypes.indexOf(entry.type)],
      [2, entry.sizeBytes],
      [3, [entry.mtime.sec, entry.mtime.ns]],
      [4, [entry.ctime.sec, entry.ctime.ns]],
      [5, entry.birth && [entry.birth.sec, entry.birth.ns]],
      [6, entry.inode],
      [
        7,
        cborMap([
          [0, posix.mode],
          [1, posix.uid],
          [2, posix.gid],
          [3, posix.xattrs.length === 0 ? undefined : posix.xattrs.map((xattr) => [xattr.name, xattr.value])],
          [4, posix.device && [posix.device.major, posix.device.minor]],
        ]),
      ],
      [8, content && encodeContent(content)],
      [9, entry.linkTarget],
      [10, entry.linkGroup && [entry.linkGroup.volume, entry.linkGroup.inode]],
      [
        11,
        directory &&
          cborMap([
            [0, directory.list && encodeListRef(directory.list)],
            [1, directory.entriesBelow],
            [2, directory.bytesBelow],
          ]),
      ],
      [
        12,
        entry.origin &&
          cborMap([
            [0, entry.origin.path],
            [1, entry.origin.fileSystem],
          ]),
      ],
    ]),
  )
}

/** An entry as an element of its directory's list; `sizeBytes` counts files' bytes at all depths. */
export function entryElement(entry: Entry, encoded = encodeEntry(entry)): ListElement {
  const sizeBytes = entry.sizeBytes ?? entry.directory?.bytesBelow ?? 0
  return { encoded, key: entry.name, hash: nameHash(entry.name), sizeBytes }
}

/** Decodes an entry out of a page; checks its name and types; throws `format.invalid`. */
export function decodeEntry(value: CborValue, what: string): Entry {
  const fields = new CborFields(value, what)
  const name = fields.bytes(0)
  ensure(isComponent(name), what, 0, 'an entry name is not a single path component')
  const type = entryTypes[fields.count(1)]
  if (type === undefined) throw invalid(what, 0, 'unknown entry type')
  ensure(type !== 'file' || fields.has(2), what, 0, 'a file without a length')
  ensure(type !== 'file' || fields.has(8) || fields.count(2) === 0, what, 0, 'a file without content')
  ensure(type !== 'symlink' || fields.has(9), what, 0, 'a symbolic link without a target')
  ensure(type !== 'directory' || fields.has(11), what, 0, 'a directory without its section')
  const posix = decodePosix(fields.fields(7))
  return {
    name,
    type,
    mtime: decodeTimestamp(fields.array(3), what),
    ctime: decodeTimestamp(fields.array(4), what),
    inode: fields.bigCount(6),
    posix,
    ...(fields.has(2) && { sizeBytes: fields.count(2) }),
    ...(fields.has(5) && { birth: decodeTimestamp(fields.array(5), what) }),
    ...(fields.has(8) && { content: decodeContent(fields.fields(8), what) }),
    ...(fields.has(9) && { linkTarget: fields.bytes(9) }),
    ...(fields.has(10) && { linkGroup: decodeLinkGroup(fields.array(10), what) }),
    ...(fields.has(11) && { directory: decodeDirectory(fields.fields(11), what) }),
    ...(fields.has(12) && { origin: { path: fields.fields(12).bytes(0), fileSystem: fields.fields(12).text(1) } }),
  }
}

/** CBOR of one part: [length, id], or [length] for zeros. */
export function encodePart(part: Part): CborValue {
  return part.id === null ? [part.sizeBytes] : [part.sizeBytes, part.id]
}

export function decodePart(value: CborValue, what: string): Part {
  ensure(Array.isArray(value) && (value.length === 1 || value.length === 2), what, 0, 'not a part')
  const [sizeBytes, id] = value as [CborValue, CborValue | undefined]
  ensure(isCount(sizeBytes) && sizeBytes > 0, what, 0, 'a part without a length')
  if (id === undefined) return { sizeBytes, id: null }
  ensure(id instanceof Uint8Array && id.length === blockIdSizeBytes, what, 0, 'a part without a block id')
  return { sizeBytes, id }
}

/** True for a name that may stand in a directory: not empty, not `.` or `..`, no `/`, no NUL. */
export function isComponent(name: Uint8Array): boolean {
  if (name.length === 0 || name.length > 1024) return false
  if (name[0] === 0x2e && (name.length === 1 || (name.length === 2 && name[1] === 0x2e))) return false
  return !name.includes(0x2f) && !name.includes(0)
}

function encodeContent(content: Content): CborMap {
  const { splitting, parts } = content
  const isList = 'id' in parts
  return cborMap([
    [0, splitting.mode === 'content' ? 1 : 2],
    [1, splitting.mode === 'fixed' ? splitting.grainBytes : undefined],
    [2, isList || parts.length === 0 ? undefined : parts.map(encodePart)],
    [3, isList ? encodeListRef(parts) : undefined],
    [4, content.sparse ? true : undefined],
  ])
}

function decodeContent(fields: CborFields, what: string): Content {
  const mode = fields.count(0)
  ensure(mode === 1 || mode === 2, what, 0, 'unknown splitting mode')
  ensure(!(fields.has(2) && fields.has(3)), what, 0, 'both parts and a list of parts')
  const parts = fields.has(3)
    ? decodeListRef(fields.array(3), what)
    : fields.has(2)
      ? fields.array(2).map((part) => decodePart(part, what))
      : []
  return {
    splitting: mode === 1 ? { mode: 'content' } : { mode: 'fixed', grainBytes: decodeGrain(fields.count(1), what) },
    parts,
    sparse: fields.has(4) && fields.boolean(4),
  }
}

function decodeGrain(grainBytes: number, what: string): number {
  ensure(grainBytes > 0 && grainBytes <= maxBlockSizeBytes, what, 0, 'an impossible grain')
  return grainBytes
}

function decodePosix(fields: CborFields): PosixSection {
  const device = fields.has(4) ? fields.array(4) : undefined
  return {
    mode: decodeMode(fields.count(0)),
    uid: fields.count(1),
    gid: fields.count(2),
    xattrs: fields.has(3) ? fields.array(3).map(decodeXattr) : [],
    ...(device && { device: decodeDevice(device) }),
  }
}

function decodeMode(mode: number): number {
  ensure(mode <= 0o7777, 'permissions', 0, 'more bits than there are')
  return mode
}

function decodeDevice(value: readonly CborValue[]): { major: number; minor: number } {
  const [major, minor] = value
  ensure(isCount(major) && isCount(minor), 'device numbers', 0, 'not a pair of numbers')
  return { major, minor }
}

function isCount(value: CborValue | undefined): value is number {
  return typeof value === 'number' && value >= 0
}

function decodeXattr(value: CborValue): Xattr {
  const [name, content] = Array.isArray(value) ? (value as readonly CborValue[]) : []
  ensure(name instanceof Uint8Array && content instanceof Uint8Array, 'extended attribute', 0, 'not a pair of bytes')
  return { name, value: content }
}

function decodeDirectory(fields: CborFields, what: string): DirectorySection {
  return {
    ...(fields.has(0) && { list: decodeListRef(fields.array(0), what) }),
    entriesBelow: fields.count(1),
    bytesBelow: fields.count(2),
  }
}

function decodeLinkGroup(value: readonly CborValue[], what: string): { volume: number; inode: bigint } {
  const [volume, inode] = value
  ensure(isCount(volume) && (isCount(inode) || (typeof inode === 'bigint' && inode >= 0n)), what, 0, 'not a link group')
  return { volume, inode: BigInt(inode) }
}

function decodeTimestamp(value: readonly CborValue[], what: string): Timestamp {
  const [sec, ns] = value
  ensure(value.length === 2, what, 0, 'a time is not a pair')
  ensure(typeof sec === 'number' && Number.isSafeInteger(sec), what, 0, 'a time without seconds')
  ensure(typeof ns === 'number' && ns >= 0 && ns < 1_000_000_000, what, 0, 'a time without nanoseconds')
  return { sec, ns }
}
