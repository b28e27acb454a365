/** The mounts that decide what lies at and below some folders. */
import { readFileSync } from 'node:fs'
import { type MountLine, parseMountInfo } from './file-system-id.ts'

export interface MountsAround {
  /** Changes when something is mounted or unmounted at, above or below the folders. */
  readonly signature: string
  /** Types of the file systems that the folders lie on and that are mounted below them. */
  readonly types: readonly string[]
  /** Some file system is mounted at two places there: what is changed in one of them shows in the other. */
  readonly hasTwins: boolean
  /** Mount points strictly below the folders. */
  readonly below: readonly string[]
}

/** Looks at this process's mounts (Linux); `folders`: absolute real paths. */
export function mountsAround(folders: readonly Buffer[]): MountsAround {
  return describeMounts(folders, parseMountInfo(readFileSync('/proc/self/mountinfo', 'utf8')))
}

/** As `mountsAround`, of given mounts. */
export function describeMounts(folders: readonly Buffer[], mounts: readonly MountLine[]): MountsAround {
  const paths = folders.map(String)
  const below = mounts.filter(({ mountPoint }) =>
    paths.some((path) => mountPoint !== path && isAtOrBelow(mountPoint, path)),
  )
  const holding = mounts.filter(({ mountPoint }) => paths.some((path) => isAtOrBelow(path, mountPoint)))
  const owners = paths.flatMap((path) => {
    const above = holding.filter(({ mountPoint }) => isAtOrBelow(path, mountPoint))
    // The longest mount point holds the path; of those at one place the last mounted one covers the others.
    return above.toSorted((a, b) => a.mountPoint.length - b.mountPoint.length || a.id - b.id).slice(-1)
  })
  return {
    signature: [...new Set([...holding, ...below])]
      .map(({ id, device, mountPoint }) => `${id} ${device} ${mountPoint}`)
      .join('\n'),
    types: [...new Set([...owners, ...below].map(({ type }) => type))],
    hasTwins: hasTwins([...new Set([...owners, ...below])]),
    below: below.map(({ mountPoint }) => mountPoint),
  }
}

function hasTwins(mounts: readonly MountLine[]): boolean {
  return new Set(mounts.map(({ device }) => device)).size < mounts.length
}

function isAtOrBelow(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`)
}
