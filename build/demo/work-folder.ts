/** The demo's temporary folder: where there is room for it, and gone afterwards, whatever ends the demo. */
import { chmodSync, lstatSync, mkdtempSync, readdirSync, rmSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface WorkFolder extends Disposable {
  readonly path: string
  readonly freeBytes: number
  /** From now on the folder stays. */
  keep(): void
}

/** Makes a private folder in the first place with `wantedBytes` free, else in the one with the most. */
export function openWorkFolder(wantedBytes: number): WorkFolder {
  const places = [tmpdir(), '/var/tmp'].flatMap((path) => {
    const freeBytes = freeBytesIn(path)
    return freeBytes === undefined ? [] : [{ path, freeBytes }]
  })
  const place = places.find(({ freeBytes }) => freeBytes >= wantedBytes) ?? places.sort(byFreeBytes)[0]
  if (place === undefined) throw new Error(`There is no folder for temporary files; ${tmpdir()} cannot be used.`)
  const path = mkdtempSync(join(place.path, 'tharsis-demo-'))
  let isKept = false
  const remove = () => {
    if (!isKept) removeFolder(path)
  }
  // Also when the process ends without unwinding.
  process.once('exit', remove)
  return {
    path,
    freeBytes: place.freeBytes,
    keep: () => {
      isKept = true
    },
    [Symbol.dispose]: () => {
      remove()
      process.off('exit', remove)
    },
  }
}

function byFreeBytes(a: { freeBytes: number }, b: { freeBytes: number }): number {
  return b.freeBytes - a.freeBytes
}

function freeBytesIn(path: string): number | undefined {
  try {
    const { bavail, bsize } = statfsSync(path)
    return bavail * bsize
  } catch {
    return undefined
  }
}

/** Removes a folder of the demo's own with all it holds, also where permissions in it forbid that. */
export function removeFolder(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'EACCES' && code !== 'EPERM' && code !== 'ENOTEMPTY') throw error
    openForOwner(Buffer.from(path))
    rmSync(path, { recursive: true, force: true })
  }
}

function openForOwner(folder: Buffer): void {
  chmodSync(folder, 0o700)
  for (const name of readdirSync(folder, { encoding: 'buffer' })) {
    const path = Buffer.concat([folder, Buffer.from('/'), name])
    if (lstatSync(path).isDirectory()) openForOwner(path)
  }
}
