/** Times as a menu tells them. */

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs

/** How long ago; a time to come, which a clock set back makes of one gone, counts as now. */
export function agoInWords(timeMs: number, nowMs: number): string {
  const ageMs = nowMs - timeMs
  if (ageMs < minuteMs) return 'just now'
  if (ageMs < 2 * hourMs) return amount(Math.floor(ageMs / minuteMs), 'minute')
  if (ageMs < 2 * dayMs) return amount(Math.floor(ageMs / hourMs), 'hour')
  return amount(Math.floor(ageMs / dayMs), 'day')
}

function amount(count: number, unit: string): string {
  return `${count} ${unit}${count === 1 ? '' : 's'} ago`
}

/** A time of today by the clock alone, of this week with its day, else with its date; local time. */
export function timeInWords(timeMs: number, nowMs: number): string {
  const time = new Date(timeMs)
  const clock = time.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })
  if (time.toDateString() === new Date(nowMs).toDateString()) return clock
  const isNear = Math.abs(timeMs - nowMs) < 6 * dayMs
  const day = time.toLocaleDateString(
    [],
    isNear ? { weekday: 'long' } : { day: 'numeric', month: 'short', year: 'numeric' },
  )
  return `${day} at ${clock}`
}

/** Midnight at the end of the (local) day. */
export function tomorrowMs(nowMs: number): number {
  const now = new Date(nowMs)
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() + 1).getTime()
}
