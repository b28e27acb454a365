/**
 * The recovery code: docs/format/keys.md. 160 random bits in Crockford's base32 (no I, L, O, U), with
 * a check symbol, in groups of five that are easy to read out and to type.
 */
import type { Random } from '../base/random.ts'
import { sha256 } from '../codec/block-id.ts'

const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const symbols = 32
const checkSymbols = 3
const groupLength = 5
const codePattern = new RegExp(`^[${alphabet}]{${symbols + checkSymbols}}$`)

/** A new code, such as `7K3QX-…`: seven groups of five. */
export function createRecoveryCode(random: Random): string {
  let bits = 0n
  for (const byte of random.bytes(20)) bits = (bits << 8n) | BigInt(byte)
  let code = ''
  for (let index = 0; index < symbols; index++) {
    code = alphabet[Number(bits & 31n)] + code
    bits >>= 5n
  }
  return (code + checkOf(code)).replace(new RegExp(`.{${groupLength}}(?=.)`, 'g'), '$&-')
}

/**
 * The code's 32 symbols as the key derivation takes them; undefined when `text` is no recovery code.
 * Case, blanks and dashes do not count; O reads as 0, I and L as 1.
 */
export function normalizeRecoveryCode(text: string): string | undefined {
  const code = text.toUpperCase().replace(/[\s-]/g, '').replace(/O/g, '0').replace(/[IL]/g, '1')
  if (!codePattern.test(code)) return undefined
  const body = code.slice(0, symbols)
  return checkOf(body) === code.slice(symbols) ? body : undefined
}

/** 15 bits of the SHA-256 of the code: a mistyped symbol is told before the slow derivation. */
function checkOf(code: string): string {
  const digest = sha256(Buffer.from(code, 'latin1'))
  const bits = digest.readUInt16BE(0) >>> 1
  return [10, 5, 0].map((shift) => alphabet[(bits >>> shift) & 31]).join('')
}
