/** Trees of points built in memory for tests, with every block that they name. */

import { AgentError } from '../../agent-core/base/agent-error.ts'
import { toHex } from '../../agent-core/base/bytes.ts'
import type { ExtentSource } from '../../agent-core/cache/extent-source.ts'
import { TreeReader } from '../../agent-core/cache/tree-reader.ts'
import { blockId } from '../../agent-core/codec/block-id.ts'
import { encodeCbor } from '../../agent-core/format/cbor.ts'
import { idHash, type ListRef, PagedListBuilder } from '../../agent-core/format/paged-list.ts'
import {
  directoryLeafBits,
  type Entry,
  type EntryType,
  encodePart,
  entryElement,
  maxInlineParts,
  type Part,
  type PosixSection,
  partsLeafBits,
  type Timestamp,
} from '../../agent-core/format/tree.ts'

/** An entry as a test writes it down. */
export interface PlannedEntry {
  readonly name: Buffer | string
  readonly type: EntryType
  /** Files: the content; a number is a hole (or zeros) of so many bytes. */
  readonly content?: readonly (Buffer | number)[]
  readonly sparse?: boolean
  readonly linkTarget?: Buffer | string
  /** Entries with the same number are names of one inode. */
  readonly inode?: number
  readonly mtime?: Timestamp
  readonly posix?: Partial<PosixSection>
  readonly children?: readonly PlannedEntry[]
  /** Taken as it is, instead of all above. */
  readonly built?: Entry
}

export const testIdKey = Buffer.alloc(32, 7)

/** Blocks in memory and a reader of trees over them. */
export class PointTree {
  readonly blocks = new Map<string, Uint8Array>()
  readonly tree = new TreeReader((id) => this.readBlock(id))
  readonly idKey = testIdKey
  /** Ids (hex) of file blocks, in the order they were made. */
  readonly fileBlocks: string[] = []
  /** Where workers find the blocks by themselves (chunked-point.ts); without it, everything is asked of this. */
  extents?: ExtentSource
  /** Called before a block is given. */
  onRead: (id: string) => void = () => undefined

  readonly readBlock = (id: Uint8Array): Promise<Uint8Array> => {
    const key = toHex(id)
    this.onRead(key)
    const block = this.blocks.get(key)
    if (block !== undefined) return Promise.resolve(block)
    return Promise.reject(new AgentError('vault.damaged', { object: `block ${key}`, offset: 24, reason: 'it is lost' }))
  }

  /** The root of a point with these protected folders: path on the source → its entry. */
  root(folders: Readonly<Record<string, PlannedEntry>>): ListRef {
    const entries = Object.entries(folders).map(([path, folder]) => ({
      ...this.entry(folder),
      origin: { path: Buffer.from(path), fileSystem: 'ext4:fsid=0' },
    }))
    const list = this.#list(entries)
    if (list === undefined) throw new Error('a point without folders')
    return list
  }

  entry(planned: PlannedEntry): Entry {
    if (planned.built !== undefined) return planned.built
    const { type, content, linkTarget, inode, children } = planned
    const directory = type === 'directory' ? this.#directory(children ?? []) : undefined
    return {
      name: Buffer.from(planned.name),
      type,
      mtime: planned.mtime ?? { sec: 1_700_000_000, ns: 123_456_789 },
      ctime: { sec: 1_700_000_000, ns: 0 },
      inode: BigInt(inode ?? 1),
      posix: { mode: type === 'directory' ? 0o755 : 0o644, ...ownIds, xattrs: [], ...planned.posix },
      ...(type === 'file' && this.#content(content ?? [], planned.sparse ?? false)),
      ...(linkTarget !== undefined && { linkTarget: Buffer.from(linkTarget) }),
      ...(inode !== undefined && type !== 'directory' && { linkGroup: { volume: 0, inode: BigInt(inode) } }),
      ...(directory && { directory }),
    }
  }

  /** Takes the bytes under their id. */
  put(bytes: Uint8Array): Buffer {
    const id = blockId(testIdKey, bytes)
    this.blocks.set(toHex(id), bytes)
    return id
  }

  #directory(children: readonly PlannedEntry[]) {
    const entries = children.map((child) => this.entry(child))
    const list = this.#list(entries)
    const below = entries.map(({ directory, sizeBytes }) => ({
      entries: 1 + (directory?.entriesBelow ?? 0),
      bytes: sizeBytes ?? directory?.bytesBelow ?? 0,
    }))
    return {
      ...(list && { list }),
      entriesBelow: below.reduce((sum, { entries: count }) => sum + count, 0),
      bytesBelow: below.reduce((sum, { bytes }) => sum + bytes, 0),
    }
  }

  #content(content: readonly (Buffer | number)[], sparse: boolean) {
    const parts = content
      .filter((piece) => (typeof piece === 'number' ? piece : piece.length) > 0)
      .map((piece): Part => {
        if (typeof piece === 'number') return { sizeBytes: piece, id: null }
        const id = this.put(piece)
        this.fileBlocks.push(toHex(id))
        return { sizeBytes: piece.length, id }
      })
    const sizeBytes = parts.reduce((sum, part) => sum + part.sizeBytes, 0)
    const list = parts.length > maxInlineParts ? this.#parts(parts) : undefined
    return { sizeBytes, content: { splitting: { mode: 'content' as const }, parts: list ?? parts, sparse } }
  }

  #parts(parts: readonly Part[]): ListRef | undefined {
    const builder = new PagedListBuilder(partsLeafBits, (page) => this.put(page))
    for (const part of parts) {
      const key = Buffer.of()
      const hash = part.id === null ? part.sizeBytes : idHash(part.id)
      builder.add({ encoded: encodeCbor(encodePart(part)), key, hash, sizeBytes: part.sizeBytes })
    }
    return builder.finish()
  }

  #list(entries: readonly Entry[]): ListRef | undefined {
    const builder = new PagedListBuilder(directoryLeafBits, (page) => this.put(page))
    for (const entry of entries.toSorted((a, b) => Buffer.compare(a.name, b.name))) builder.add(entryElement(entry))
    return builder.finish()
  }
}

/** A test without root can only give its own ids. */
const ownIds = { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 }

/** The same tree each time, enough for worker threads: 600 files of up to three blocks in 12 folders. */
export function wideTree(): PlannedEntry {
  const folders = Array.from({ length: 12 }, (_, folder): PlannedEntry => {
    const children = Array.from({ length: 50 }, (__, file): PlannedEntry => {
      const content = Array.from({ length: file % 4 }, (___, block) =>
        Buffer.alloc(100 + file * 37, `${folder} ${file} ${block} `),
      )
      return { name: `file ${file}`, type: 'file', content }
    })
    return { name: `folder ${folder}`, type: 'directory', children, posix: { mode: 0o751 } }
  })
  return { name: 'docs', type: 'directory', children: folders, posix: { mode: 0o750 } }
}

/** The same tree each time: 60 files of two blocks in 7 folders, three of them names of one inode. */
export function tallTree(): PlannedEntry {
  const files = Array.from({ length: 60 }, (_, index): PlannedEntry & { readonly folder: number } => ({
    name: `file ${index}`,
    type: 'file',
    content: [Buffer.from(`begin ${index}`), Buffer.alloc(5000, index)],
    folder: index % 6,
  }))
  const folders = Array.from({ length: 6 }, (_, index): PlannedEntry => {
    const linked: PlannedEntry = { name: 'linked', type: 'file', content: [Buffer.from('one inode')], inode: 9 }
    const children = files.filter(({ folder }) => folder === index)
    return { name: `folder ${index}`, type: 'directory', children: index % 2 === 0 ? [...children, linked] : children }
  })
  return { name: 'docs', type: 'directory', children: folders, posix: { mode: 0o750 } }
}
