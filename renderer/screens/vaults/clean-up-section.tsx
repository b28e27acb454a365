import { Eraser } from 'lucide-react'
import { useState } from 'react'
import { Link } from 'wouter'
import type { JobDocument, PruneDocument, VaultDetails } from '../../../agent-core/contract/index.ts'
import { jobPath } from '../../client/paths.ts'
import { useAct } from '../../client/use-act.ts'
import { useAgent } from '../../client/use-agent.ts'
import { countOf, formatDate, formatSize, formatTime } from '../../text/amounts.ts'
import { Button } from '../../ui/button.tsx'
import { LiveJob } from '../../ui/live-job.tsx'
import { ErrorNote, Note } from '../../ui/notes.tsx'
import { Section } from '../../ui/page.tsx'
import { JobOutcome } from '../jobs/job-outcome.tsx'
import { useVaultJob } from './use-vault-job.ts'

/** Room comes back: first what a clean-up would do, then the clean-up, as a job. */
export function CleanUpSection({ vault }: { readonly vault: VaultDetails }) {
  const agent = useAgent()
  const [plan, setPlan] = useState<PruneDocument>()
  const { live, last } = useVaultJob('prune', vault.name, tookAway)
  const look = useAct(async (signal) => setPlan(await agent.pruneVault(vault.name, { plan: true }, { signal })))
  const start = useAct(async () => {
    await agent.startPrune(vault.name, {})
    setPlan(undefined)
  })
  // What only looks is a job too, but nothing to show here.
  const running = look.isBusy ? undefined : live
  return (
    <Section
      title="Clean-up"
      lead="Points that nothing keeps any more go, and the room that only they took comes back."
    >
      <ErrorNote error={look.error} />
      <ErrorNote error={start.error} />
      {running === undefined && plan === undefined && last && <LastCleanUp job={last} />}
      {plan && running === undefined && <Plan plan={plan} />}
      {running ? (
        <div className="card">
          <LiveJob job={running} />
        </div>
      ) : (
        <div className="row">
          {plan && isNeeded(plan) ? (
            <>
              <Button look="primary" onPress={start.run} isBusy={start.isBusy} needsAgent>
                Clean up now
              </Button>
              <Button onPress={() => setPlan(undefined)}>Not now</Button>
            </>
          ) : (
            <Button icon={<Eraser aria-hidden />} onPress={look.run} isBusy={look.isBusy} needsAgent>
              Look what would go…
            </Button>
          )}
        </div>
      )}
    </Section>
  )
}

/** A clean-up that was only planned has ended well and tells nothing. */
function tookAway({ state, result }: JobDocument): boolean {
  return state !== 'completed' || result?.cleanUp !== undefined
}

function isNeeded({ points, announced, waiting }: PruneDocument): boolean {
  return points.length > 0 || announced.files > 0 || waiting.files > 0
}

function Plan({ plan }: { readonly plan: PruneDocument }) {
  if (!isNeeded(plan)) return <Note tone="good" title="There is nothing to clean up" />
  const frees = formatSize(Math.max(0, plan.bytes.now - plan.bytes.afterGrace))
  const points = `${countOf(plan.points.length, 'point')} that nothing keeps any more would go`
  const due = plan.announced.due ?? plan.waiting.due
  return (
    <Note title={plan.points.length > 0 ? points : 'No point would go; room that nothing needs comes back'}>
      {`${frees} come back${due === null ? '' : `, but not before ${formatDate(due)}: until then a backup elsewhere may still need them`}.`}
      {plan.refusal === null ? '' : ` ${plan.refusal}`}
      {plan.remarks.map((remark) => ` ${remark}`)}
    </Note>
  )
}

function LastCleanUp({ job }: { readonly job: JobDocument }) {
  const cleanUp = job.result?.cleanUp
  if (cleanUp === undefined) return <JobOutcome job={job} />
  const { points, deletedBytes, announcedBytes, due } = cleanUp
  const rooms = [
    ...(deletedBytes > 0 ? [`${formatSize(deletedBytes)} came back`] : []),
    ...(announcedBytes > 0 && due !== null ? [`${formatSize(announcedBytes)} come back after ${formatDate(due)}`] : []),
  ]
  return (
    <Note
      tone="good"
      title={points === 0 ? 'Cleaned up' : `${countOf(points, 'point')} went`}
      action={<Link to={jobPath(job.id)}>Show the job</Link>}
    >
      {`${job.finishedAt === null ? '' : `${formatTime(job.finishedAt)}: `}${rooms.length === 0 ? 'all room is needed' : rooms.join(', ')}.`}
    </Note>
  )
}
