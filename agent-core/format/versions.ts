/**
 * Versions and features (docs/format/versions.md). Version 1 is for ever: a reader of any later
 * Tharsis opens it. A feature bit that a reader does not know is fatal in `incompatible`, ignored
 * in `compatible`.
 */
import { AgentError } from '../base/agent-error.ts'
import { ensure } from './invalid.ts'

export const formatVersion = 1
/** Bits of `incompatible` that this version understands. */
export const knownFeatures = 0

/** Throws `format.too-new` when a reader of this version must not go on, `format.invalid` for version 0. */
export function ensureKnownVersion(what: string, version: number, incompatibleFeatures: number): void {
  ensure(version >= 1, what, 8, 'there is no such format version')
  if (version > formatVersion) throw new AgentError('format.too-new', { what, reason: `format version ${version}` })
  const unknown = incompatibleFeatures & ~knownFeatures
  if (unknown !== 0) {
    throw new AgentError('format.too-new', { what, reason: `feature bits 0x${(unknown >>> 0).toString(16)}` })
  }
}
