import { DirectoryHandle, thisFolder } from '../platform/directory-handle.ts'

interface Level {
  handle: DirectoryHandle | undefined
  readonly device: bigint
  readonly inode: bigint
}

/** Open handles at most: a process may have 1,024 descriptors, trees may be deeper. */
const maxOpenHandles = 64

/**
 * The folders from a restore's target down to where it works, held by handles. Only the innermost are open; one
 * further up is opened again through `..` of its child and must then be the same folder (device and inode), so
 * that no depth exhausts descriptors and nobody can lead the way elsewhere meanwhile.
 */
export class FolderStack implements Disposable {
  readonly #levels: Level[] = []

  /** Makes `handle` the innermost folder; it belongs to the stack from now on. */
  push(handle: DirectoryHandle): void {
    const stats = statsOf(handle)
    this.#levels.push({ handle, device: stats.dev, inode: stats.ino })
    const outgrown = this.#levels[this.#levels.length - 1 - maxOpenHandles]
    outgrown?.handle?.close()
    if (outgrown !== undefined) outgrown.handle = undefined
  }

  /** The innermost folder. */
  get top(): DirectoryHandle {
    const handle = this.#levels.at(-1)?.handle
    if (handle === undefined) throw new Error('no folder is open')
    return handle
  }

  /** Device number of the innermost folder. */
  get device(): bigint {
    return this.#levels.at(-1)?.device ?? 0n
  }

  /**
   * Leaves the innermost folder; its handle is the caller's from now on. Throws an error with code ESTALE when the
   * folder above is not the one that was left.
   */
  leave(): DirectoryHandle {
    const { top } = this
    const above = this.#levels.at(-2)
    if (above !== undefined) above.handle ??= openAbove(top, above)
    this.#levels.pop()
    return top
  }

  [Symbol.dispose](): void {
    for (const level of this.#levels.splice(0)) level.handle?.close()
  }
}

function openAbove(handle: DirectoryHandle, expected: Level): DirectoryHandle {
  const above = DirectoryHandle.open(Buffer.concat([handle.pathOf(thisFolder), Buffer.from('/..')]))
  const { dev, ino } = statsOf(above)
  if (dev === expected.device && ino === expected.inode) return above
  above.close()
  throw Object.assign(new Error('ESTALE: the folder was moved meanwhile'), { code: 'ESTALE', syscall: 'open' })
}

function statsOf(handle: DirectoryHandle) {
  const stats = handle.lstat(thisFolder)
  if (stats === undefined) throw new Error('an open folder has no status')
  return stats
}
