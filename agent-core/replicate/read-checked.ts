/** Objects of either place, read whole and checked. */
import { type AgentError, isAgentError } from '../base/agent-error.ts'
import { maxChunkFileSizeBytes } from '../format/chunk-file.ts'
import { parseChunkName } from '../format/vault-layout.ts'
import type { ObjectStore } from '../vault/object-store.ts'
import { readObject } from '../vault/read-object.ts'

/** Throws `format.invalid` or `format.too-new` for a damaged object, and what the store throws. */
export async function readChecked(
  store: ObjectStore,
  name: string,
  check: (bytes: Buffer) => void,
  signal: AbortSignal,
): Promise<Buffer> {
  const bytes =
    parseChunkName(name) === undefined
      ? await readObject(store, name, { signal })
      : await store.get(name, { maxSizeBytes: maxChunkFileSizeBytes, signal })
  check(bytes)
  return bytes
}

/** As `readChecked`; undefined when the object is damaged. */
export async function readUnlessDamaged(
  store: ObjectStore,
  name: string,
  check: (bytes: Buffer) => void,
  signal: AbortSignal,
): Promise<Buffer | undefined> {
  try {
    return await readChecked(store, name, check, signal)
  } catch (error) {
    if (isDamage(error)) return undefined
    throw error
  }
}

export function isDamage(error: unknown): error is AgentError {
  return (
    isAgentError(error, 'format.invalid') ||
    isAgentError(error, 'format.too-new') ||
    isAgentError(error, 'store.wrong-size')
  )
}
