/**
 * A vault with many points, written by the product's own pieces: each point has `files` small files in folders of 50, of
 * which each point changes one, and an index segment; the index is compacted as backups do it.
 */
import { readFileSync, rmSync } from 'node:fs'
import { basename } from 'node:path'
import { systemRandom } from '../../agent-core/base/random.ts'
import type { CompleteChunkFile } from '../../agent-core/cache/chunk-writer.ts'
import { blockId } from '../../agent-core/codec/block-id.ts'
import { type ListRef, PagedListBuilder } from '../../agent-core/format/paged-list.ts'
import { directoryLeafBits, type Entry, entryElement } from '../../agent-core/format/tree.ts'
import { compactIndex, maxLiveSegments } from '../../agent-core/vault/compact-index.ts'
import { sealManifest, type Vault } from '../../agent-core/vault/vault.ts'
import { writeSegment } from '../../agent-core/vault/write-segment.ts'
import { testChunkWriter, testManifest } from '../support/test-keys.ts'

const filesPerFolder = 50

export interface ManyPointsOptions {
  readonly points: number
  readonly files: number
  /** The protected folder that the points are of. */
  readonly source: string
  /** For chunk files under way. */
  readonly workFolder: string
}

/** A file of the last point. */
export interface MadeFile {
  readonly folder: string
  readonly name: string
  readonly content: Buffer
}

/** Writes the points into an empty keyspace; returns the files of the last one. */
export async function makeManyPoints(vault: Vault, options: ManyPointsOptions): Promise<readonly MadeFile[]> {
  const { points, files: fileCount, source, workFolder } = options
  const { keys } = vault
  const contents = Array.from({ length: fileCount }, (_, file) => Buffer.from(`${file} at first ${'x'.repeat(200)}`))
  const known = new Set<string>()
  const live: number[] = []
  const folders = new Map<number, Entry>()
  for (let sequence = 1; sequence <= points; sequence++) {
    const file = sequence % fileCount
    contents[file] = Buffer.from(`${file} in point ${sequence} ${'x'.repeat(200)}`)
    const files: CompleteChunkFile[] = []
    const writers = {
      data: testChunkWriter(workFolder, files, { keys }),
      tree: testChunkWriter(workFolder, files, { keys, kind: 'tree' }),
    }
    const put = (kind: 'data' | 'tree') => (bytes: Uint8Array) => {
      const id = blockId(keys.id, bytes)
      const key = id.toString('latin1')
      if (!known.has(key)) writers[kind].add(id, bytes)
      known.add(key)
      return id
    }
    const list = (entries: readonly Entry[]): ListRef | undefined => {
      const builder = new PagedListBuilder(directoryLeafBits, put('tree'))
      for (const entry of entries.toSorted((a, b) => Buffer.compare(a.name, b.name))) builder.add(entryElement(entry))
      return builder.finish()
    }
    const directory = (name: string, entries: readonly Entry[], entriesBelow: number): Entry => {
      const below = list(entries)
      const bytesBelow = below?.totalBytes ?? 0
      return entryOf(name, {
        type: 'directory',
        directory: { ...(below && { list: below }), entriesBelow, bytesBelow },
      })
    }
    for (let first = 0; first < fileCount; first += filesPerFolder) {
      // A folder in which nothing has changed is the entry that it was.
      if (folders.has(first) && (file < first || file >= first + filesPerFolder)) continue
      const entries = contents
        .slice(first, first + filesPerFolder)
        .map((content, at) => fileEntry(`file ${first + at}`, content.length, put('data')(content)))
      folders.set(first, directory(`folder ${first}`, entries, entries.length))
    }
    const top = directory(basename(source), [...folders.values()], fileCount + folders.size)
    const root = list([{ ...top, origin: { path: Buffer.from(source), fileSystem: 'ext4:fsid=0' } }])
    for (const writer of Object.values(writers)) writer.finish()
    for (const { name, path } of files) {
      await vault.store.put(vault.layout.chunk(name), readFileSync(path))
      rmSync(path)
    }
    live.push((await writeSegment(vault, { chunkFiles: files, supersedes: [] })).sequence)
    if (live.length > maxLiveSegments) {
      const { sequence: written, segment } = await compactIndex(vault, live, () => false)
      const left = live.filter((number) => !segment.supersedes.includes(number))
      live.splice(0, live.length, ...left, written)
    }
    const manifest = testManifest(sequence, { ...(root && { root }) })
    const object = sealManifest(keys, manifest, systemRandom)
    await vault.putPoint(manifest, object)
    await vault.confirmPoint(manifest, object, manifest.timeMs)
  }
  return contents.map((content, file) => ({
    folder: `folder ${file - (file % filesPerFolder)}`,
    name: `file ${file}`,
    content,
  }))
}

function fileEntry(name: string, sizeBytes: number, id: Buffer): Entry {
  const parts = [{ sizeBytes, id }]
  return entryOf(name, { sizeBytes, content: { splitting: { mode: 'content' }, parts, sparse: false } })
}

function entryOf(name: string, more: Partial<Entry>): Entry {
  return {
    name: Buffer.from(name),
    type: 'file',
    mtime: { sec: 1_700_000_000, ns: 0 },
    ctime: { sec: 1_700_000_000, ns: 0 },
    inode: 1n,
    posix: { mode: 0o644, uid: 1000, gid: 1000, xattrs: [] },
    ...more,
  }
}
