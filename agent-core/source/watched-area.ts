/** The folders of an item as its watcher sees them: what belongs to it, and what is left out. */
import { lstatSync } from 'node:fs'
import { mountsAround } from '../platform/mounts-around.ts'

export interface AreaOptions {
  /** Absolute real paths, raw bytes, none in another. */
  readonly folders: readonly Buffer[]
  readonly crossMounts: boolean
  /** False for a folder that no backup looks into. `relative`: below the item's folder, as exclusions take it. */
  readonly enters: (path: Buffer, relative: string) => boolean
}

export class WatchedArea {
  readonly folders: readonly Buffer[]
  readonly crossMounts: boolean
  /** The folders as latin1 text, one character a byte. */
  readonly roots: readonly string[]
  readonly #enters: AreaOptions['enters']
  readonly #mounts: string
  readonly #identities: readonly (string | undefined)[]

  constructor(options: AreaOptions) {
    this.folders = options.folders
    this.crossMounts = options.crossMounts
    this.roots = options.folders.map((folder) => folder.toString('latin1'))
    this.#enters = options.enters
    this.#mounts = mountsAround(this.folders).signature
    this.#identities = this.folders.map(identityOf)
  }

  /** True when `path` (latin1) is a folder of the item or below one, and not left out. */
  contains(path: string): boolean {
    const root = this.roots.find((each) => isAtOrBelow(path, each))
    if (root === undefined) return false
    for (let at = root === '/' ? 0 : root.length; at >= 0 && at < path.length - 1; ) {
      const next = path.indexOf('/', at + 1)
      if (!this.enters(next < 0 ? path : path.slice(0, next), root)) return false
      at = next
    }
    return true
  }

  /** True unless the folder `path`, below `root` (both latin1), is left out itself. */
  enters(path: string, root: string): boolean {
    const relative = Buffer.from(path.slice(root === '/' ? 1 : root.length + 1), 'latin1').toString()
    return this.#enters(Buffer.from(path, 'latin1'), relative)
  }

  /** True when an item's folder is `path` (latin1) or lies below it. */
  standsIn(path: string): boolean {
    return this.roots.some((root) => isAtOrBelow(root, path))
  }

  /** Why the folders are not any more what they were when this was made; undefined when they are. */
  whyMoved(): string | undefined {
    if (mountsAround(this.folders).signature !== this.#mounts) return 'something was mounted or unmounted there'
    const moved = this.folders.findIndex((folder, index) => identityOf(folder) !== this.#identities[index])
    return moved < 0 ? undefined : `${String(this.folders[moved])} is not the folder that is watched`
  }
}

/** Device and inode; undefined where there is nothing, or nothing can be looked at: that is no identity to trust. */
function identityOf(folder: Buffer): string | undefined {
  try {
    const stats = lstatSync(folder, { bigint: true, throwIfNoEntry: false })
    return stats && `${stats.dev}/${stats.ino}`
  } catch {
    return undefined
  }
}

function isAtOrBelow(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder === '/' ? folder : `${folder}/`)
}
