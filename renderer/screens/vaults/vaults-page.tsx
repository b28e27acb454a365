import { HardDrive, Link2, Plus } from 'lucide-react'
import { Link } from 'wouter'
import { vaultPath } from '../../client/paths.ts'
import { useAsk } from '../../client/use-agent.ts'
import { ButtonLink } from '../../ui/button.tsx'
import { FileName } from '../../ui/file-name.tsx'
import { EmptyState, ErrorNote, Loading } from '../../ui/notes.tsx'
import { Page } from '../../ui/page.tsx'
import { Tag, ToneIcon } from '../../ui/tag.tsx'

export function VaultsPage() {
  const { answer, error, isLoading, again } = useAsk(['vaults'], async (agent) => await agent.listVaults())
  const actions = (
    <>
      <ButtonLink to="/connect" icon={<Link2 aria-hidden />}>
        Connect a vault
      </ButtonLink>
      <ButtonLink to="/vaults-new" icon={<Plus aria-hidden />}>
        New vault
      </ButtonLink>
    </>
  )
  return (
    <Page title="Vaults" actions={answer !== undefined && answer.length > 0 && actions}>
      <ErrorNote error={error} again={again} />
      {isLoading && <Loading what="vaults" />}
      {answer?.length === 0 && (
        <EmptyState icon={<HardDrive aria-hidden />} title="No vault is known here" actions={actions}>
          A vault keeps the points: a folder on another disk or a share, or a bucket of an S3 server.
        </EmptyState>
      )}
      {answer && answer.length > 0 && (
        <ul className="cards">
          {answer.map((vault) => (
            <li key={vault.id} className="card line-card">
              <ToneIcon tone={vault.state === 'reachable' ? 'good' : 'warning'} />
              <div className="line-words">
                <h2>
                  <Link to={vaultPath(vault.name)}>{vault.name}</Link>
                </h2>
                <p className="hint">
                  <FileName name={vault.address} />
                </p>
                {vault.reason !== undefined && <p>{vault.reason}</p>}
              </div>
              {vault.access === 'read-only' && <Tag>read only, {vault.machine}</Tag>}
            </li>
          ))}
        </ul>
      )}
    </Page>
  )
}
