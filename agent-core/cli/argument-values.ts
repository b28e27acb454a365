/** Values of arguments: checked, with advice where they are wrong; relative folders become absolute. */
import { resolve } from 'node:path'
import { AgentError } from '../base/agent-error.ts'
import { readDateText } from '../base/date-text.ts'
import { formatCount } from './amounts.ts'

/** The longest path that Linux takes (PATH_MAX), and far more than any name or pattern needs. */
const longestArgumentBytes = 4096
const dayMs = 86_400_000
const longestRetainDays = 36_500

/** A usage error: what is wrong, and what to do. */
export function usageError(problem: string, advice: string): AgentError {
  return new AgentError('usage.invalid', { problem, advice })
}

/** Throws `usage.invalid` when an argument is empty, holds a NUL, or is longer than any path may be. */
export function checkArguments(argv: readonly string[]): void {
  for (const [at, argument] of argv.entries()) {
    const before = at === 0 ? 'the first argument' : `the argument after "${shorten(argv[at - 1] ?? '')}"`
    if (argument === '') {
      throw usageError(`An argument is empty (${before}).`, 'Leave it out, or check the variable it came from.')
    }
    if (argument.includes('\0')) {
      throw usageError(`An argument holds a NUL character (${before}).`, 'No name or path can hold one; leave it out.')
    }
    const sizeBytes = Buffer.byteLength(argument)
    if (sizeBytes > longestArgumentBytes) {
      throw usageError(
        `An argument is too long: "${shorten(argument)}" has ${formatCount(sizeBytes)} bytes.`,
        `Give at most ${formatCount(longestArgumentBytes)} bytes; protect a folder instead of listing its files.`,
      )
    }
  }
}

function shorten(argument: string): string {
  return argument.length <= 40 ? argument : `${argument.slice(0, 40)}…`
}

/** Absolute paths of folders or files given relative to `cwd`. */
export function absolutePath(path: string, cwd: string): string {
  return resolve(cwd, path)
}

/** The absolute path of a folder that an argument names; throws `usage.invalid` for an address like `s3://bucket`. */
export function folderPath(folder: string, cwd: string): string {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(folder)) return absolutePath(folder, cwd)
  throw usageError(
    `"${shorten(folder)}" is an address, not a folder.`,
    'Give a folder of this machine, which may be on another disk or on a mounted share. A bucket is named with --s3.',
  )
}

/** Bytes of an amount such as `20GiB`, `500 MB` or `1.5T`; units without "i" are powers of 1000. Throws `usage.invalid`. */
export function sizeValue(text: string, option: string): number {
  const match = /^(\d{1,9}(?:\.\d{1,3})?) ?(?:([kmgt])(i?)b?|b)?$/i.exec(text)
  const [, amount = '', unit = '', binary = ''] = match ?? []
  if (amount !== '') {
    const power = ['', 'k', 'm', 'g', 't'].indexOf(unit.toLowerCase())
    return Math.round(Number(amount) * (binary === '' ? 1000 : 1024) ** power)
  }
  throw usageError(`${option} takes an amount of bytes, not "${shorten(text)}".`, 'Write it like 20GiB or 500MB.')
}

/** Bytes a second of a rate such as `512kbit`, `10 Mbit/s` or `1Gbit`. Throws `usage.invalid`. */
export function rateValue(text: string, option: string): number {
  const [, amount = '', unit = ''] = /^(\d{1,9}(?:\.\d{1,3})?) ?([kmg])bit(?:\/s)?$/i.exec(text) ?? []
  if (amount !== '') {
    const power = ['k', 'm', 'g'].indexOf(unit.toLowerCase()) + 1
    return Math.round((Number(amount) * 1000 ** power) / 8)
  }
  throw usageError(`${option} takes bits a second, not "${shorten(text)}".`, 'Write it like 512kbit, 10Mbit or 1Gbit.')
}

/** A whole number of `option` between `least` and `most`; throws `usage.invalid`. */
export function wholeNumber(text: string, option: string, least: number, most: number): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
  if (value >= least && value <= most) return value
  throw usageError(
    `${option} takes a whole number from ${least} to ${most}, not "${shorten(text)}".`,
    'Write it in digits, without commas.',
  )
}

export interface RetainOptions {
  readonly retainUntil?: string
  readonly retainDays?: string
}

/**
 * Until when an on-demand point is kept (ms since 1970 UTC), undefined where nothing was said. A date without a time
 * means the end of that day in this process's time zone. Throws `usage.invalid`, also for less than a day.
 */
export function keepUntil({ retainUntil, retainDays }: RetainOptions, nowMs: number): number | undefined {
  if (retainUntil !== undefined && retainDays !== undefined) {
    throw usageError('--retain-until and --retain-days exclude each other.', 'Give one of them.')
  }
  if (retainDays !== undefined) {
    return nowMs + wholeNumber(retainDays, '--retain-days', 1, longestRetainDays) * dayMs
  }
  if (retainUntil === undefined) return undefined
  const date = readDateText(retainUntil)
  if (date === undefined || date === 'impossible') {
    throw usageError(
      `"${shorten(retainUntil)}" is no date.`,
      'Write it like 2027-01-31 (to the end of that day) or 2027-01-31T18:00.',
    )
  }
  const untilMs = date.unit === 'day' ? date.endMs : date.startMs
  if (untilMs < nowMs + dayMs) {
    throw usageError(
      `A point is kept for at least one day; ${retainUntil} is too early.`,
      'Give a later date, or --retain-days 1.',
    )
  }
  if (untilMs > nowMs + longestRetainDays * dayMs) {
    throw usageError(
      `${retainUntil} is too far away.`,
      `A point is kept on demand for at most ${formatCount(longestRetainDays)} days.`,
    )
  }
  return untilMs
}
