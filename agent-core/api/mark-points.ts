/** What the verbs that mark points share: every vault of the item, the journal entry before the act, marks of many points. */
import { isVaultTrouble } from '../backup/vault-trouble.ts'
import type { AgentError } from '../base/agent-error.ts'
import { openBase } from '../cache/base-db.ts'
import type { PointId } from '../contract/ids.ts'
import type { Mark, MarkContent } from '../format/mark.ts'
import type { Item } from '../state/state-db.ts'
import { appendAudit } from '../vault/audit-journal.ts'
import { inLanes } from '../vault/in-lanes.ts'
import { readMarks, writeMark } from '../vault/point-marks.ts'
import { foldMarks, type PointState } from '../vault/point-states.ts'
import type { Vault } from '../vault/vault.ts'
import type { AgentDeps } from './agent-deps.ts'
import { knownVault, openKnownVault } from './open-vault.ts'
import { requireWriter } from './publish-items.ts'
import { trashDaysOf } from './setting-verbs.ts'
import { openMarkMemory } from './vault-memory.ts'

const dayMs = 86_400_000
/** Marks that are written at the same time. */
const writeLanes = 8

/**
 * Does `work` in every vault of the item. One that is away is told as a remark, when another answers. Throws `vault.foreign`,
 * `vault.taken-over`, what `work` throws, and the error of the first vault when all are away.
 */
export async function eachVault(deps: AgentDeps, item: Item, work: (vault: Vault) => Promise<void>): Promise<void> {
  const troubles: AgentError[] = []
  for (const name of item.vaults) {
    try {
      const known = knownVault(deps, name)
      const vault = await openKnownVault(deps, known)
      try {
        await requireWriter(deps, known, vault)
        await work(vault)
      } finally {
        await vault.store.close()
      }
    } catch (error) {
      if (!isVaultTrouble(error)) throw error
      troubles.push(error)
    }
  }
  const [first] = troubles
  if (first !== undefined && troubles.length === item.vaults.length) throw first
  for (const { message } of troubles) {
    deps.remark?.(`${message} It does not know of this yet: run the same again when it is back.`)
  }
}

/** Writes into the journal what is about to be done; without that entry nothing is done. */
export async function audit(
  deps: AgentDeps,
  vault: Vault,
  { act, subject, detail }: { readonly act: string; readonly subject: string; readonly detail: string | undefined },
): Promise<void> {
  const { clock, state, who } = deps
  const entry = { atMs: clock.nowMs(), home: state.homeId, who, act, subject }
  await appendAudit(vault, { ...entry, ...(detail !== undefined && { detail }) })
}

/** The mark that this person makes now. */
export function markOf(deps: AgentDeps, point: PointId, content: MarkContent, reason: string | undefined): Mark {
  const madeAtMs = deps.clock.nowMs()
  return { point, madeAtMs, who: deps.who, ...(reason !== undefined && { reason }), ...content }
}

/** Until when what is put into the trash now can be brought back. */
export function endOfWindowMs(deps: AgentDeps): number {
  return deps.clock.nowMs() + trashDaysOf(deps) * dayMs
}

export interface MarkedPoints {
  /** How many were marked. */
  readonly marked: number
  /** How many of the item's points are held. */
  readonly held: number
}

/**
 * Puts all points of an item in a vault into the trash, those that wait for the vault too; what is there already stays as it
 * is. The marks are made at `sinceMs` at least, also where the clock was set back meanwhile: by that they are known to be
 * those of the stop or removal. What was done before a failure stays done, and the same call goes on.
 */
export async function deleteAllPoints(
  deps: AgentDeps,
  vault: Vault,
  item: Pick<Item, 'id'>,
  { sinceMs, reason }: { readonly sinceMs: number; readonly reason: string | undefined },
): Promise<MarkedPoints> {
  const madeAtMs = Math.max(sinceMs, deps.clock.nowMs())
  const content: MarkContent = { kind: 'delete', untilMs: madeAtMs + trashDaysOf(deps) * dayMs }
  const isChosen = ({ deleted }: PointState) => deleted === undefined
  return await markEach(deps, vault, item, isChosen, (point) => ({
    ...markOf(deps, point, content, reason),
    madeAtMs,
  }))
}

/** Brings those points of an item in a vault back that went into the trash at `sinceMs` or later. Goes on as `deleteAllPoints`. */
export async function undeleteAllPoints(
  deps: AgentDeps,
  vault: Vault,
  item: Pick<Item, 'id'>,
  sinceMs: number,
): Promise<MarkedPoints> {
  const isChosen = ({ deleted }: PointState) => deleted !== undefined && deleted.atMs >= sinceMs
  return await markEach(deps, vault, item, isChosen, (point) => markOf(deps, point, { kind: 'undelete' }, undefined))
}

async function markEach(
  deps: AgentDeps,
  vault: Vault,
  item: Pick<Item, 'id'>,
  isChosen: (state: PointState) => boolean,
  mark: (point: PointId) => Mark,
): Promise<MarkedPoints> {
  const points = [...(await pointsOf(deps, vault, item))]
  const marks = await readMarks(vault, { memory: await openMarkMemory(deps, vault) })
  const states = new Map(points.map((point) => [point, foldMarks(marks.get(point) ?? [])]))
  const chosen = points.filter((point) => isChosen(states.get(point) as PointState))
  await inLanes(chosen, writeLanes, async (point) => {
    await writeMark(vault, mark(point), marks.get(point) ?? [])
  })
  return { marked: chosen.length, held: points.filter((point) => states.get(point)?.held).length }
}

/** Ids of the item's points there; provisional ones, lost ones and those that wait for the vault included. */
async function pointsOf(deps: AgentDeps, vault: Vault, item: Pick<Item, 'id'>): Promise<ReadonlySet<PointId>> {
  const listed = (await vault.listPoints(item.id, { lost: true })).map(({ point }) => point)
  using base = openBase(deps.paths.base, { readOnly: true })
  const waiting = base.unconfirmedPoints(vault.id).filter((point) => point.item === item.id)
  return new Set([...listed, ...waiting.map(({ id }) => id)])
}
