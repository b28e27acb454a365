/** The few statistics that a benchmark of a handful of rounds can bear. */

/** Median and range of some values. */
export interface Spread {
  readonly median: number
  readonly least: number
  readonly most: number
  readonly count: number
}

/** The spread of at least one value; throws RangeError for none. */
export function spreadOf(values: readonly number[]): Spread {
  if (values.length === 0) throw new RangeError('no values')
  const sorted = values.toSorted((a, b) => a - b)
  const [least, most] = [sorted[0] as number, sorted.at(-1) as number]
  const upper = sorted[sorted.length >> 1] as number
  const lower = sorted[(sorted.length - 1) >> 1] as number
  return { median: (lower + upper) / 2, least, most, count: sorted.length }
}

/** `1.20 (1.10–1.45)`; the median alone where there is but one value. `unit`: what 1 is shown as. */
export function formatSpread(spread: Spread, digits: number, unit = 1): string {
  const text = (value: number): string => (value / unit).toFixed(digits)
  const median = text(spread.median)
  return spread.count === 1 ? median : `${median} (${text(spread.least)}–${text(spread.most)})`
}

/** `0.42`, `3.10`, `42.0`, `120`: two or three digits that count; a dash for what cannot be divided. */
export function formatRatio(ratio: number | undefined): string {
  if (ratio === undefined || !Number.isFinite(ratio)) return '—'
  return ratio.toFixed(ratio < 10 ? 2 : ratio < 100 ? 1 : 0)
}
