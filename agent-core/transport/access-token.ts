/** Tokens by which a client shows that it may ask: 256 random bits, compared in a time that tells nothing. */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { Random } from '../base/random.ts'

/** 43 characters of base64url. */
export function createToken(random: Random): string {
  return random.bytes(32).toString('base64url')
}

export function isSameToken(given: string | undefined, expected: string): boolean {
  if (given === undefined) return false
  const hash = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(hash(given), hash(expected))
}
