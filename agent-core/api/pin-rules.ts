/**
 * The rules of the PIN, pure: how many tries there are and how they are slowed, and how long a right one counts.
 * All waiting is measured by the time since the machine started, which nobody can set; the clock on the wall can only
 * make the time that a PIN counts shorter.
 */

const freeTries = 3
const firstWaitMs = 30_000
const longestWaitMs = 3_600_000
/** So long a PIN that was right counts. */
export const pinValidityMs = 5 * 60_000

/** A moment as the PIN sees it. */
export interface Moment {
  /** The machine's start: another one after each start. */
  readonly boot: string
  /** Ms since that start. */
  readonly uptimeMs: number
  /** The clock on the wall: ms since 1970 UTC. */
  readonly nowMs: number
}

/** What is kept between tries. */
export interface PinRecord {
  /** Wrong tries since the last right one. */
  readonly wrong: number
  /** When the last try was counted. */
  readonly lastTry?: Moment
  /** When the PIN was last right; absent once it was locked again. */
  readonly unlocked?: Moment
}

export const freshPinRecord: PinRecord = { wrong: 0 }

/** Ms until the next try is allowed; 0: now. A wait that was under way when the machine started anew counts from that start. */
export function waitBeforeTryMs({ wrong, lastTry }: PinRecord, moment: Moment): number {
  if (wrong < freeTries) return 0
  const waitMs = Math.min(longestWaitMs, firstWaitMs * 2 ** Math.min(20, wrong - freeTries))
  const passedMs = lastTry?.boot === moment.boot ? moment.uptimeMs - lastTry.uptimeMs : moment.uptimeMs
  return Math.max(0, waitMs - Math.max(0, passedMs))
}

/** The record with one more try, counted before it is judged: a process that is killed has used it up. */
export function withTry(record: PinRecord, moment: Moment): PinRecord {
  return { ...record, wrong: record.wrong + 1, lastTry: moment }
}

/** The record after the right PIN. */
export function withRightPin(moment: Moment): PinRecord {
  return { wrong: 0, unlocked: moment }
}

/** Ms for which the PIN counts without being asked for again; 0: it must be asked for. */
export function unlockedForMs({ unlocked }: PinRecord, moment: Moment): number {
  if (unlocked === undefined || unlocked.boot !== moment.boot) return 0
  const byUptimeMs = moment.uptimeMs - unlocked.uptimeMs
  const byClockMs = moment.nowMs - unlocked.nowMs
  // Time that runs backwards is no time that a PIN should count in.
  if (byUptimeMs < 0 || byClockMs < 0) return 0
  return Math.max(0, pinValidityMs - Math.max(byUptimeMs, byClockMs))
}

const digits = /^[0-9]*$/
const shortestPin = 4
const longestPin = 12
const shortestPhrase = 8
const longestPhrase = 100

/** Why a new PIN is not good, in words; undefined: it is. */
export function troubleOfPin(pin: string): string | undefined {
  const length = Array.from(pin).length
  if (digits.test(pin)) {
    if (length >= shortestPin && length <= longestPin) return undefined
    return `A PIN of digits has ${shortestPin} to ${longestPin} of them.`
  }
  if (length >= shortestPhrase && length <= longestPhrase) return undefined
  return `A PIN that is not all digits has ${shortestPhrase} to ${longestPhrase} characters.`
}
