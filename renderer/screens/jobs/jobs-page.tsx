import { ListChecks } from 'lucide-react'
import { useMemo, useState } from 'react'
import { Link } from 'wouter'
import type { JobDocument, JobKind, JobState } from '../../../agent-core/contract/index.ts'
import { isLive, mergeJobs } from '../../client/job-list.ts'
import { jobPath } from '../../client/paths.ts'
import { useAsk, useJobs } from '../../client/use-agent.ts'
import { countOf, formatDuration, formatSize, formatTime } from '../../text/amounts.ts'
import { jobKindWords, jobStateWords, jobTitle, triggerWords } from '../../text/words.ts'
import { Button } from '../../ui/button.tsx'
import { SelectInput } from '../../ui/fields.tsx'
import { LiveJob } from '../../ui/live-job.tsx'
import { EmptyState, ErrorNote, Loading } from '../../ui/notes.tsx'
import { Page } from '../../ui/page.tsx'
import { ToneIcon } from '../../ui/tag.tsx'
import { resultWords } from './job-outcome.tsx'
import { type JobsFilter, matchesFilter } from './jobs-filter.ts'

const everything: JobsFilter = { item: 'all', kind: 'all', outcome: 'all' }
const pageSize = 100

export function JobsPage() {
  const { answer, error, isLoading, again } = useAsk(['jobs'], async (agent) => await agent.listJobs({ limit: 1000 }))
  const { value } = useJobs()
  const [filter, setFilter] = useState(everything)
  const [shown, setShown] = useState(pageSize)
  const jobs = useMemo(() => mergeJobs(answer ?? [], value), [answer, value])
  const found = jobs.filter((job) => matchesFilter(job, filter))
  const live = found.filter(isLive)
  const over = found.filter((job) => !isLive(job))
  return (
    <Page
      title="Jobs"
      width="wide"
      actions={jobs.length > 0 && <Filters jobs={jobs} filter={filter} onChange={setFilter} />}
    >
      <ErrorNote error={error} again={again} />
      {isLoading && jobs.length === 0 && <Loading what="jobs" lines={6} />}
      {answer !== undefined && jobs.length === 0 && (
        <EmptyState icon={<ListChecks aria-hidden />} title="No job has run yet">
          Backups, restores and verifications appear here, with what they did and why.
        </EmptyState>
      )}
      {live.length > 0 && (
        <ul className="cards" aria-label="Jobs under way">
          {live.map((job) => (
            <li key={job.id} className="card">
              <LiveJob job={job} />
            </li>
          ))}
        </ul>
      )}
      {over.length > 0 && <JobTable jobs={over.slice(0, shown)} />}
      {jobs.length > 0 && found.length === 0 && <p className="hint">No job fits this filter.</p>}
      {over.length > shown && (
        <Button onPress={() => setShown(shown + pageSize)}>Show {Math.min(pageSize, over.length - shown)} more</Button>
      )}
    </Page>
  )
}

function Filters(props: {
  readonly jobs: readonly JobDocument[]
  readonly filter: JobsFilter
  readonly onChange: (filter: JobsFilter) => void
}) {
  const { filter, onChange } = props
  const items = [...new Set(props.jobs.flatMap(({ item }) => (item === null ? [] : [item])))].sort()
  return (
    <>
      <SelectInput
        label="Item"
        isLabelHidden
        value={filter.item}
        onChange={(item) => onChange({ ...filter, item })}
        options={[
          { value: 'all', title: 'All items' },
          ...items.map((item) => ({ value: `item:${item}` as const, title: item })),
        ]}
      />
      <SelectInput<JobKind | 'all'>
        label="Kind"
        isLabelHidden
        value={filter.kind}
        onChange={(kind) => onChange({ ...filter, kind })}
        options={[
          { value: 'all', title: 'All kinds' },
          ...(Object.keys(jobKindWords) as JobKind[])
            .filter((kind) => props.jobs.some((job) => job.kind === kind))
            .map((kind) => ({ value: kind, title: jobKindWords[kind] })),
        ]}
      />
      <SelectInput<JobsFilter['outcome']>
        label="Outcome"
        isLabelHidden
        value={filter.outcome}
        onChange={(outcome) => onChange({ ...filter, outcome })}
        options={[
          { value: 'all', title: 'All outcomes' },
          { value: 'good', title: 'Completed' },
          { value: 'trouble', title: 'With warnings or failed' },
          { value: 'other', title: 'Cancelled or skipped' },
        ]}
      />
    </>
  )
}

function JobTable({ jobs }: { readonly jobs: readonly JobDocument[] }) {
  return (
    <div className="table-box">
      <table className="table">
        <thead>
          <tr>
            <th scope="col">Job</th>
            <th scope="col">Outcome</th>
            <th scope="col">Began</th>
            <th scope="col" className="number">
              Took
            </th>
            <th scope="col" className="number">
              Files
            </th>
            <th scope="col" className="number">
              Size
            </th>
            <th scope="col">Why it ran</th>
          </tr>
        </thead>
        <tbody>
          {jobs.map((job) => (
            <JobLine key={job.id} job={job} />
          ))}
        </tbody>
      </table>
    </div>
  )
}

function JobLine({ job }: { readonly job: JobDocument }) {
  const { tone, words } = jobStateWords[job.state satisfies JobState]
  const { kind, startedAt, finishedAt, result } = job
  const tookMs = startedAt && finishedAt ? Date.parse(finishedAt) - Date.parse(startedAt) : undefined
  return (
    <tr>
      <th scope="row">
        <Link to={jobPath(job.id)}>{jobTitle(job)}</Link>
      </th>
      <td title={resultWords(job)}>
        <span className="with-icon">
          <ToneIcon tone={tone} />
          {words}
        </span>
      </td>
      <td>{formatTime(startedAt ?? job.queuedAt)}</td>
      <td className="number">{tookMs === undefined ? '–' : formatDuration(tookMs / 1000)}</td>
      <td className="number">
        {result && result.cleanUp === undefined ? countOf(result.files, kind === 'verify' ? 'object' : 'file') : '–'}
      </td>
      <td className="number">{result && result.cleanUp === undefined ? formatSize(result.bytes) : '–'}</td>
      <td className="hint">{triggerWords[job.trigger]}</td>
    </tr>
  )
}
