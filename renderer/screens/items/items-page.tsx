import { FolderPlus, Plus } from 'lucide-react'
import { Link } from 'wouter'
import { type ItemDocument, type PolicyDocument, scheduleWords } from '../../../agent-core/contract/index.ts'
import { itemPath } from '../../client/paths.ts'
import { useAsk, useNow } from '../../client/use-agent.ts'
import { countOf, formatAge, formatSize } from '../../text/amounts.ts'
import { ButtonLink } from '../../ui/button.tsx'
import { FileName } from '../../ui/file-name.tsx'
import { EmptyState, ErrorNote, Loading } from '../../ui/notes.tsx'
import { Page } from '../../ui/page.tsx'
import { Tag } from '../../ui/tag.tsx'

export function ItemsPage() {
  const { answer, error, isLoading, again } = useAsk(['items'], async (agent) => await agent.listItems())
  const policies = useAsk(['policies'], async (agent) => await agent.listPolicies()).answer ?? []
  const nowMs = useNow()
  const protect = (look: 'primary' | 'plain') => (
    <ButtonLink to="/protect" look={look} icon={<Plus aria-hidden />}>
      Protect folders
    </ButtonLink>
  )
  return (
    <Page title="Items" width="wide" actions={answer !== undefined && answer.length > 0 && protect('plain')}>
      <ErrorNote error={error} again={again} />
      {isLoading && <Loading what="items" />}
      {answer?.length === 0 && (
        <EmptyState icon={<FolderPlus aria-hidden />} title="Nothing is protected yet" actions={protect('primary')}>
          An item is a set of folders that are backed up and restored together.
        </EmptyState>
      )}
      {answer && answer.length > 0 && (
        <div className="table-box">
          <table className="table">
            <thead>
              <tr>
                <th scope="col">Item</th>
                <th scope="col">Folders</th>
                <th scope="col">Backed up</th>
                <th scope="col">Vault</th>
                <th scope="col">Last point</th>
              </tr>
            </thead>
            <tbody>
              {answer.map((item) => (
                <ItemLine
                  key={item.id}
                  item={item}
                  nowMs={nowMs}
                  policy={policies.find(({ name }) => name === item.policy)}
                />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Page>
  )
}

function ItemLine(props: {
  readonly item: ItemDocument
  readonly policy: PolicyDocument | undefined
  readonly nowMs: number
}) {
  const { item, policy, nowMs } = props
  const [first] = item.folders
  return (
    <tr>
      <th scope="row">
        <Link to={itemPath(item.name)}>{item.name}</Link>
        {item.access === 'read-only' && <Tag>from {item.machine}</Tag>}
      </th>
      <td>
        {first && <FileName name={first.path} />}
        {item.folders.length > 1 && (
          <span className="hint"> and {countOf(item.folders.length - 1, 'more', 'more')}</span>
        )}
      </td>
      <td>{item.access === 'owner' && policy && whenWords(item, policy)}</td>
      <td>
        {item.vaults.map(({ name, behind }) => (
          <span key={name}>
            {name}
            {behind.points > 0 && <span className="hint">, {formatSize(behind.bytes)} wait</span>}
          </span>
        ))}
      </td>
      <td>
        {item.lastPoint === null
          ? item.lastPointUnknown === true
            ? 'not known'
            : 'none yet'
          : formatAge(nowMs - Date.parse(item.lastPoint.time))}
      </td>
    </tr>
  )
}

function whenWords({ stopped }: ItemDocument, { schedule }: PolicyDocument): string {
  return stopped === null ? scheduleWords(schedule) : 'no more: it is stopped'
}
