/** A job that is under way: its phases, how far it is, how fast, how long it takes, and a way to stop it. */
import { Link } from 'wouter'
import type { JobDocument, Progress } from '../../agent-core/contract/index.ts'
import { type RateState, remainingSeconds, shareDone } from '../client/rate.ts'
import { useAct } from '../client/use-act.ts'
import { useAgent } from '../client/use-agent.ts'
import { countOf, formatCount, formatDuration, formatSize } from '../text/amounts.ts'
import { jobStateWords, jobTitle, phasesOf, phaseWords } from '../text/words.ts'
import { Button } from './button.tsx'
import { FileName } from './file-name.tsx'
import { ErrorNote } from './notes.tsx'
import { useRate } from './use-rate.ts'

export function LiveJob({ job, isTitled = true }: { readonly job: JobDocument; readonly isTitled?: boolean }) {
  const agent = useAgent()
  const rate = useRate(job.progress)
  const cancel = useAct(async () => void (await agent.cancelJob(job.id)))
  return (
    <div className="live">
      <div className="live-head">
        {isTitled ? <Link to={`/jobs/${job.id}`}>{jobTitle(job)}</Link> : <span>{jobStateWords[job.state].words}</span>}
        <Phases job={job} />
        <Button size="small" onPress={cancel.run} isBusy={cancel.isBusy} needsAgent label={`Cancel ${jobTitle(job)}`}>
          Cancel
        </Button>
      </div>
      <Bar label={jobTitle(job)} share={job.progress === null ? undefined : shareDone(job.progress)} />
      <p className="live-words">{progressWords(job, rate)}</p>
      {job.progress?.current !== undefined && (
        <p className="live-current hint">
          <FileName name={job.progress.current} />
        </p>
      )}
      <ErrorNote error={cancel.error} />
    </div>
  )
}

function Phases({ job }: { readonly job: JobDocument }) {
  const phases = phasesOf(job.kind)
  const now = job.progress?.phase
  if (phases.length < 2) return <span className="live-phases" />
  const at = now === undefined ? -1 : phases.indexOf(now)
  return (
    <ol className="live-phases" aria-label="Phases">
      {phases.map((phase, index) => (
        <li key={phase} className={classOf(index, at)} {...(index === at && { 'aria-current': 'step' as const })}>
          {phaseWords[phase]}
        </li>
      ))}
    </ol>
  )
}

function classOf(index: number, at: number): string {
  if (index === at) return 'phase-now'
  return index < at ? 'phase-done' : 'phase-ahead'
}

export function Bar({ label, share }: { readonly label: string; readonly share: number | undefined }) {
  const value = share === undefined ? {} : { 'aria-valuenow': Math.round(share * 100) }
  return (
    <div className="bar" role="progressbar" aria-label={label} aria-valuemin={0} aria-valuemax={100} {...value}>
      <div
        className={share === undefined ? 'bar-done bar-unknown' : 'bar-done'}
        style={share === undefined ? {} : { width: `${share * 100}%` }}
      />
    </div>
  )
}

function progressWords(job: JobDocument, rate: RateState | undefined): string {
  const { progress } = job
  if (job.state === 'queued') return 'Waits for the job before it.'
  if (progress === null) return job.reason ?? 'Begins.'
  if (progress.waitsFor === 'vault') return 'Waits until the vault takes what was captured.'
  const parts = [amountWords(progress)]
  if ((rate?.bytesPerSecond ?? 0) >= 1) parts.push(`${formatSize(rate?.bytesPerSecond ?? 0)}/s`)
  const seconds = remainingSeconds(progress, rate)
  if (seconds !== undefined) parts.push(seconds < 1 ? 'nearly done' : `${formatDuration(seconds)} left`)
  if (progress.warnings > 0) parts.push(countOf(progress.warnings, 'warning'))
  return parts.join(' · ')
}

function amountWords({ filesDone, filesExpected, bytesDone, bytesExpected }: Progress): string {
  const files =
    filesExpected === undefined
      ? countOf(filesDone, 'file')
      : `${formatCount(filesDone)} of ${countOf(filesExpected, 'file')}`
  if (bytesExpected === undefined) return bytesDone === 0 ? files : `${files}, ${formatSize(bytesDone)}`
  const bytes = `${formatSize(bytesDone)} of ${formatSize(bytesExpected)}`
  // What is sent to a vault is not counted in files.
  return filesDone === 0 && filesExpected === undefined ? bytes : `${files}, ${bytes}`
}
