import type { AgentApi, ConflictRule, RestoreDocument, RestorePlanDocument, RestoreRequest } from '../api/agent-api.ts'
import { countOf, formatCount, formatSize, formatTook } from './amounts.ts'
import { folderPath, usageError } from './argument-values.ts'
import { exitStatus } from './exit-status.ts'
import type { Output } from './output.ts'
import type { RunVerb, Session } from './session.ts'
import { sayWarnings } from './warning-lines.ts'

interface RestoreInput {
  readonly item: string
  readonly point: string
  readonly paths: readonly string[]
  readonly to?: string
  readonly original?: true
  readonly conflict: ConflictRule
  readonly only?: 'missing' | 'changed'
  readonly plan?: true
  readonly metadata: boolean
  readonly special?: true
}

export const restoreFiles: RunVerb<RestoreInput> = async (input, session) => {
  const { output } = session
  const request = toRequest(input, session.cwd)
  const agent = await session.agent()
  if (input.plan) {
    const plan = await agent.planRestore(request, session.context)
    await output.result(plan, () => planLines(plan, request, output))
    return exitStatus.done
  }
  if (!(await mayReplace(agent, request, session))) {
    output.note('Nothing was restored.')
    return exitStatus.cancelled
  }
  const restore = await agent.restoreFiles(request, session.context)
  await output.summary(restore, () => restoreLines(restore, request))
  sayWarnings(output, restore.warnings)
  return statusOf(restore)
}

function toRequest(input: RestoreInput, cwd: string): RestoreRequest {
  if ((input.to === undefined) === (input.original === undefined)) {
    const problem = input.to === undefined ? 'No target was given.' : '--to and --original exclude each other.'
    throw usageError(problem, 'Give --to DIR to restore into a folder, or --original for the original places.')
  }
  return {
    item: input.item,
    point: input.point,
    paths: input.paths,
    target: input.to === undefined ? 'original' : { directory: folderPath(input.to, cwd) },
    conflict: input.conflict,
    ...(input.only === undefined ? {} : { only: input.only }),
    metadata: input.metadata,
    special: input.special === true,
  }
}

/** A person at a terminal sees what would be replaced and is asked; scripts have said what they want. */
async function mayReplace(agent: AgentApi, request: RestoreRequest, session: Session): Promise<boolean> {
  if (request.conflict !== 'overwrite' || !session.interactive || session.options.yes) return true
  const plan = await agent.planRestore(request, session.context)
  if (plan.overwritten === 0) return true
  for (const line of planLines(plan, request, session.output)) session.output.note(line)
  return await session.confirm(`Replace ${countOf(plan.overwritten, 'file')}?`)
}

function planLines(plan: RestorePlanDocument, { conflict }: RestoreRequest, output: Output): readonly string[] {
  return output.facts([
    ['Into', plan.target],
    ['New', formatCount(plan.new)],
    // Only who replaces compares permissions and times too.
    [conflict === 'overwrite' ? 'Same already' : 'Same content, left alone', formatCount(plan.same)],
    ['Replaced', formatCount(plan.overwritten)],
    ['Kept beside', formatCount(plan.copied)],
    ['Skipped', formatCount(plan.skipped)],
    ['To write', `${formatSize(plan.bytes)} (${formatSize(plan.freeBytes)} free)`],
    ...(plan.examples.length === 0
      ? []
      : [['For example', plan.examples.map((example) => `${example.action}: ${example.path}`)] as const]),
  ])
}

function restoreLines(restore: RestoreDocument, request: RestoreRequest): readonly string[] {
  const { job } = restore
  const took = formatTook(Date.parse(job.finishedAt) - Date.parse(job.startedAt))
  return [
    `Restore of "${request.item}" ${job.state} in ${took}: ${countOf(restore.restored, 'file')}, ${formatSize(restore.bytes)}.`,
    `${formatCount(restore.skipped)} skipped, ${formatCount(restore.failed)} failed.${checkedWords(restore)}`,
  ]
}

/** What is written is always compared; what failed is not there. */
function checkedWords({ restored }: RestoreDocument): string {
  if (restored === 0) return ''
  return ` ${countOf(restored, 'file')} ${restored === 1 ? 'was' : 'were'} read back and compared.`
}

function statusOf(restore: RestoreDocument): number {
  if (restore.job.state === 'cancelled') return exitStatus.cancelled
  if (restore.warnings.some((warning) => warning.code === 'file.damaged')) return exitStatus.damaged
  if (restore.job.state === 'failed') return exitStatus.failed
  const isClean = restore.failed === 0 && restore.warnings.length === 0 && restore.job.state === 'completed'
  return isClean ? exitStatus.done : exitStatus.warnings
}
