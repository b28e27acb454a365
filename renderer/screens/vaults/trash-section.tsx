/** The points of a vault that are in its trash, and the way back. */
import { useQueryClient } from '@tanstack/react-query'
import { Undo2 } from 'lucide-react'
import { useState } from 'react'
import { Link } from 'wouter'
import type { PointDocument, VaultDetails, VerbMethods } from '../../../agent-core/contract/index.ts'
import { itemPath } from '../../client/paths.ts'
import { useAct } from '../../client/use-act.ts'
import { useAgent, useAsk } from '../../client/use-agent.ts'
import { countOf, formatDate, formatSize, formatTime } from '../../text/amounts.ts'
import { Button } from '../../ui/button.tsx'
import { ErrorNote, Loading } from '../../ui/notes.tsx'
import { Section } from '../../ui/page.tsx'

const shownPoints = 100
/** Of more items the points are not asked for by themselves: the agent reads them item by item. */
const mostAsked = 50

interface DeletedPoint {
  readonly item: string
  readonly point: PointDocument & { readonly deleted: NonNullable<PointDocument['deleted']> }
}

export function TrashSection({ vault }: { readonly vault: VaultDetails }) {
  const agent = useAgent()
  const queries = useQueryClient()
  const [isWanted, setIsWanted] = useState(vault.items.length <= mostAsked)
  const { answer, error, isLoading, again } = useAsk(
    ['trash', vault.name, vault.items],
    async (asked) => await deletedPoints(asked, vault.items),
    { isWanted },
  )
  const bringBack = useAct(async (_signal, { item, point }: DeletedPoint) => {
    await agent.undeletePoint(item, point.id)
    await queries.invalidateQueries()
  })
  return (
    <Section title="Trash" lead="Deleted points wait here before a clean-up may take them.">
      <ErrorNote error={error} again={again} />
      <ErrorNote error={bringBack.error} />
      {!isWanted && (
        <div className="row">
          <Button onPress={() => setIsWanted(true)} needsAgent>
            Look into {countOf(vault.items.length, 'item')}
          </Button>
        </div>
      )}
      {isWanted && isLoading && <Loading what="deleted points" lines={2} />}
      {answer?.length === 0 && <p className="hint">It is empty.</p>}
      {answer && answer.length > 0 && (
        <ul className="list-box" aria-label="Deleted points">
          {answer.slice(0, shownPoints).map((deleted) => (
            <Line key={deleted.point.id} deleted={deleted} isBusy={bringBack.isBusy} onBringBack={bringBack.run} />
          ))}
        </ul>
      )}
      {answer && answer.length > shownPoints && (
        <p className="hint">
          The newest {shownPoints} of {countOf(answer.length, 'point')}; the others stand with their items.
        </p>
      )}
    </Section>
  )
}

function Line(props: {
  readonly deleted: DeletedPoint
  readonly isBusy: boolean
  readonly onBringBack: (deleted: DeletedPoint) => void
}) {
  const { item, point } = props.deleted
  const { until, who, reason } = point.deleted
  return (
    <li className="list-line">
      <span className="list-words">
        <Link to={itemPath(item)}>{item}</Link> of {formatTime(point.time)}, {formatSize(point.bytes.total)}
        <span className="hint">
          {' '}
          · until {formatDate(until)}, deleted by {who}
          {reason === null ? '' : `: ${reason}`}
        </span>
      </span>
      <Button
        size="small"
        icon={<Undo2 aria-hidden />}
        label={`Bring back the point of ${formatTime(point.time)}`}
        onPress={() => props.onBringBack(props.deleted)}
        isDisabled={props.isBusy}
        needsAgent
      >
        Bring back
      </Button>
    </li>
  )
}

/** Newest first. */
async function deletedPoints(agent: VerbMethods, items: readonly string[]): Promise<readonly DeletedPoint[]> {
  const found: DeletedPoint[] = []
  for (const item of items) {
    for (const point of await agent.listPoints(item)) {
      if (point.deleted !== null) found.push({ item, point: { ...point, deleted: point.deleted } })
    }
  }
  return found.toSorted((a, b) => b.point.time.localeCompare(a.point.time))
}
