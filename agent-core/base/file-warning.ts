import type { FileWarning } from '../contract/errors.ts'
import { adviceOf, wordsOf } from './agent-error.ts'

/** Warnings about one file; each takes its path and a reason. */
export type FileWarningCode =
  | 'file.vanished'
  | 'file.changing'
  | 'file.unreadable'
  | 'file.metadata-unreadable'
  | 'file.metadata-not-restored'
  | 'file.not-restored'
  | 'file.restored-beside'
  | 'file.special-left-out'
  | 'file.damaged'
  | 'journal.missed-changes'

/** A path for documents: UTF-8 text, and the raw bytes in base64 where they are not UTF-8. */
export function shownPath(path: Uint8Array): { readonly path: string; readonly pathBytes?: string } {
  const bytes = Buffer.from(path)
  const text = bytes.toString('utf8')
  return Buffer.from(text, 'utf8').equals(bytes) ? { path: text } : { path: text, pathBytes: bytes.toString('base64') }
}

/** A warning about the file at `path` (raw bytes); `reason` is empty for codes whose words need none. */
export function fileWarning(code: FileWarningCode, path: Uint8Array, reason = ''): FileWarning {
  const shown = shownPath(path)
  const data = { path: shown.path, reason }
  return { ...shown, code, message: wordsOf(code, data), advice: adviceOf(code, data) }
}
