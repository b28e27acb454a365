/**
 * The folder a directory store stands on, held open for as long as the store is.
 *
 * Two things come from the open handle. On Linux every path below the root goes through it
 * (`/proc/self/fd/N/…`), so that nothing can be created in a bare mount point after the disk has
 * gone. And while it is open the system gives the root's device number to no other disk, so that
 * comparing device and inode of the path with the handle's tells whether the same folder still
 * stands there. The price: a disk can be ejected only after the store was closed.
 */
import { type FileHandle, open, opendir, stat } from 'node:fs/promises'
import path from 'node:path'
import { AgentError } from '../base/agent-error.ts'
import { errnoOf } from './file-errors.ts'

export interface DirectoryRoot {
  readonly address: string
  /** Device number of the root's file system. */
  readonly device: bigint
  /** The path by which an object or folder is reached; the empty name is the root itself. */
  pathOf(name: string): string
  /** Throws `vault.unreachable` when the root is gone, or another folder stands in its place. */
  requireSame(): Promise<void>
  /** As `requireSame`, and the root's entries must be readable too (asked after an I/O error). */
  requireAnswer(): Promise<void>
  close(): Promise<void>
}

/** Opens the existing folder `address`; `vault.unreachable` when there is none, and none is made. */
export async function openDirectoryRoot(address: string): Promise<DirectoryRoot> {
  const handle = await openFolder(address)
  try {
    const identity = await handle.stat({ bigint: true })
    const anchor = await anchorOf(handle, identity, address)
    const requireSame = () => requireIdentity(address, identity)
    return {
      address,
      device: identity.dev,
      pathOf: (name) => (name === '' ? anchor : path.join(anchor, name)),
      requireSame,
      requireAnswer: async () => {
        await requireSame()
        await requireReadable(address, anchor)
      },
      close: () => handle.close(),
    }
  } catch (error) {
    await handle.close()
    throw error
  }
}

interface Identity {
  readonly dev: bigint
  readonly ino: bigint
}

async function openFolder(address: string): Promise<FileHandle> {
  let handle: FileHandle
  try {
    handle = await open(address, 'r')
  } catch (error) {
    const refused = errnoOf(error) === 'EACCES' || errnoOf(error) === 'EPERM'
    if (refused) throw new AgentError('vault.denied', { address, reason: 'the folder may not be opened' }, error)
    throw unreachable(address, 'there is no such folder', error)
  }
  if ((await handle.stat()).isDirectory()) return handle
  await handle.close()
  throw unreachable(address, 'it is not a folder')
}

async function anchorOf(handle: FileHandle, identity: Identity, address: string): Promise<string> {
  if (process.platform !== 'linux') return address
  const anchor = `/proc/self/fd/${handle.fd}`
  try {
    const seen = await stat(anchor, { bigint: true })
    return seen.dev === identity.dev && seen.ino === identity.ino ? anchor : address
  } catch (error) {
    // A sandbox without /proc: the address itself serves, with requireSame alone as the guard.
    if (errnoOf(error) === undefined) throw error
    return address
  }
}

async function requireIdentity(address: string, identity: Identity): Promise<void> {
  let found: Identity
  try {
    found = await stat(address, { bigint: true })
  } catch (error) {
    if (errnoOf(error) === undefined) throw error
    throw unreachable(address, 'the folder is not there any more', error)
  }
  if (found.dev !== identity.dev || found.ino !== identity.ino) {
    throw unreachable(address, 'another folder stands in its place (is its disk still mounted?)')
  }
}

async function requireReadable(address: string, anchor: string): Promise<void> {
  try {
    const folder = await opendir(anchor)
    try {
      await folder.read()
    } finally {
      await folder.close()
    }
  } catch (error) {
    if (errnoOf(error) === undefined) throw error
    throw unreachable(address, 'its disk does not answer', error)
  }
}

function unreachable(address: string, reason: string, cause?: unknown): AgentError {
  return new AgentError('vault.unreachable', { address, reason }, cause)
}
