/** What a restore takes from a point and where it puts that, and what stands against it before it is a job. */
import { AgentError, isAgentError } from '../base/agent-error.ts'
import type { PointManifest } from '../format/point.ts'
import { type Destination, placeAtOrigin, placeInDirectory } from '../restore/destinations.ts'
import { resolvePaths } from '../restore/resolve-path.ts'
import { openNearest } from '../restore/target-folder.ts'
import type { RestoreRequest } from './agent-api.ts'
import type { AgentDeps } from './agent-deps.ts'
import { isInside, realPathOfFuture } from './folder-checks.ts'
import { barriersOf } from './item-surroundings.ts'
import { type ItemReading, openItemReading } from './open-reading.ts'

export interface RestorePlaces {
  readonly manifest: PointManifest
  readonly destinations: readonly Destination[]
}

/** Throws as `ItemReading.point`, `point.path-not-found`, `restore.target`. */
export async function placesOf(
  deps: AgentDeps,
  reading: ItemReading,
  { point, paths, target }: RestoreRequest,
): Promise<RestorePlaces> {
  const { manifest } = await reading.point(point)
  const named = { item: reading.item.name, point: manifest.id }
  const chosen = await resolvePaths(
    reading.tree,
    manifest.root,
    paths.map((path) => Buffer.from(path)),
    named,
  )
  const destinations =
    target === 'original' ? placeAtOrigin(chosen) : placeInDirectory(chosen, Buffer.from(target.directory))
  for (const { directory } of destinations) refuseBarriers(deps, directory.toString())
  return { manifest, destinations }
}

/**
 * Refuses what was mistyped: a point, path or target that cannot be meant. What ails the vault is left to the job, which
 * meets it too and tells it to whoever looks at the jobs later. Throws as `placesOf`.
 */
export async function allowRestore(deps: AgentDeps, request: RestoreRequest): Promise<void> {
  try {
    // The job tells what is worth a remark.
    await using reading = await openItemReading({ ...deps, remark: () => {} }, request.item)
    const { destinations } = await placesOf(deps, reading, request)
    for (const { directory } of destinations) openNearest(directory).handle.close()
  } catch (error) {
    if (!(error instanceof AgentError) || refusals.some((code) => isAgentError(error, code))) throw error
  }
}

const refusals = [
  'point.not-found',
  'point.ambiguous',
  'point.path-not-found',
  'usage.invalid',
  'restore.target',
] as const

/** Nothing is restored into the home folder or a vault. */
function refuseBarriers(deps: AgentDeps, directory: string): void {
  const real = realPathOfFuture(directory)
  for (const { path, what } of barriersOf(deps)) {
    if (isInside(real, path)) throw new AgentError('restore.target', { path: directory, reason: `it lies in ${what}` })
  }
}
