import { ShieldCheck } from 'lucide-react'
import { useState } from 'react'
import { Link } from 'wouter'
import type { JobDocument, VaultDetails, VerifyLevel } from '../../../agent-core/contract/index.ts'
import { jobPath } from '../../client/paths.ts'
import { useAct } from '../../client/use-act.ts'
import { useAgent, useAsk } from '../../client/use-agent.ts'
import { countOf, formatSize, formatTime } from '../../text/amounts.ts'
import { Button } from '../../ui/button.tsx'
import { Choice, Tick } from '../../ui/fields.tsx'
import { LiveJob } from '../../ui/live-job.tsx'
import { ErrorNote, Note } from '../../ui/notes.tsx'
import { Section } from '../../ui/page.tsx'
import { JobOutcome } from '../jobs/job-outcome.tsx'
import { WarningGroups } from '../jobs/warning-groups.tsx'
import { useVaultJob } from './use-vault-job.ts'

const levels: readonly { readonly value: VerifyLevel; readonly title: string; readonly words: string }[] = [
  { value: 'listing', title: 'Look', words: 'Is everything there, in its size? Seconds.' },
  { value: 'open', title: 'Read what is due', words: 'Chunk files whose turn it is are read and opened.' },
  { value: 'restore', title: 'And restore a sample', words: 'Some files are restored for real, and compared.' },
]

export function VerifySection({ vault }: { readonly vault: VaultDetails }) {
  const agent = useAgent()
  const [level, setLevel] = useState<VerifyLevel>('open')
  const [heals, setHeals] = useState(false)
  const { live, last } = useVaultJob('verify', vault.name)
  const verify = useAct(async () => void (await agent.startVerify(vault.name, { level, ...(heals && { heal: true }) })))
  return (
    <Section title="Verification" lead={leadOf(vault)}>
      <ErrorNote error={verify.error} />
      {live === undefined && last && <LastVerification job={last} />}
      {live ? (
        <div className="card">
          <LiveJob job={live} />
        </div>
      ) : (
        <>
          <Choice label="How deep" look="grid" value={level} options={levels} onChange={setLevel} />
          {vault.access === 'owner' && (
            <Tick
              isOn={heals}
              onChange={setHeals}
              hint="From the cache, a replica, another vault, or the protected files themselves."
            >
              Mend what can be mended
            </Tick>
          )}
          <div className="row">
            <Button icon={<ShieldCheck aria-hidden />} onPress={verify.run} isBusy={verify.isBusy} needsAgent>
              Verify now
            </Button>
          </div>
        </>
      )}
    </Section>
  )
}

function leadOf({ oldestUnverified: oldest }: VaultDetails): string {
  if (oldest === null) return 'Nothing is stored yet.'
  const since = countOf(oldest.days, 'day')
  if (oldest.everVerified) {
    return oldest.days === 0
      ? 'Everything was read and proven today.'
      : `Everything was read and proven within the last ${since}.`
  }
  return `Some data was never read back; the oldest lies there ${oldest.days === 0 ? 'since today' : `for ${since}`}.`
}

function LastVerification({ job }: { readonly job: JobDocument }) {
  const { result, finishedAt } = job
  const isDamaged = (result?.damaged ?? 0) > 0
  const { answer } = useAsk(['job', job.id, 'damage'], async (agent) => await agent.showJob(job.id), {
    isWanted: isDamaged,
  })
  if (result?.damaged === undefined) return <JobOutcome job={job} />
  const open = answer?.warnings.filter(({ code }) => code === 'vault.damaged') ?? []
  const looked = `${countOf(result.files, 'object')} looked at, ${formatSize(result.bytes)} read.`
  return (
    <>
      <Note
        tone={isDamaged && open.length > 0 ? 'warning' : 'good'}
        title={titleOf(result.damaged, open.length)}
        action={<Link to={jobPath(job.id)}>Show the job</Link>}
      >
        {`${finishedAt === null ? '' : `${formatTime(finishedAt)}: `}${looked}`}
      </Note>
      {open.length > 0 && <WarningGroups groups={open} />}
    </>
  )
}

function titleOf(damaged: number, open: number): string {
  if (damaged === 0) return 'No damage was found'
  if (open === 0) return 'No damage is left that matters'
  return `${countOf(open, 'object')} of the vault ${open === 1 ? 'is' : 'are'} damaged`
}
