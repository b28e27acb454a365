export interface DateText {
  /** Milliseconds since 1970 UTC at which the named day, minute or second begins; local time unless a zone was given. */
  readonly startMs: number
  /** The last millisecond of it. */
  readonly endMs: number
  readonly unit: 'day' | 'minute' | 'second'
}

/**
 * Reads `2026-11-22`, `2026-11-22 14:30` or ISO 8601 with `T`, seconds and a zone. `'impossible'`: it has that form,
 * but no calendar has that day or time; undefined: it has another form.
 */
export function readDateText(text: string): DateText | 'impossible' | undefined {
  const parts = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,3}))?)?(Z|[+-]\d\d:?\d\d)?)?$/.exec(
    text,
  )
  if (parts === null) return undefined
  const [year = 0, month = 0, day = 0, hours = 0, minutes = 0, seconds = 0] = parts
    .slice(1, 7)
    .map((part) => Number(part ?? 0))
  const lastDay = new Date(Date.UTC(year, month, 0)).getUTCDate()
  if (month < 1 || month > 12 || day < 1 || day > lastDay) return 'impossible'
  if (hours > 23 || minutes > 59 || seconds > 59) return 'impossible'
  if (parts[4] === undefined) {
    const endMs = new Date(year, month - 1, day + 1).getTime() - 1
    return { startMs: new Date(year, month - 1, day).getTime(), endMs, unit: 'day' }
  }
  const startMs = Date.parse(text.replace(' ', 'T'))
  if (Number.isNaN(startMs)) return 'impossible'
  if (parts[6] === undefined) return { startMs, endMs: startMs + 59_999, unit: 'minute' }
  return { startMs, endMs: startMs, unit: 'second' }
}

/** ISO 8601 UTC; times that no calendar of JavaScript holds come as its nearest end. */
export function isoTime(timeMs: number): string {
  const limit = 8.64e15
  return new Date(Math.max(-limit, Math.min(limit, timeMs))).toISOString()
}

/** `2026-11-22 14:30 UTC`, for reasons and messages that are kept. */
export function minuteText(timeMs: number): string {
  return `${isoTime(timeMs).slice(0, 16).replace('T', ' ')} UTC`
}
