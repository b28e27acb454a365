import { History, Play } from 'lucide-react'
import { Link } from 'wouter'
import type { ItemOverview } from '../../../agent-core/contract/index.ts'
import { itemPath, restorePath } from '../../client/paths.ts'
import { useAct } from '../../client/use-act.ts'
import { useAgent } from '../../client/use-agent.ts'
import { formatAge, formatAhead, formatTime } from '../../text/amounts.ts'
import { protectionWords, tierWords } from '../../text/words.ts'
import { Button, ButtonLink } from '../../ui/button.tsx'
import { DayStrip } from '../../ui/day-strip.tsx'
import { GrowthChart } from '../../ui/growth-chart.tsx'
import { LiveJob } from '../../ui/live-job.tsx'
import { ErrorNote } from '../../ui/notes.tsx'
import { Tag, ToneIcon } from '../../ui/tag.tsx'

interface CardProps {
  readonly item: ItemOverview
  readonly isPaused: boolean
  readonly nowMs: number
}

export function ItemCard({ item, isPaused, nowMs }: CardProps) {
  const agent = useAgent()
  const start = useAct(async () => void (await agent.startBackup(item.item, { accept: false })))
  const { words, tone } = protectionWords[item.protection]
  return (
    <li className="card item-card">
      <div className="item-head">
        <ToneIcon tone={tone} />
        <div className="item-name">
          <h2>
            <Link to={itemPath(item.item)}>{item.item}</Link>
          </h2>
          <p>
            {words}
            {item.reason !== '' && item.protection !== 'never' && <span className="hint"> · {item.reason}</span>}
          </p>
        </div>
        <div className="row">
          {item.lastPoint !== null && (
            <ButtonLink to={restorePath(item.item)} icon={<History aria-hidden />}>
              Restore…
            </ButtonLink>
          )}
          <Button
            onPress={start.run}
            isBusy={start.isBusy}
            isDisabled={item.liveJob !== null}
            needsAgent
            icon={<Play aria-hidden />}
            label={`Back up ${item.item} now`}
          >
            Back up now
          </Button>
        </div>
      </div>
      <ErrorNote error={start.error} />
      {item.liveJob && <LiveJob job={item.liveJob} />}
      <ItemFacts item={item} isPaused={isPaused} nowMs={nowMs} />
    </li>
  )
}

function ItemFacts({ item, isPaused, nowMs }: CardProps) {
  const { lastPoint, lastConfirmedAt, nextRunAt } = item
  // What no vault has is no good point yet: it is shown beside the last one that is.
  const waits = lastPoint !== null && !lastPoint.tiers.includes('vault')
  return (
    <div className="item-facts">
      <dl>
        <div>
          <dt>Last good point</dt>
          <dd>
            {lastConfirmedAt === null ? 'none yet' : <Age time={lastConfirmedAt} nowMs={nowMs} />}
            {lastPoint !== null && !waits && <Tiers tiers={lastPoint.tiers} />}
          </dd>
        </div>
        {lastPoint !== null && waits && (
          <div>
            <dt>Newest point</dt>
            <dd>
              <Age time={lastPoint.time} nowMs={nowMs} />
              <Tiers tiers={lastPoint.tiers} />
            </dd>
          </div>
        )}
        <div>
          <dt>Next run</dt>
          <dd>{nextWords(nextRunAt, isPaused, nowMs)}</dd>
        </div>
        <div>
          <dt>{item.vaults.length === 1 ? 'Vault' : 'Vaults'}</dt>
          <dd>{item.vaults.join(', ')}</dd>
        </div>
      </dl>
      <div className="item-strip">
        <p className="hint">Last 30 days</p>
        <DayStrip days={item.days} />
      </div>
      <div className="item-growth">
        <p className="hint">Size</p>
        <GrowthChart sizes={item.sizes} />
      </div>
    </div>
  )
}

function Age({ time, nowMs }: { readonly time: string; readonly nowMs: number }) {
  return (
    <time dateTime={time} title={formatTime(time)}>
      {formatAge(nowMs - Date.parse(time))}
    </time>
  )
}

function Tiers({ tiers }: Pick<NonNullable<ItemOverview['lastPoint']>, 'tiers'>) {
  return (
    <span className="tags">
      {tiers.map((tier) => (
        <Tag key={tier} tone={tier === 'vault' ? 'good' : 'quiet'}>
          {tierWords[tier]}
        </Tag>
      ))}
    </span>
  )
}

function nextWords(nextRunAt: string | null, isPaused: boolean, nowMs: number) {
  if (nextRunAt === null) return 'when you ask'
  if (isPaused) return 'paused'
  return (
    <time dateTime={nextRunAt} title={formatTime(nextRunAt)}>
      {formatAhead(Date.parse(nextRunAt) - nowMs)}
    </time>
  )
}
