/** What a job's answer or error says about the job. */
import { AgentError } from '../base/agent-error.ts'
import type { Failure } from '../contract/bounds.ts'
import type { JobResult, JobState, WarningGroup } from '../contract/documents/job.ts'
import type { DamagedObject } from '../contract/documents/vault.ts'
import type { FileWarning } from '../contract/errors.ts'
import type { JobId, PointId } from '../contract/ids.ts'

const exampleCount = 20
const mostGroups = 1000

export interface JobOutcome {
  readonly state: JobState
  readonly reason: string | undefined
  readonly result: JobResult | null
  readonly warnings: readonly WarningGroup[]
  readonly error: Failure | null
  /** Points for which earlier backups waited, and which are where they should be now. */
  readonly caughtUp?: readonly PointId[]
}

/** Only a verification knows what becomes of it and which files it affects. */
type Damage = Pick<DamagedObject, 'object' | 'reason'> & Partial<DamagedObject>

/** The parts of answers that jobs tell; each verb's answer has some of them. */
interface AnyAnswer {
  readonly job?: { readonly id: JobId; readonly state: JobState }
  readonly failure?: Failure
  readonly point?: { readonly id: PointId; readonly seq: number; readonly confirmed: boolean } | null
  readonly caughtUp?: readonly PointId[]
  readonly files?: number | { readonly seen: number }
  readonly restored?: number
  readonly bytes?: number | { readonly read?: number; readonly stored?: number; readonly total?: number }
  readonly bytesRead?: number
  readonly objects?: number
  readonly warnings?: readonly FileWarning[]
  readonly damaged?: readonly Damage[]
  /** Of a clean-up. */
  readonly plan?: boolean
  readonly points?: number | readonly unknown[]
  readonly deleted?: { readonly bytes: number }
  readonly announced?: { readonly bytes: number; readonly due: string | null }
}

/** What became of a job that answered. */
export function outcomeOf(answer: unknown): JobOutcome {
  const told: AnyAnswer = answer ?? {}
  const { job, failure, warnings = [], damaged = [] } = told
  const isWarned = warnings.length > 0 || damaged.length > 0
  return {
    state: job?.state ?? (isWarned ? 'completed with warnings' : 'completed'),
    reason: failure?.message ?? (damaged.length > 0 ? `Damaged objects were found: ${damaged.length}` : undefined),
    result: resultOf(told),
    warnings: [...damageGroups(damaged), ...groupWarnings(warnings)].slice(0, mostGroups),
    error: failure ?? null,
    ...(told.caughtUp && { caughtUp: told.caughtUp }),
  }
}

/** What became of a job that threw. `wasStopped`: a person cancelled it. */
export function outcomeOfError(error: unknown, wasStopped: boolean): JobOutcome {
  const nothing = { result: null, warnings: [] }
  if (wasStopped) return { ...nothing, state: 'cancelled', reason: 'What was done so far is kept.', error: null }
  const failure = failureOf(error)
  return { ...nothing, state: 'failed', reason: failure.message, error: failure }
}

/** An error as documents hold it; what is no AgentError is a fault of the program. */
function failureOf(error: unknown): Failure {
  if (error instanceof AgentError) {
    const { code, message, advice, exitCode } = error as AgentError
    return { code, message, advice, exitCode }
  }
  const message = `This is a fault in Tharsis: ${error instanceof Error ? error.message : String(error)}`
  return {
    code: 'internal',
    message,
    advice: 'Please report it with what is in the log of the home folder.',
    exitCode: 1,
  }
}

/** Warnings by cause, the most frequent first, each with its first paths. */
function groupWarnings(warnings: readonly FileWarning[]): readonly WarningGroup[] {
  const groups = Map.groupBy(warnings, ({ code, message }) => `${code} ${message}`)
  return [...groups.values()]
    .map((members) => {
      const { code, message, advice } = members[0] as FileWarning
      const examples = members
        .slice(0, exampleCount)
        .map(({ path, pathBytes }) => (pathBytes === undefined ? { path } : { path, pathBytes }))
      return { code, message, advice, count: members.length, examples }
    })
    .toSorted((a, b) => b.count - a.count)
}

/** A group for each damaged object that matters, with the files that it affects. */
function damageGroups(damaged: readonly Damage[]): readonly WarningGroup[] {
  return damaged.filter(isOpen).map(({ object, offset = 0, reason, files = [] }) => {
    const { code, message, advice } = new AgentError('vault.damaged', { object, offset, reason })
    return {
      code,
      message,
      advice,
      count: files.length,
      examples: files.slice(0, exampleCount).map((path) => ({ path })),
    }
  })
}

function isOpen({ state }: Damage): boolean {
  return state === 'open'
}

function resultOf(answer: AnyAnswer): JobResult {
  const { files, bytes, point, warnings = [], damaged } = answer
  const sizes = typeof bytes === 'object' ? bytes : undefined
  return {
    files: typeof files === 'object' ? files.seen : (files ?? answer.restored ?? answer.objects ?? 0),
    bytes: sizes?.read ?? (typeof bytes === 'number' ? bytes : (answer.bytesRead ?? 0)),
    warnings: warnings.length,
    ...(point && {
      point: { id: point.id, seq: point.seq, confirmed: point.confirmed, sizeBytes: sizes?.total ?? 0 },
    }),
    ...(sizes?.stored !== undefined && { storedBytes: sizes.stored }),
    ...(damaged && { damaged: damaged.length, openDamage: damaged.filter(isOpen).length }),
    ...cleanUpOf(answer),
  }
}

function cleanUpOf({ plan, points, deleted, announced }: AnyAnswer): Pick<JobResult, 'cleanUp'> {
  if (plan !== false || typeof points !== 'object' || deleted === undefined || announced === undefined) return {}
  const { bytes: announcedBytes, due } = announced
  return { cleanUp: { points: points.length, deletedBytes: deleted.bytes, announcedBytes, due } }
}
