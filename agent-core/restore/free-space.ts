import { statfsSync } from 'node:fs'
import { AgentError } from '../base/agent-error.ts'
import { formatBytes } from '../base/bytes.ts'
import { type DirectoryHandle, thisFolder } from '../platform/directory-handle.ts'

/** Bytes that can still be written to the file system of `folder`; what is kept back for root is not counted. */
export function freeBytesOf(folder: DirectoryHandle): number {
  const { bavail, bsize } = statfsSync(folder.pathOf(thisFolder))
  return bavail * bsize
}

/** `restore.no-space` for a target. */
export function noSpaceError(path: Buffer, neededBytes: number, freeBytes: number, cause?: unknown): AgentError {
  const needed = formatBytes(neededBytes)
  return new AgentError('restore.no-space', { path: path.toString(), needed, free: formatBytes(freeBytes) }, cause)
}

/** True for the system's ways to say that a disk or a quota is used up. */
export function isNoSpace(error: { readonly code: string }): boolean {
  return error.code === 'ENOSPC' || error.code === 'EDQUOT'
}
