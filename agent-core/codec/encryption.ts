/**
 * AES-256-GCM (NIST SP 800-38D) with a 12-byte nonce and a 16-byte tag. A key is used for one chunk
 * file or one sealed object only; nonces are numbers that never repeat under it.
 */
import { type CipherKey, createCipheriv, createDecipheriv } from 'node:crypto'
import { tagSizeBytes } from '../format/chunk-file.ts'

const algorithm = 'aes-256-gcm'

/** Nonce of a number: eight zero bytes, then the number, 32 bits little-endian. */
export function nonceOf(number: number): Buffer {
  const nonce = Buffer.alloc(12)
  nonce.writeUInt32LE(number, 8)
  return nonce
}

/** Ciphertext pieces in order, the tag last; the sum of their lengths is the plain length + 16. */
export function encrypt(
  key: CipherKey,
  nonce: Uint8Array,
  additionalData: Uint8Array,
  plain: readonly Uint8Array[],
): Buffer[] {
  const cipher = createCipheriv(algorithm, key, nonce, { authTagLength: tagSizeBytes })
  cipher.setAAD(additionalData)
  const pieces = plain.map((piece) => cipher.update(piece))
  cipher.final()
  pieces.push(cipher.getAuthTag())
  return pieces
}

/** The plain bytes of `sealed` (ciphertext + tag); undefined when it is not authentic. */
export function decrypt(
  key: CipherKey,
  nonce: Uint8Array,
  additionalData: Uint8Array,
  sealed: Uint8Array,
): Buffer | undefined {
  if (sealed.length < tagSizeBytes) return undefined
  const decipher = createDecipheriv(algorithm, key, nonce, { authTagLength: tagSizeBytes })
  decipher.setAAD(additionalData)
  decipher.setAuthTag(sealed.subarray(sealed.length - tagSizeBytes))
  const plain = decipher.update(sealed.subarray(0, sealed.length - tagSizeBytes))
  try {
    decipher.final()
  } catch {
    // The only failure of final() in GCM is a tag that does not fit: the caller says which object it is.
    return undefined
  }
  return plain
}
