import { randomBytes } from 'node:crypto'

/** The only source of randomness. Passed in, so that tests can repeat themselves. */
export interface Random {
  /** `sizeBytes` cryptographically random bytes. */
  bytes(sizeBytes: number): Buffer
}

export const systemRandom: Random = { bytes: (sizeBytes) => randomBytes(sizeBytes) }

/** A fresh id of 32 hex digits, branded as the caller asks. */
export function randomId<Id extends string>(random: Random): Id {
  return random.bytes(16).toString('hex') as Id
}
