/** Amounts as people read them. */

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const

/** `1536` → `1.5 KiB`; three significant digits. */
export function formatSize(sizeBytes: number): string {
  let value = sizeBytes
  let unit = 0
  // 1023.5 would be shown as 1024 of the smaller unit.
  while (value >= 1023.5 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : 1
  return `${value.toFixed(digits)} ${units[unit]}`
}

/** Bytes a second as bits: `1_250_000` → `10 Mbit/s`. */
export function formatRate(bytesPerSecond: number): string {
  const kilobits = (bytesPerSecond * 8) / 1000
  const [value, unit] =
    kilobits < 1000 ? [kilobits, 'kbit/s'] : kilobits < 1e6 ? [kilobits / 1000, 'Mbit/s'] : [kilobits / 1e6, 'Gbit/s']
  return `${Number(value.toFixed(2))} ${unit}`
}

/** `12345` → `12,345`. */
export function formatCount(count: number): string {
  return String(Math.round(count)).replace(/\B(?=(\d{3})+$)/g, ',')
}

/** `formatCount` with its noun: `1 file`, `2 files`. */
export function countOf(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`
}

/** `83_000` → `1:23`; hours in front where there are any. */
export function formatDuration(durationMs: number): string {
  const seconds = Math.max(0, Math.round(durationMs / 1000))
  const two = (value: number): string => String(value).padStart(2, '0')
  const hours = Math.floor(seconds / 3600)
  const minutes = Math.floor(seconds / 60) % 60
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`
}

/** How long something took: `0.4 s` below a minute, else as `formatDuration`. */
export function formatTook(durationMs: number): string {
  return durationMs < 60_000 ? `${(Math.max(0, durationMs) / 1000).toFixed(1)} s` : `${formatDuration(durationMs)} min`
}
