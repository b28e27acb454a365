import { Link } from 'wouter'
import type { VaultDetails } from '../../../agent-core/contract/index.ts'
import { itemPath } from '../../client/paths.ts'
import { useAsk } from '../../client/use-agent.ts'
import { countOf, formatCount, formatSize, formatTime } from '../../text/amounts.ts'
import { FileName } from '../../ui/file-name.tsx'
import { ErrorNote, Loading, Note } from '../../ui/notes.tsx'
import { Facts, Page } from '../../ui/page.tsx'
import { CareSection } from './care-section.tsx'
import { SpaceBar } from './space-bar.tsx'
import { VerifySection } from './verify-section.tsx'

export function VaultPage({ name }: { readonly name: string }) {
  const { answer, error, isLoading, again } = useAsk(['vault', name], async (agent) => await agent.showVault(name))
  return (
    <Page title={name} above={{ to: '/vaults', title: 'Vaults' }}>
      <ErrorNote error={error} again={again} />
      {isLoading && <Loading what="the vault" lines={6} />}
      {answer && <Details vault={answer} />}
    </Page>
  )
}

function Details({ vault }: { readonly vault: VaultDetails }) {
  return (
    <>
      {vault.freeBytes !== undefined && <SpaceBar usedBytes={vault.storedBytes} freeBytes={vault.freeBytes} />}
      <Facts
        facts={[
          ['Where', <FileName key="a" name={vault.address} />],
          ['Computer', vault.machine],
          ['Points', formatCount(vault.points)],
          ['Objects', `${formatCount(vault.objects)}, ${formatSize(vault.storedBytes)}`],
          [
            'Items',
            vault.items.length === 0
              ? 'none'
              : vault.items.map((item, at) => (
                  <span key={item}>
                    {at > 0 && ', '}
                    <Link to={itemPath(item)}>{item}</Link>
                  </span>
                )),
          ],
          ...(vault.replica === undefined ? [] : [['Replica', replicaWords(vault.replica)] as const]),
          ['Its key is kept in', vault.secretPlace],
        ]}
      />
      <VerifySection vault={vault} />
      {vault.access === 'owner' ? (
        <CareSection vault={vault} />
      ) : (
        <Note title="This vault is read here only">
          Its points belong to {vault.machine}, and can be restored here.
        </Note>
      )}
    </>
  )
}

function replicaWords(replica: NonNullable<VaultDetails['replica']>) {
  const { behind, reason, completedAt } = replica
  return (
    <>
      <FileName name={replica.address} />
      <span className="hint">
        {reason === undefined ? '' : ` · ${reason}`}
        {behind === undefined ? '' : ` · ${countOf(behind.points, 'point')} behind`}
        {completedAt === null ? ' · never copied' : ` · copied ${formatTime(completedAt)}`}
      </span>
    </>
  )
}
