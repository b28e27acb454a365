/** Use cases of restore: the plan, and the restore itself. Takes no lock; writes only below the target. */
import { availableParallelism } from 'node:os'
import { shownPath } from '../base/file-warning.ts'
import { randomId } from '../base/random.ts'
import { createTask } from '../base/task.ts'
import type { JobId } from '../contract/ids.ts'
import type { PointManifest } from '../format/point.ts'
import { planRestore } from '../restore/plan-restore.ts'
import { runRestore } from '../restore/run-restore.ts'
import type { CallContext, RestoreDocument, RestorePlanDocument, RestoreRequest } from './agent-api.ts'
import type { AgentDeps } from './agent-deps.ts'
import { type ItemReading, openItemReading } from './open-reading.ts'
import { placesOf } from './restore-places.ts'

/** What `restoreFiles` would do with the same request; changes nothing. */
export async function planFiles(
  deps: AgentDeps,
  request: RestoreRequest,
  context: CallContext,
): Promise<RestorePlanDocument> {
  await using reading = await openItemReading(deps, request.item)
  using task = createTask({ clock: deps.clock, ...context })
  const { manifest, destinations } = await placesOf(deps, reading, request)
  tellMissing(deps, request, manifest)
  const plan = await planRestore(sourceOf(reading), destinations, rulesOf(manifest, request), task)
  const { counts, space } = plan
  return {
    new: counts.new,
    same: counts.same,
    overwritten: counts.overwritten,
    copied: counts.copied,
    skipped: counts.skipped,
    bytes: plan.bytes,
    freeBytes: Math.min(...space.map(({ freeBytes }) => freeBytes)),
    target: request.target === 'original' ? 'original places' : request.target.directory,
    examples: plan.examples.map(({ path, action }) => ({ path: shownPath(path).path, action })),
  }
}

/** Restores and verifies; files that cannot be restored are in the warnings. */
export async function restoreFiles(
  deps: AgentDeps,
  request: RestoreRequest,
  context: CallContext,
): Promise<RestoreDocument> {
  const startedMs = deps.clock.nowMs()
  await using reading = await openItemReading(deps, request.item)
  using task = createTask({ clock: deps.clock, ...context })
  const { manifest, destinations } = await placesOf(deps, reading, request)
  tellMissing(deps, request, manifest)
  const options = { ...rulesOf(manifest, request), special: request.special }
  const restoreDeps = { source: sourceOf(reading), random: deps.random, threadCount: availableParallelism() }
  const result = await runRestore(restoreDeps, destinations, options, task)
  return {
    job: {
      id: context.job?.id ?? randomId<JobId>(deps.random),
      state: task.warningCount > 0 ? 'completed with warnings' : 'completed',
      startedAt: new Date(startedMs).toISOString(),
      finishedAt: new Date(deps.clock.nowMs()).toISOString(),
    },
    restored: result.restored,
    skipped: result.skipped + result.same,
    failed: result.failed,
    bytes: result.bytes,
    verified: result.restored > 0 && result.failed === 0,
    warnings: task.warnings,
  }
}

/** Who restores must not think that what could not be read at the time was never there. */
function tellMissing(deps: AgentDeps, { item }: RestoreRequest, { id, missing }: PointManifest): void {
  if (missing === undefined) return
  const what = missing.count === 1 ? 'One path' : `${missing.count} paths`
  deps.remark?.(
    `${what} could not be read when this point was made, and nothing of them is in it: "tharsis point show ${item} ${id.slice(0, 8)}".`,
  )
}

function sourceOf(reading: ItemReading) {
  const { tree, blocks, extents, keys } = reading
  return { tree, readBlock: (id: Uint8Array) => blocks.read(id), idKey: keys.id, extents }
}

/** Copies are named by the point's time, so that a second run finds those of the first. */
function rulesOf(manifest: PointManifest, request: RestoreRequest) {
  const { conflict, only, metadata } = request
  return { conflict, metadata, copyTimeMs: manifest.timeMs, ...(only && { only }) }
}
