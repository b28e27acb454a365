import { FolderPlus, Plus } from 'lucide-react'
import { useState } from 'react'
import type { OverviewDocument } from '../../../agent-core/contract/index.ts'
import { useNow, useOverview } from '../../client/use-agent.ts'
import { formatAge, formatAhead } from '../../text/amounts.ts'
import { Button, ButtonLink } from '../../ui/button.tsx'
import { EmptyState, ErrorNote, Loading } from '../../ui/notes.tsx'
import { Page } from '../../ui/page.tsx'
import { ToneIcon } from '../../ui/tag.tsx'
import { DamageNotes } from './damage-notes.tsx'
import { ItemCard } from './item-card.tsx'
import { PauseNote } from './pause-note.tsx'
import { summarize, urgentFirst } from './summary.ts'

/** To draw hundreds of cards takes seconds. */
const pageSize = 50

export function OverviewPage() {
  const { value, error } = useOverview()
  return (
    <Page
      title="Overview"
      width="wide"
      actions={
        <ButtonLink to="/protect" icon={<Plus aria-hidden />}>
          Protect folders
        </ButtonLink>
      }
    >
      <ErrorNote error={error} />
      {value === undefined ? (
        error === undefined && <Loading what="the overview" lines={5} />
      ) : (
        <Items overview={value} />
      )}
    </Page>
  )
}

function Items({ overview }: { readonly overview: OverviewDocument }) {
  const nowMs = useNow()
  const [shown, setShown] = useState(pageSize)
  const { items, pausedUntil } = overview
  if (items.length === 0) {
    return (
      <EmptyState
        icon={<FolderPlus aria-hidden />}
        title="Nothing is protected yet"
        actions={
          <ButtonLink to="/protect" look="primary">
            Protect folders
          </ButtonLink>
        }
      >
        Choose folders of this computer; they are backed up into a vault.
      </EmptyState>
    )
  }
  const { tone, words } = summarize(items, overview.damage)
  const last = newest(items.map(({ lastConfirmedAt }) => lastConfirmedAt))
  const next = soonest(items.map(({ nextRunAt }) => nextRunAt))
  const ordered = items.length > pageSize ? urgentFirst(items) : items
  return (
    <>
      <div className={`summary summary-${tone}`}>
        <ToneIcon tone={tone} />
        <div>
          <strong role="status">{words}</strong>
          <p>
            {last === undefined ? 'No vault has confirmed a point yet' : `Last good point ${formatAge(nowMs - last)}`}
            {next === undefined || pausedUntil !== null ? '' : ` · next run ${formatAhead(next - nowMs)}`}
          </p>
        </div>
      </div>
      <DamageNotes damage={overview.damage} />
      <PauseNote pausedUntil={pausedUntil} />
      <ul className="cards">
        {ordered.slice(0, shown).map((item) => (
          <ItemCard key={item.item} item={item} isPaused={pausedUntil !== null} nowMs={nowMs} />
        ))}
      </ul>
      {items.length > shown && (
        <Button onPress={() => setShown(shown + pageSize)}>Show {Math.min(pageSize, items.length - shown)} more</Button>
      )}
    </>
  )
}

function newest(times: readonly (string | null)[]): number | undefined {
  const known = times.flatMap((time) => (time === null ? [] : [Date.parse(time)]))
  return known.length === 0 ? undefined : Math.max(...known)
}

function soonest(times: readonly (string | null)[]): number | undefined {
  const known = times.flatMap((time) => (time === null ? [] : [Date.parse(time)]))
  return known.length === 0 ? undefined : Math.min(...known)
}
