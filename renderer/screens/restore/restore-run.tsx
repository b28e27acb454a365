import type { JobId } from '../../../agent-core/contract/index.ts'
import { isLive } from '../../client/job-list.ts'
import { useAsk, useJob } from '../../client/use-agent.ts'
import { shell } from '../../platform/shell.ts'
import { Button } from '../../ui/button.tsx'
import { LiveJob } from '../../ui/live-job.tsx'
import { Loading } from '../../ui/notes.tsx'
import { JobOutcome } from '../jobs/job-outcome.tsx'
import { WarningGroups } from '../jobs/warning-groups.tsx'

interface RunProps {
  readonly job: JobId
  /** Into which it restores; undefined: where the files were. */
  readonly folder: string | undefined
  readonly onDone: () => void
}

/** A restore that was started: its progress, then its result. */
export function RestoreRun({ job: id, folder, onDone }: RunProps) {
  const job = useJob(id)
  const isOver = job !== undefined && !isLive(job)
  const details = useAsk(['job', id], async (agent) => await agent.showJob(id), { isWanted: isOver })
  if (job === undefined) return <Loading what="the restore" />
  return (
    <div className="stack">
      <h2>{isOver ? 'Result' : 'Restoring'}</h2>
      {isOver ? <JobOutcome job={job} /> : <LiveJob job={job} />}
      {job.state === 'completed' && <p className="hint">Every file was read back and compared after it was written.</p>}
      {details.answer && <WarningGroups groups={details.answer.warnings} />}
      {isOver && (
        <div className="row">
          {shell !== undefined && folder !== undefined && (
            <Button onPress={() => void shell?.reveal(folder)}>Show in the file manager</Button>
          )}
          <Button onPress={onDone}>Restore something else</Button>
        </div>
      )}
    </div>
  )
}
