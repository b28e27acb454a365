/** Who compares a lot: the first that claims it. Apart from compare-ahead.ts, so that its threads load little. */

/** Value of a claim that nobody has; threads have the numbers from 1. */
const unclaimed = 0
/** The main thread. */
export const claimedHere = -1

/** Shared with the threads. */
export type Claim = Int32Array<SharedArrayBuffer>

export function createClaim(): Claim {
  return new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
}

/** True when `claimant` was the first. */
export function claim(lot: Claim, claimant: number): boolean {
  return Atomics.compareExchange(lot, 0, unclaimed, claimant) === unclaimed
}

/** Lets others begin what `claimant` had claimed. */
export function giveUp(lot: Claim, claimant: number): void {
  Atomics.compareExchange(lot, 0, claimant, unclaimed)
}
