/** Use cases that say what becomes of points: hold, release, into the trash and back. They write marks; no data is touched. */
import { AgentError } from '../base/agent-error.ts'
import type { PointId } from '../contract/ids.ts'
import type { MarkContent } from '../format/mark.ts'
import { writeMark } from '../vault/point-marks.ts'
import { type PointState, readPointStates } from '../vault/point-states.ts'
import type { PointDocument } from './agent-api.ts'
import type { AgentDeps } from './agent-deps.ts'
import { keptFacts } from './kept-points.ts'
import { audit, eachVault, endOfWindowMs, markOf } from './mark-points.ts'
import { openItemReading } from './open-reading.ts'
import { requirePin } from './pin-guard.ts'
import { damagedPointDocument, pointDocumentOf } from './point-document.ts'
import { openMarkMemory } from './vault-memory.ts'

/** Keeps a point whatever its policy says, until it is released. */
export async function holdPoint(
  deps: AgentDeps,
  item: string,
  wanted: string,
  reason: string | undefined,
): Promise<PointDocument> {
  return await markPoint(deps, { item, wanted, act: 'point hold', reason }, () => ({ kind: 'hold' }))
}

/** Gives a held point back to its policy. Throws `point.not-held`, `point.in-doubt`, and as `requirePin`. */
export async function releasePoint(
  deps: AgentDeps,
  item: string,
  wanted: string,
  reason: string | undefined,
): Promise<PointDocument> {
  await requirePin(deps)
  return await markPoint(deps, { item, wanted, act: 'point release', reason }, (point, { held, doubt }) => {
    if (!held) return new AgentError('point.not-held', { item, point })
    if (doubt !== undefined) throw new AgentError('point.in-doubt', { item, point, reason: doubt })
    return { kind: 'release' }
  })
}

/** Puts a point into the trash. Throws `point.held`, `point.in-doubt`, `point.deleted`, and as `requirePin`. */
export async function deletePoint(
  deps: AgentDeps,
  item: string,
  wanted: string,
  reason: string | undefined,
): Promise<PointDocument> {
  await requirePin(deps)
  return await markPoint(deps, { item, wanted, act: 'point delete', reason }, (point, { held, doubt, deleted }) => {
    if (doubt !== undefined) throw new AgentError('point.in-doubt', { item, point, reason: doubt })
    if (held) throw new AgentError('point.held', { item, point, reason: 'somebody has put a hold on it' })
    if (deleted !== undefined) return new AgentError('point.deleted', { item, point })
    return { kind: 'delete', untilMs: endOfWindowMs(deps) }
  })
}

/** Brings a point back from the trash. Throws `point.not-deleted`, `point.leaving` when a clean-up was faster. */
export async function undeletePoint(deps: AgentDeps, item: string, wanted: string): Promise<PointDocument> {
  return await markPoint(deps, { item, wanted, act: 'point undelete', reason: undefined }, (point, { deleted }) =>
    deleted === undefined ? new AgentError('point.not-deleted', { item, point }) : { kind: 'undelete' },
  )
}

interface Act {
  readonly item: string
  readonly wanted: string
  /** The verb, for the audit journal. */
  readonly act: string
  readonly reason: string | undefined
}

/** What is to be marked in one vault, or why there is nothing to mark there; throws what forbids it everywhere. */
type Choice = (point: PointId, state: PointState) => MarkContent | AgentError

/**
 * Marks the point in each vault of the item; throws why there is nothing to mark when that is so in all. Marks need no manifest:
 * who has lost a point for good must be able to let go of it.
 */
async function markPoint(deps: AgentDeps, act: Act, choose: Choice): Promise<PointDocument> {
  await using reading = await openItemReading(deps, act.item)
  const point = await reading.pointOrDamaged(act.wanted)
  const id = 'error' in point ? point.listed.point : point.manifest.id
  let state: PointState | undefined
  let refusal: AgentError | undefined
  await eachVault(deps, reading.item, async (vault) => {
    const content = choose(id, (await readPointStates(vault, { point: id })).of(id))
    if (content instanceof AgentError) {
      refusal = content
      return
    }
    await audit(deps, vault, { act: act.act, subject: `item "${reading.item.name}", point ${id}`, detail: act.reason })
    await writeMark(vault, markOf(deps, id, content, act.reason))
    state = (await readPointStates(vault, { memory: await openMarkMemory(deps, vault) })).of(id)
  })
  if (state === undefined) throw refusal ?? new Error('no vault was marked, and none refused')
  const marked: PointState = state
  deps.log.info(act.act, { item: reading.item.id, point: id })
  if ('error' in point) return damagedPointDocument({ ...point, state: marked })
  const points = (await reading.points()).map((each) => (each.manifest.id === id ? { ...each, state: marked } : each))
  return pointDocumentOf({ ...point, state: marked }, keptFacts(deps, reading.item, points))
}
