/** Amounts and times as people read them. Pure. */

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const

/** `1536` → `1.5 KiB`, as the command line writes it. */
export function formatSize(sizeBytes: number): string {
  let value = sizeBytes
  let unit = 0
  while (value >= 1023.5 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  return `${value.toFixed(unit === 0 || value >= 99.95 ? 0 : 1)} ${units[unit]}`
}

/** `12345` → `12,345`. */
export function formatCount(count: number): string {
  return Math.round(count).toLocaleString('en')
}

/** `1 file`, `2 files`. */
export function countOf(count: number, noun: string, plural = `${noun}s`): string {
  return `${formatCount(count)} ${count === 1 ? noun : plural}`
}

/** `under 1 s`, `40 s`, `5 min`, `2 h 10 min`, `3 days`. */
export function formatDuration(seconds: number): string {
  if (seconds < 0.5) return 'under 1 s'
  if (seconds < 59.5) return `${Math.round(seconds)} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 60) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`
  return `${Math.round(hours / 24)} days`
}

/** `just now`, `5 min ago`, `3 days ago`. */
export function formatAge(ageMs: number): string {
  return ageMs < 45_000 ? 'just now' : `${formatDuration(ageMs / 1000)} ago`
}

/** `in 5 min`; what is past is `now`. */
export function formatAhead(aheadMs: number): string {
  return aheadMs < 30_000 ? 'now' : `in ${formatDuration(aheadMs / 1000)}`
}

const dateFormat = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric' })
const dayFormat = new Intl.DateTimeFormat('en-GB', { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' })
const zoneFormat = new Intl.DateTimeFormat('en-GB', {
  weekday: 'short',
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
  timeZone: 'UTC',
})
const timeFormat = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' })
const secondsFormat = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' })

/** `26 Nov 2026, 14:30`, in the time zone of this machine. */
export function formatTime(iso: string): string {
  const date = new Date(iso)
  return Number.isNaN(date.getTime()) ? iso : `${dateFormat.format(date)}, ${timeFormat.format(date)}`
}

/** `Thu 26 Nov, 12:30`: what the clocks of a zone show, of a time such as `2026-11-26T12:30:00+01:00`. */
export function formatZoneTime(zoneTime: string): string {
  const date = new Date(`${zoneTime.slice(0, 16)}Z`)
  return Number.isNaN(date.getTime()) ? zoneTime : zoneFormat.format(date).replace(/,(?=.*,)/, '')
}

/** `26 Nov 2026` */
export function formatDate(iso: string): string {
  const date = new Date(iso)
  return Number.isNaN(date.getTime()) ? iso : dateFormat.format(date)
}

/** `14:30` */
export function formatHour(iso: string): string {
  const date = new Date(iso)
  return Number.isNaN(date.getTime()) ? iso : timeFormat.format(date)
}

/** `14:30:05` */
export function formatSecond(iso: string): string {
  const date = new Date(iso)
  return Number.isNaN(date.getTime()) ? iso : secondsFormat.format(date)
}

/** `Thursday, 26 November 2026`, of a day such as `2026-11-26`. */
export function formatDay(day: string): string {
  const date = new Date(`${day}T12:00:00`)
  return Number.isNaN(date.getTime()) ? day : dayFormat.format(date)
}

/** The local day of a time, `2026-11-26`. */
export function localDay(iso: string): string {
  const date = new Date(iso)
  const two = (value: number) => String(value).padStart(2, '0')
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
}
