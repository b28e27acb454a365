import { CalendarClock, Layers } from 'lucide-react'
import type { PolicyChange, PolicyPreview as Preview, PreviewHorizon } from '../../../agent-core/contract/index.ts'
import { useAsk } from '../../client/use-agent.ts'
import { formatCount, formatDate, formatHour, formatTime, formatZoneTime, localDay } from '../../text/amounts.ts'
import { ErrorNote, Loading } from '../../ui/notes.tsx'
import { useSettled } from '../../ui/use-settled.ts'

const shownRuns = 5
const quietMs = 200

/** The next runs, and the points that will exist, as the agent computes them. */
export function PolicyPreview({ change }: { readonly change: PolicyChange }) {
  const settled = useSettled(JSON.stringify(change), quietMs)
  const { answer, error, isLoading, again } = useAsk(
    ['policy-preview', settled],
    async (agent) => await agent.previewPolicy(JSON.parse(settled) as PolicyChange),
    { keepsLast: true },
  )
  if (error !== undefined) return <ErrorNote error={error} again={again} />
  if (isLoading || answer === undefined) return <Loading what="the preview" />
  return (
    <section className="preview" aria-label="What this leads to">
      <NextRuns preview={answer} />
      <Horizons preview={answer} />
    </section>
  )
}

function NextRuns({ preview }: { readonly preview: Preview }) {
  const isSameClock = preview.nextRuns.every(({ time, zoneTime }) => formatTime(time).endsWith(zoneTime.slice(11, 16)))
  return (
    <div className="preview-part">
      <h3 className="with-icon">
        <CalendarClock aria-hidden />
        Next runs
      </h3>
      {preview.nextRuns.length === 0 && <p className="hint">None by itself.</p>}
      <ol className="preview-runs">
        {preview.nextRuns.slice(0, shownRuns).map(({ time, zoneTime }) => (
          <li key={time}>
            <time dateTime={time}>{formatZoneTime(zoneTime)}</time>
            {!isSameClock && <span className="hint">{hereWords(time, zoneTime)} here</span>}
          </li>
        ))}
      </ol>
    </div>
  )
}

/** The day is told where it is another than in the policy's zone. */
function hereWords(time: string, zoneTime: string): string {
  return localDay(time) === zoneTime.slice(0, 10) ? formatHour(time) : formatTime(time)
}

function Horizons({ preview }: { readonly preview: Preview }) {
  return (
    <div className="preview-part">
      <h3 className="with-icon">
        <Layers aria-hidden />
        Points that will exist
      </h3>
      <table className="preview-table">
        <thead className="unseen">
          <tr>
            <th scope="col">In</th>
            <th scope="col">Points</th>
            <th scope="col">Which</th>
          </tr>
        </thead>
        <tbody>
          {preview.horizons.map((horizon) => (
            <tr key={horizon.in}>
              <th scope="row">in {horizon.in}</th>
              <td className="number">{formatCount(horizon.points)}</td>
              <td className="hint">{whichWords(horizon)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

/** `30 daily, 8 weekly, back to 27 Oct 2026`; a point may be several of these. */
function whichWords({ counts, oldest }: PreviewHorizon): string {
  const rules = ['daily', 'weekly', 'monthly', 'yearly'] as const
  const parts = rules.flatMap((rule) => (counts[rule] === undefined ? [] : [`${formatCount(counts[rule])} ${rule}`]))
  return [...parts, ...(oldest === null ? [] : [`back to ${formatDate(oldest)}`])].join(', ')
}
