import type { ItemOverview } from '../../agent-core/contract/index.ts'
import { formatDate, formatSize } from '../text/amounts.ts'
import { growthPath } from './growth-path.ts'

const width = 240
const height = 48

/** How the size of an item has grown, as its backups told it. */
export function GrowthChart({ sizes }: { readonly sizes: ItemOverview['sizes'] }) {
  const samples = sizes.map(({ time, sizeBytes }) => ({ timeMs: Date.parse(time), value: sizeBytes }))
  const path = growthPath(samples, width, height)
  const [first, last] = [sizes[0], sizes.at(-1)]
  if (last === undefined) return <p className="hint">Its size is known after the first backup.</p>
  const stored = sizes.reduce((sum, { storedBytes }) => sum + storedBytes, 0)
  return (
    <figure className="growth">
      {path && first && (
        <svg viewBox={`0 0 ${width} ${height}`} role="img" aria-label={growthWords(first, last)}>
          <path className="growth-area" d={path.area} />
          <path className="growth-line" d={path.line} />
          <circle className="growth-end" cx={path.last.x} cy={path.last.y} r="2.5" />
        </svg>
      )}
      <figcaption>
        <strong>{formatSize(last.sizeBytes)}</strong>
        <span className="hint">{formatSize(stored)} stored</span>
      </figcaption>
    </figure>
  )
}

type Size = ItemOverview['sizes'][number]

function growthWords(first: Size, last: Size): string {
  return `From ${formatSize(first.sizeBytes)} on ${formatDate(first.time)} to ${formatSize(last.sizeBytes)} now`
}
