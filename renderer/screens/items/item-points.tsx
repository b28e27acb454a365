/** The points of an item: where each is, until when it is kept, and what can be done with it. */
import { useQueryClient } from '@tanstack/react-query'
import { MoreHorizontal } from 'lucide-react'
import { Button as AriaButton, Menu, MenuItem, MenuTrigger, Popover } from 'react-aria-components'
import { Link } from 'wouter'
import type { ItemDocument, PointDocument } from '../../../agent-core/contract/index.ts'
import { restorePath } from '../../client/paths.ts'
import { type Act, useAct } from '../../client/use-act.ts'
import { useAgent, useAsk } from '../../client/use-agent.ts'
import { formatCount, formatDate, formatSize, formatTime } from '../../text/amounts.ts'
import { tierWords } from '../../text/words.ts'
import { ErrorNote, Loading } from '../../ui/notes.tsx'
import { Section } from '../../ui/page.tsx'
import { Tag } from '../../ui/tag.tsx'

const shownPoints = 50

type PointAct = 'hold' | 'release' | 'delete' | 'undelete'

export function ItemPoints({ item }: { readonly item: ItemDocument }) {
  const agent = useAgent()
  const queries = useQueryClient()
  const { answer, error, isLoading, again } = useAsk(
    ['points', item.name],
    async (asked) => await asked.listPoints(item.name),
  )
  const act = useAct(async (_signal, kind: PointAct, point: PointDocument) => {
    if (kind === 'hold') await agent.holdPoint(item.name, point.id, undefined)
    else if (kind === 'release') await agent.releasePoint(item.name, point.id, undefined)
    else if (kind === 'delete') await agent.deletePoint(item.name, point.id, undefined)
    else await agent.undeletePoint(item.name, point.id)
    await queries.invalidateQueries()
  })
  const newest = answer?.toReversed().slice(0, shownPoints) ?? []
  return (
    <Section title="Points">
      <ErrorNote error={error} again={again} />
      <ErrorNote error={act.error} />
      {isLoading && <Loading what="points" />}
      {answer?.length === 0 && <p className="hint">None yet. The first backup makes one.</p>}
      {newest.length > 0 && <PointTable item={item} points={newest} act={act} />}
      {answer && answer.length > shownPoints && (
        <p className="hint">
          The newest {shownPoints} of {formatCount(answer.length)}. All of them are in{' '}
          <Link to={restorePath(item.name)}>Restore</Link>.
        </p>
      )}
    </Section>
  )
}

interface TableProps {
  readonly item: ItemDocument
  readonly points: readonly PointDocument[]
  readonly act: Act<[PointAct, PointDocument]>
}

function PointTable({ item, points, act }: TableProps) {
  return (
    <div className="table-box">
      <table className="table">
        <thead>
          <tr>
            <th scope="col">Point</th>
            <th scope="col" className="number">
              Files
            </th>
            <th scope="col" className="number">
              Size
            </th>
            <th scope="col" className="number">
              New
            </th>
            <th scope="col">Where</th>
            <th scope="col">Kept until</th>
            <td />
          </tr>
        </thead>
        <tbody>
          {points.map((point) => (
            <tr key={point.id}>
              <th scope="row">
                <Link to={restorePath(item.name, point.id)}>{formatTime(point.time)}</Link>
                {point.partial && <Tag tone="warning">partial</Tag>}
                {point.held && <Tag tone="busy">held</Tag>}
                {point.deleted !== null && <Tag tone="bad">in the trash</Tag>}
              </th>
              <td className="number">{formatCount(point.files)}</td>
              <td className="number">{formatSize(point.bytes.total)}</td>
              <td className="number">{formatSize(point.bytes.new)}</td>
              <td>
                <span className="tags">
                  {point.tiers.map((tier) => (
                    <Tag key={tier} tone={tier === 'vault' ? 'good' : 'quiet'}>
                      {tierWords[tier]}
                    </Tag>
                  ))}
                </span>
              </td>
              <td className="hint">{keptWords(point)}</td>
              <td className="menu-cell">{item.access === 'owner' && <PointMenu point={point} act={act} />}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function keptWords({ deleted, held, keptUntil }: PointDocument): string {
  if (deleted !== null) return formatDate(deleted.until)
  if (held) return 'released'
  return keptUntil === null ? 'no date' : formatDate(keptUntil)
}

function PointMenu({ point, act }: { readonly point: PointDocument; readonly act: TableProps['act'] }) {
  const acts: readonly (readonly [PointAct, string])[] =
    point.deleted === null
      ? [
          point.held ? ['release', 'Release it'] : ['hold', 'Hold it: keep it whatever happens'],
          ['delete', 'Delete it'],
        ]
      : [['undelete', 'Bring it back']]
  return (
    <MenuTrigger>
      <AriaButton className="icon-button" aria-label={`What to do with the point of ${formatTime(point.time)}`}>
        <MoreHorizontal aria-hidden />
      </AriaButton>
      <Popover className="popover" placement="bottom end">
        <Menu className="menu" onAction={(kind) => act.run(kind as PointAct, point)}>
          {acts.map(([kind, words]) => (
            <MenuItem key={kind} id={kind} className="menu-item">
              {words}
            </MenuItem>
          ))}
        </Menu>
      </Popover>
    </MenuTrigger>
  )
}
