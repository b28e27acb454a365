import { Link } from 'wouter'
import type { VaultDetails } from '../../../agent-core/contract/index.ts'
import { itemPath } from '../../client/paths.ts'
import { useAsk } from '../../client/use-agent.ts'
import { formatCount, formatSize } from '../../text/amounts.ts'
import { Button } from '../../ui/button.tsx'
import { FileName } from '../../ui/file-name.tsx'
import { ErrorNote, Loading, Note } from '../../ui/notes.tsx'
import { Facts, Page } from '../../ui/page.tsx'
import { CareSection } from './care-section.tsx'
import { CleanUpSection } from './clean-up-section.tsx'
import { MachinesSection } from './machines-section.tsx'
import { ReplicaSection } from './replica-section.tsx'
import { SpaceBar } from './space-bar.tsx'
import { TrashSection } from './trash-section.tsx'
import { VerifySection } from './verify-section.tsx'

/** So many items are named. */
const mostItems = 20

export function VaultPage({ name }: { readonly name: string }) {
  const { answer, error, isLoading, again } = useAsk(['vault', name], async (agent) => await agent.showVault(name))
  return (
    <Page title={name} above={{ to: '/vaults', title: 'Vaults' }}>
      <ErrorNote error={error} again={again} />
      {isLoading && <Loading what="the vault" lines={6} />}
      {answer && <Details vault={answer} again={again} />}
    </Page>
  )
}

function Details({ vault, again }: { readonly vault: VaultDetails; readonly again: () => void }) {
  const isOwn = vault.access === 'owner'
  const { points, objects, storedBytes } = vault
  const isThere = vault.state === 'reachable'
  return (
    <>
      {!isThere && (
        <Note
          tone="warning"
          title="Its place cannot be reached"
          action={
            <Button size="small" onPress={again} needsAgent>
              Try again
            </Button>
          }
        >
          {vault.reason} This is what is known here.
        </Note>
      )}
      {vault.freeBytes !== undefined && storedBytes !== null && (
        <SpaceBar usedBytes={storedBytes} freeBytes={vault.freeBytes} />
      )}
      <Facts
        facts={[
          ['Where', <FileName key="a" name={vault.address} />],
          ['Computer', vault.machine],
          ...(points === null ? [] : [['Points', formatCount(points)] as const]),
          ...(vault.waitingPoints === 0
            ? []
            : [['Points that wait for it', formatCount(vault.waitingPoints)] as const]),
          ...(objects === null || storedBytes === null
            ? []
            : [['Objects', `${formatCount(objects)}, ${formatSize(storedBytes)}`] as const]),
          ['Items', <ItemLinks key="i" items={vault.items} />],
          ['Its key is kept in', vault.secretPlace],
        ]}
      />
      {!isOwn && (
        <Note title="This vault is read here only">
          Its points belong to {vault.machine}, and can be restored here.
        </Note>
      )}
      {vault.replica && <ReplicaSection vault={vault} replica={vault.replica} />}
      {isThere && <VerifySection vault={vault} />}
      {isOwn && isThere && (
        <>
          <MachinesSection vault={vault} />
          <TrashSection vault={vault} />
          <CleanUpSection vault={vault} />
          <CareSection vault={vault} />
        </>
      )}
    </>
  )
}

function ItemLinks({ items }: Pick<VaultDetails, 'items'>) {
  if (items.length === 0) return 'none'
  const more = items.length - mostItems
  return (
    <>
      {items.slice(0, mostItems).map((item, at) => (
        <span key={item}>
          {at > 0 && ', '}
          <Link to={itemPath(item)}>{item}</Link>
        </span>
      ))}
      {more > 0 && (
        <>
          {' and '}
          <Link to="/items">{formatCount(more)} more</Link>
        </>
      )}
    </>
  )
}
