/**
 * Makes one entry (no folder) in the private folder, ready to be published:
 *   1. content     written block by block into a new file
 *   2. proof       read back and compared by block ids
 *   3. metadata
 */
import { closeSync, constants, fstatSync, fsyncSync, ftruncateSync, openSync } from 'node:fs'
import { asBuffer } from '../base/bytes.ts'
import { ensure } from '../format/invalid.ts'
import type { Entry } from '../format/tree.ts'
import { type ContentSource, findWrongBlock, holdsContent, partsOf, writeContent } from './content.ts'
import { creationMode, type MetadataOptions, type MetadataWriter } from './metadata.ts'
import { type RestorePool, stretchSizeBytes } from './restore-pool.ts'
import type { Staging } from './staging.ts'

/** Why one entry cannot be restored, in words; the others can. */
export class EntryRefused extends Error {
  override readonly name = 'EntryRefused'
  readonly code: 'file.not-restored' | 'file.special-left-out'

  constructor(reason: string, code: EntryRefused['code'] = 'file.not-restored') {
    super(reason)
    this.code = code
  }
}

export interface StageContext {
  readonly source: ContentSource
  readonly metadata: MetadataWriter
  readonly options: MetadataOptions
  readonly signal: AbortSignal
  /** Threads that share large files, if the restore has any. */
  readonly pool: RestorePool | undefined
}

/**
 * Answers the name in `staging` under which the entry stands. Throws damage (see failure.ts), EntryRefused, and
 * system errors; nothing is left behind then.
 */
export async function stageEntry(
  entry: Entry,
  staging: Staging,
  context: StageContext,
  pathOf: () => Buffer,
): Promise<Buffer> {
  const name = staging.newName()
  if (entry.type === 'file') {
    await stageFile(entry, staging, name, context, pathOf)
    return name
  }
  makeSpecial(entry, staging, name, context.options)
  context.metadata.apply(staging.handle.pathOf(name), entry, { existed: false }, pathOf)
  return name
}

async function stageFile(
  entry: Entry,
  staging: Staging,
  name: Buffer,
  context: StageContext,
  pathOf: () => Buffer,
): Promise<void> {
  const { source, signal } = context
  const { O_CREAT, O_EXCL, O_NOFOLLOW, O_RDWR } = constants
  const fd = openSync(
    staging.handle.pathOf(name),
    O_CREAT | O_EXCL | O_NOFOLLOW | O_RDWR,
    creationMode(entry, context.options),
  )
  let isDone = false
  try {
    if (!(await fillByWorkers(fd, entry, context))) {
      ftruncateSync(fd, 0)
      await writeContent(fd, entry, source, signal)
      await proveContent(fd, entry, source, signal)
    }
    context.metadata.apply(fd, entry, { existed: false }, pathOf)
    if (staging.syncsOneByOne) fsyncSync(fd)
    isDone = true
  } finally {
    closeSync(fd)
    if (!isDone) staging.handle.unlink(name)
  }
}

/**
 * True when the file was worth several workers, and holds its content now, proved block by block. Also of one that is not
 * large: where it is far away, it may be too much for one worker.
 */
async function fillByWorkers(fd: number, entry: Entry, { pool, source }: StageContext): Promise<boolean> {
  const { content, sizeBytes } = entry
  if (pool === undefined || content === undefined || sizeBytes === undefined || sizeBytes < stretchSizeBytes) {
    return false
  }
  if (content.sparse) ftruncateSync(fd, sizeBytes)
  return (await pool.fill(fd, entry, partsOf(source.tree, content))) && fstatSync(fd).size === sizeBytes
}

async function proveContent(fd: number, entry: Entry, source: ContentSource, signal: AbortSignal): Promise<void> {
  if (await holdsContent(fd, entry, source, signal)) return
  throw (
    (await findWrongBlock(entry, source)) ??
    new EntryRefused('what was read back is not what was written; check the disk and the memory')
  )
}

function makeSpecial(entry: Entry, staging: Staging, name: Buffer, options: MetadataOptions): void {
  const { handle } = staging
  switch (entry.type) {
    case 'file':
    case 'directory':
      throw new TypeError(`a ${entry.type} is not made by one call`)
    case 'symlink': {
      const target = asBuffer(entry.linkTarget ?? Buffer.of())
      ensure(target.length > 0 && !target.includes(0), 'tree page', 0, 'a symbolic link without a target')
      handle.symlink(target, name)
      return
    }
    case 'fifo':
      handle.makeNode(name, constants.S_IFIFO | 0o600)
      return
    case 'socket':
      handle.makeNode(name, constants.S_IFSOCK | 0o600)
      return
    case 'character-device':
    case 'block-device': {
      if (!options.special) throw new EntryRefused('devices', 'file.special-left-out')
      const { device } = entry.posix
      ensure(device !== undefined, 'tree page', 0, 'a device without numbers')
      const type = entry.type === 'block-device' ? constants.S_IFBLK : constants.S_IFCHR
      handle.makeNode(name, type | 0o600, device)
    }
  }
}
