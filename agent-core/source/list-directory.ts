import { constants, openSync, readdirSync } from 'node:fs'
import { fileStatusIfAny, fileStatusIn } from '../platform/file-status.ts'
import { O_PATH } from '../platform/posix.ts'
import { type FoundEntry, foundEntry } from './found-entry.ts'

/** `path` and `name` joined by `/`; both raw bytes. */
export function joinPath(path: Uint8Array, name: Uint8Array): Buffer {
  const hasSlash = path.length > 0 && path[path.length - 1] === 0x2f
  const joined = Buffer.allocUnsafe(path.length + (hasSlash ? 0 : 1) + name.length)
  joined.set(path, 0)
  if (!hasSlash) joined[path.length] = 0x2f
  joined.set(name, joined.length - name.length)
  return joined
}

/** As `joinPath`, of texts that have raw bytes, one character each. */
export function joinText(path: string, name: string): string {
  return path.endsWith('/') ? path + name : `${path}/${name}`
}

/** Path below the protected folder, as exclusions see it, of what has that name (raw bytes, one character each) in a folder. */
export function relativeIn(folder: string, name: string): string {
  return folder === '' ? utf8Of(name) : `${folder}/${utf8Of(name)}`
}

/**
 * Names in a directory in ascending byte order, each byte as one character (latin1): a million names as
 * strings take a tenth of the memory of as many buffers. Throws the system's error.
 */
export function listDirectory(path: Buffer): string[] {
  return readdirSync(path, { encoding: 'latin1' }).sort()
}

/** An open directory, to look at its entries one by one. The caller closes it. Throws the system's error. */
export function openDirectory(path: Buffer): number {
  return openSync(path, O_PATH | constants.O_DIRECTORY)
}

/**
 * The entry of that name (raw bytes, one character each) in an open directory, not following a symbolic link; undefined
 * when there is none; throws the system's error.
 */
export function lookIn(directory: number, name: string): FoundEntry | undefined {
  const status = fileStatusIn(directory, name)
  return status && foundEntry(status)
}

/** What lies at `path`, not following a symbolic link; undefined when nothing does; throws the system's error. */
export function lookAt(path: Buffer): FoundEntry | undefined {
  const status = fileStatusIfAny(path)
  return status && foundEntry(status)
}

/** The text of raw bytes given one character each; bytes that are not UTF-8 replaced. */
export function utf8Of(name: string): string {
  return beyondAscii.test(name) ? Buffer.from(name, 'latin1').toString() : name
}

const beyondAscii = /[\x80-\xff]/
