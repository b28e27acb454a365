/** The stored form of a PIN: a salted scrypt hash (RFC 7914). */
import { scrypt, timingSafeEqual } from 'node:crypto'
import type { Random } from '../base/random.ts'

/** Hex, so that it can stand in a text column. */
export interface PinHash {
  readonly salt: string
  readonly hash: string
  readonly log2N: number
}

/** 32 MiB and about a tenth of a second a try: a PIN is checked several times a day, and its tries are slowed besides. */
const defaultLog2N = 15

/** Throws nothing of its own; takes about 0.1 s. */
export async function createPinHash(pin: string, random: Random, log2N = defaultLog2N): Promise<PinHash> {
  const salt = random.bytes(16)
  return { salt: salt.toString('hex'), hash: (await derive(pin, salt, log2N)).toString('hex'), log2N }
}

/** True when `pin` is the one that was hashed; compared in constant time. */
export async function isPin(pin: string, { salt, hash, log2N }: PinHash): Promise<boolean> {
  const expected = Buffer.from(hash, 'hex')
  const found = await derive(pin, Buffer.from(salt, 'hex'), log2N)
  return expected.length === found.length && timingSafeEqual(expected, found)
}

async function derive(pin: string, salt: Uint8Array, log2N: number): Promise<Buffer> {
  return await new Promise((resolve, reject) => {
    // NFKC: the same phrase typed on another keyboard must give the same bytes.
    const secret = Buffer.from(pin.normalize('NFKC'), 'utf8')
    const options = { N: 2 ** log2N, r: 8, p: 1, maxmem: 2 ** log2N * 8 * 256 }
    scrypt(secret, salt, 32, options, (error, key) => (error ? reject(error) : resolve(key)))
  })
}
