import { isAgentError } from '../base/agent-error.ts'
import { ensure, invalid } from '../format/invalid.ts'
import { keySlotSizeBytes } from '../format/key-slot.ts'
import { maxSealedPayloadSizeBytes, maxSmallPayloadSizeBytes, sealedHeaderSizeBytes } from '../format/sealed-object.ts'
import { maxVaultFileSizeBytes } from '../format/vault-file.ts'
import type { ByteRange, ObjectStore } from './object-store.ts'

const sealingSizeBytes = sealedHeaderSizeBytes + 16

/** Longest object of each kind: a hostile vault must not make a reader allocate gigabytes. */
const maxObjectSizeBytes = {
  vaultFile: maxVaultFileSizeBytes,
  keySlot: keySlotSizeBytes,
  small: maxSmallPayloadSizeBytes + sealingSizeBytes,
  index: maxSealedPayloadSizeBytes + sealingSizeBytes,
} as const

/** The longest that an object of that name may be. */
export function objectLimit(name: string): number {
  if (name === 'vault.json') return maxObjectSizeBytes.vaultFile
  if (name.includes('/keys/')) return maxObjectSizeBytes.keySlot
  return name.includes('/index') ? maxObjectSizeBytes.index : maxObjectSizeBytes.small
}

/**
 * Reads an object, or a range of it. One that is shorter than the range, or longer than any object of its
 * kind or than `maxSizeBytes`, is damaged: `format.invalid` with its length as the place. Otherwise throws what the store throws.
 */
export async function readObject(
  store: ObjectStore,
  name: string,
  options: { readonly range?: ByteRange; readonly signal?: AbortSignal; readonly maxSizeBytes?: number } = {},
): Promise<Buffer> {
  const { maxSizeBytes = Number.POSITIVE_INFINITY } = options
  try {
    const bytes = await store.get(name, { ...options, maxSizeBytes: Math.min(objectLimit(name), maxSizeBytes) })
    // Whoever asked for a range relies on its length: a reader that gets nothing would ask for ever.
    ensure(
      bytes.length === (options.range?.sizeBytes ?? bytes.length),
      name,
      bytes.length,
      'fewer bytes came than asked for',
    )
    return bytes
  } catch (error) {
    if (!isAgentError(error, 'store.wrong-size')) throw error
    const { sizeBytes, reason } = error.data
    throw invalid(name, sizeBytes, reason, error)
  }
}
