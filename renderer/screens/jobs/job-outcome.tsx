/** How a job has ended, in one note. */
import { Link } from 'wouter'
import type { JobDocument } from '../../../agent-core/contract/index.ts'
import { jobPath } from '../../client/paths.ts'
import { countOf, formatDuration, formatSize } from '../../text/amounts.ts'
import { jobStateWords, jobTitle } from '../../text/words.ts'
import { ToneIcon } from '../../ui/tag.tsx'

export function JobOutcome({ job, isLinked = true }: { readonly job: JobDocument; readonly isLinked?: boolean }) {
  const { words, tone } = jobStateWords[job.state]
  return (
    <div className={`note note-${tone}`} role="status">
      <ToneIcon tone={tone} />
      <div>
        <strong>
          {jobTitle(job)}: {words.toLowerCase()}
        </strong>
        <p>{resultWords(job)}</p>
        {job.error && <p>{job.error.advice}</p>}
        {isLinked && <Link to={jobPath(job.id)}>Show the job</Link>}
      </div>
    </div>
  )
}

export function resultWords(job: JobDocument): string {
  const parts: string[] = []
  if (job.error) parts.push(job.error.message)
  else if (job.reason !== null) parts.push(`${job.reason[0]?.toUpperCase() ?? ''}${job.reason.slice(1)}.`)
  const { result, startedAt, finishedAt } = job
  if (result) {
    const { cleanUp } = result
    const facts =
      cleanUp === undefined
        ? [countOf(result.files, job.kind === 'verify' ? 'object' : 'file'), formatSize(result.bytes)]
        : [`${countOf(cleanUp.points, 'point')} went`, `${formatSize(cleanUp.deletedBytes)} came back`]
    if (result.storedBytes !== undefined) facts.push(`${formatSize(result.storedBytes)} stored`)
    if (result.warnings > 0) facts.push(countOf(result.warnings, 'warning'))
    if (result.damaged !== undefined && result.damaged > 0) facts.push(countOf(result.damaged, 'damaged object'))
    if (startedAt && finishedAt) facts.push(formatDuration((Date.parse(finishedAt) - Date.parse(startedAt)) / 1000))
    parts.push(facts.join(' · '))
  }
  return parts.join(' ')
}
