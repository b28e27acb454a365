import { CopyCheck } from 'lucide-react'
import type { ReplicaDocument, VaultDetails } from '../../../agent-core/contract/index.ts'
import { useAct } from '../../client/use-act.ts'
import { useAgent } from '../../client/use-agent.ts'
import { countOf, formatDuration, formatSize, formatTime } from '../../text/amounts.ts'
import { Button } from '../../ui/button.tsx'
import { FileName } from '../../ui/file-name.tsx'
import { LiveJob } from '../../ui/live-job.tsx'
import { ErrorNote, Note } from '../../ui/notes.tsx'
import { Facts, Section } from '../../ui/page.tsx'
import { JobOutcome } from '../jobs/job-outcome.tsx'
import { useVaultJob } from './use-vault-job.ts'

/** The second place of a vault: how far it is behind, and a way to bring it up to date now. */
export function ReplicaSection(props: { readonly vault: VaultDetails; readonly replica: ReplicaDocument }) {
  const { vault, replica } = props
  const agent = useAgent()
  const { live, last } = useVaultJob('replicate', vault.name)
  const start = useAct(async () => void (await agent.startReplication(vault.name)))
  return (
    <Section title="Replica" lead="A second copy of this vault, at another place.">
      <ErrorNote error={start.error} />
      {replica.reason !== undefined && <Note tone="warning" title={replica.reason} />}
      <Facts
        facts={[
          ['Where', <FileName key="a" name={replica.address} />],
          ['Behind', behindWords(replica)],
          ['Last copied', replica.completedAt === null ? 'never' : formatTime(replica.completedAt)],
          ['Due', replica.isDue ? 'now' : `every ${formatDuration(replica.everyMs / 1000)}`],
        ]}
      />
      {live === undefined && last && last.state !== 'completed' && <JobOutcome job={last} />}
      {live ? (
        <div className="card">
          <LiveJob job={live} />
        </div>
      ) : (
        vault.access === 'owner' && (
          <div className="row">
            <Button icon={<CopyCheck aria-hidden />} onPress={start.run} isBusy={start.isBusy} needsAgent>
              Copy now
            </Button>
          </div>
        )
      )}
    </Section>
  )
}

function behindWords({ behind }: ReplicaDocument): string {
  if (behind === undefined) return 'not known'
  if (behind.points === 0 && behind.bytes === 0) return 'nothing: it holds all that the vault holds'
  return `${countOf(behind.points, 'point')}, ${formatSize(behind.bytes)}`
}
