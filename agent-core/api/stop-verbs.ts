/**
 * Use cases that stop an item and let it go on: with its points kept, or in the trash with it. The stop stands in the vaults'
 * definitions, so that every home sees it, before any point is marked: what is cut off in between goes on with the same verb.
 */
import { AgentError } from '../base/agent-error.ts'
import type { StoppedItem } from '../format/definitions.ts'
import { acquireHomeLock } from '../platform/home-lock.ts'
import type { Item } from '../state/state-db.ts'
import type { StoppedDocument } from './agent-api.ts'
import type { AgentDeps } from './agent-deps.ts'
import { knownItem } from './known-item.ts'
import { audit, deleteAllPoints, eachVault, endOfWindowMs, undeleteAllPoints } from './mark-points.ts'
import { requirePin } from './pin-guard.ts'
import { publishItem } from './publish-items.ts'
import { shownStop, stoppedError } from './stopped-items.ts'

/** Ends the backups of an item; with `deletesData` its points go to the trash. Throws as `requirePin` for that. */
export async function stopItem(
  deps: AgentDeps,
  name: string,
  { deletesData, reason }: { readonly deletesData: boolean; readonly reason?: string },
): Promise<StoppedDocument> {
  if (deletesData) await requirePin(deps)
  using _lock = acquireHomeLock(deps.paths.root, deps.clock)
  const item = knownItem(deps, name)
  // Points that are in the trash stay there until somebody brings them back.
  if (item.stopped?.data === 'deleted' && !deletesData) throw stoppedError(item, item.stopped)
  // Given again, a stop that was cut off goes on: what it has marked stays marked by it.
  const atMs = item.stopped?.data === 'deleted' ? item.stopped.atMs : deps.clock.nowMs()
  const stopped: StoppedItem = {
    atMs,
    data: deletesData ? 'deleted' : 'retained',
    who: deps.who,
    ...(reason !== undefined && { reason }),
    ...(deletesData && { untilMs: endOfWindowMs(deps) }),
  }
  const act = `item stop ${deletesData ? '--delete-data' : '--retain-data'}`
  await eachVault(deps, item, (vault) => audit(deps, vault, { act, subject: `item "${item.name}"`, detail: reason }))
  const changed = { ...item, stopped }
  await publishItem(deps, changed)
  let counts = { marked: 0, held: 0 }
  if (deletesData) {
    await eachVault(deps, item, async (vault) => {
      counts = more(counts, await deleteAllPoints(deps, vault, item, { sinceMs: atMs, reason }))
    })
  }
  deps.log.info('item stopped', { item: item.id, data: stopped.data, points: counts.marked })
  return documentOf(changed, counts)
}

/** Lets a stopped item be backed up again. Throws `item.not-stopped`, `item.stopped` while its points are in the trash. */
export async function resumeItem(deps: AgentDeps, name: string): Promise<StoppedDocument> {
  using _lock = acquireHomeLock(deps.paths.root, deps.clock)
  const item = knownItem(deps, name)
  const { stopped, ...running } = item
  if (stopped === undefined) throw new AgentError('item.not-stopped', { name: item.name })
  if (stopped.data === 'deleted') throw stoppedError(item, stopped)
  await eachVault(deps, item, (vault) =>
    audit(deps, vault, { act: 'item resume', subject: `item "${item.name}"`, detail: undefined }),
  )
  await publishItem(deps, running)
  return documentOf(running, { marked: 0, held: 0 })
}

/**
 * Brings the points of a stopped item back that its stop put into the trash, not those that somebody had put there before; it
 * stays stopped, with its data retained. Throws `item.not-deleted`.
 */
export async function undeleteItem(deps: AgentDeps, name: string): Promise<StoppedDocument> {
  using _lock = acquireHomeLock(deps.paths.root, deps.clock)
  const item = knownItem(deps, name)
  // Also when it was done before: a vault that was away then is told now.
  if (item.stopped === undefined) throw new AgentError('item.not-deleted', { name: item.name })
  const { untilMs: _, ...stop } = item.stopped
  let counts = { marked: 0, held: 0 }
  await eachVault(deps, item, async (vault) => {
    await audit(deps, vault, { act: 'item undelete', subject: `item "${item.name}"`, detail: undefined })
    counts = more(counts, await undeleteAllPoints(deps, vault, item, stop.atMs))
  })
  const changed: Item = { ...item, stopped: { ...stop, data: 'retained' } }
  await publishItem(deps, changed)
  return documentOf(changed, counts)
}

function more(a: { marked: number; held: number }, b: { marked: number; held: number }) {
  // Vaults of one item hold the same points; the one that holds most says how many there are.
  return { marked: Math.max(a.marked, b.marked), held: Math.max(a.held, b.held) }
}

function documentOf(item: Item, { marked, held }: { marked: number; held: number }): StoppedDocument {
  return { item: item.name, stopped: shownStop(item), points: marked, held }
}
