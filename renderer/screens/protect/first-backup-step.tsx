import { useEffect, useState } from 'react'
import type { JobId } from '../../../agent-core/contract/index.ts'
import { isLive } from '../../client/job-list.ts'
import { useAct } from '../../client/use-act.ts'
import { useAgent, useJob } from '../../client/use-agent.ts'
import { ButtonLink } from '../../ui/button.tsx'
import { LiveJob } from '../../ui/live-job.tsx'
import { ErrorNote, Loading } from '../../ui/notes.tsx'
import { JobOutcome } from '../jobs/job-outcome.tsx'

/** Starts the first backup and shows it; it goes on when the page is left. */
export function FirstBackupStep({ item }: { readonly item: string }) {
  const agent = useAgent()
  const [id, setId] = useState<JobId>()
  const job = useJob(id)
  const start = useAct(async () => setId((await agent.startBackup(item, { accept: false })).id))
  const { run } = start
  useEffect(() => run(), [run])
  return (
    <div className="stack">
      <ErrorNote error={start.error} again={run} />
      {job === undefined && start.error === undefined && <Loading what="the backup" />}
      {job && (isLive(job) ? <LiveJob job={job} isTitled={false} /> : <JobOutcome job={job} />)}
      {job && isLive(job) && <p className="hint">You can close this window: the backup goes on in the background.</p>}
      <div className="wizard-actions">
        <ButtonLink to="/" look="primary">
          Go to the overview
        </ButtonLink>
      </div>
    </div>
  )
}
