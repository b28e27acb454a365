import { History } from 'lucide-react'
import { Link } from 'wouter'
import type { JobDetails, JobDocument } from '../../../agent-core/contract/index.ts'
import { isLive } from '../../client/job-list.ts'
import { itemPath, restorePath, vaultPath } from '../../client/paths.ts'
import { useAsk, useJob } from '../../client/use-agent.ts'
import { countOf, formatDuration, formatSecond, formatSize, formatTime } from '../../text/amounts.ts'
import { jobTitle, phaseWords, triggerWords } from '../../text/words.ts'
import { ButtonLink } from '../../ui/button.tsx'
import { LiveJob } from '../../ui/live-job.tsx'
import { ErrorNote, Loading } from '../../ui/notes.tsx'
import { Facts, Page, Section } from '../../ui/page.tsx'
import { JobOutcome } from './job-outcome.tsx'
import { WarningGroups } from './warning-groups.tsx'

const above = { to: '/jobs', title: 'Jobs' }

/** One job: what it does or did, its phases, its warnings by cause, its log. */
export function JobPage({ id }: { readonly id: string }) {
  const heard = useJob(id)
  // Asked again as it goes through its phases and when it ends.
  const key = ['job', id, heard?.state, heard?.progress?.phase]
  const { answer, error, isLoading, again } = useAsk(key, async (agent) => await agent.showJob(id))
  const job: JobDocument | undefined =
    heard !== undefined && (answer === undefined || heard.revision >= answer.revision) ? heard : answer
  return (
    <Page
      title={job === undefined ? 'Job' : jobTitle(job)}
      above={above}
      actions={
        job?.kind === 'backup' &&
        job.item !== null &&
        job.result?.point && (
          <ButtonLink to={restorePath(job.item, job.result.point.id)} icon={<History aria-hidden />}>
            Restore from its point…
          </ButtonLink>
        )
      }
    >
      <ErrorNote error={error} again={again} />
      {job === undefined && isLoading && <Loading what="the job" lines={6} />}
      {job && (isLive(job) ? <LiveJob job={job} isTitled={false} /> : <JobOutcome job={job} isLinked={false} />)}
      {job && <JobFacts job={job} />}
      {answer && <Details details={answer} />}
    </Page>
  )
}

function JobFacts({ job }: { readonly job: JobDocument }) {
  const point = job.result?.point
  return (
    <Facts
      facts={[
        ...(job.item === null
          ? []
          : [
              [
                'Item',
                <Link key="i" to={itemPath(job.item)}>
                  {job.item}
                </Link>,
              ] as const,
            ]),
        ...(job.vault === null
          ? []
          : [
              [
                'Vault',
                <Link key="v" to={vaultPath(job.vault)}>
                  {job.vault}
                </Link>,
              ] as const,
            ]),
        ['Why it ran', triggerWords[job.trigger]],
        ['Began', job.startedAt === null ? 'not yet' : formatTime(job.startedAt)],
        ['Ended', job.finishedAt === null ? 'not yet' : formatTime(job.finishedAt)],
        ...(point === undefined
          ? []
          : ([
              ['Point', `no. ${point.seq}, ${formatSize(point.sizeBytes)}`],
              [
                'Confirmed',
                point.confirmed ? 'yes, the vault has all of it' : 'no: it is on this computer only, so far',
              ],
            ] as const)),
      ]}
    />
  )
}

function Details({ details }: { readonly details: JobDetails }) {
  return (
    <>
      {details.warnings.length > 0 && (
        <Section title="Warnings">
          <WarningGroups groups={details.warnings} />
        </Section>
      )}
      {details.phases.length > 0 && (
        <Section title="Phases">
          <div className="table-box">
            <table className="table">
              <thead>
                <tr>
                  <th scope="col">Phase</th>
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
                </tr>
              </thead>
              <tbody>
                {details.phases.map(({ phase, startedAt, finishedAt, files, bytes }, at) => (
                  <tr key={`${phase} ${at}`}>
                    <th scope="row">{phaseWords[phase]}</th>
                    <td>{formatSecond(startedAt)}</td>
                    <td className="number">
                      {finishedAt === null
                        ? '…'
                        : formatDuration((Date.parse(finishedAt) - Date.parse(startedAt)) / 1000)}
                    </td>
                    <td className="number">{files === 0 ? '–' : countOf(files, 'file')}</td>
                    <td className="number">{bytes === 0 ? '–' : formatSize(bytes)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </Section>
      )}
      {details.log.length > 0 && (
        <Section title="Log">
          <ol className="log" tabIndex={0} aria-label="Log">
            {details.log.map(({ time, level, text }, at) => (
              <li key={`${time} ${at}`} data-level={level}>
                <time dateTime={time}>{formatSecond(time)}</time> {text}
              </li>
            ))}
          </ol>
        </Section>
      )}
    </>
  )
}
