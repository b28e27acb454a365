/** The line of a growth chart. Pure. */
export interface Sample {
  readonly timeMs: number
  readonly value: number
}

export interface GrowthPath {
  /** The line, as the `d` of an SVG path. */
  readonly line: string
  /** The same, closed along the bottom. */
  readonly area: string
  readonly last: { readonly x: number; readonly y: number }
}

/** Samples, oldest first, drawn into `width` × `height` with a margin of 3; undefined below two samples. */
export function growthPath(samples: readonly Sample[], width: number, height: number): GrowthPath | undefined {
  const [first, last] = [samples[0], samples.at(-1)]
  if (first === undefined || last === undefined || samples.length < 2) return undefined
  const margin = 3
  const largest = Math.max(...samples.map(({ value }) => value), 1)
  const spanMs = Math.max(1, last.timeMs - first.timeMs)
  const round = (value: number) => Math.round(value * 10) / 10
  const points = samples.map(({ timeMs, value }) => ({
    x: round(margin + ((timeMs - first.timeMs) / spanMs) * (width - 2 * margin)),
    y: round(height - margin - (value / largest) * (height - 2 * margin)),
  }))
  const line = points.map(({ x, y }, at) => `${at === 0 ? 'M' : 'L'}${x} ${y}`).join('')
  const end = points.at(-1) ?? { x: 0, y: 0 }
  return { line, area: `${line}L${end.x} ${height}L${points[0]?.x ?? 0} ${height}Z`, last: end }
}
