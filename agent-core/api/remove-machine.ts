/**
 * Use cases that remove a machine from a vault and bring it back: its own, or another one with that machine's passphrase. The
 * removal stands in the machine's definitions before any point is marked, so what is cut off goes on with the same verb.
 */
import { AgentError } from '../base/agent-error.ts'
import { isoTime } from '../base/date-text.ts'
import type { ItemId } from '../contract/ids.ts'
import { acquireHomeLock } from '../platform/home-lock.ts'
import type { Vault } from '../vault/vault.ts'
import type { RemovedMachineDocument } from './agent-api.ts'
import type { AgentDeps } from './agent-deps.ts'
import { audit, deleteAllPoints, endOfWindowMs, type MarkedPoints, undeleteAllPoints } from './mark-points.ts'
import { type OpenedKeyspace, openKeyspace } from './open-keyspace.ts'
import { knownVault, openKnownStore } from './open-vault.ts'
import { requirePin } from './pin-guard.ts'

/**
 * Ends the backups of a machine into a vault and puts its points there into the trash. Nothing of other machines is touched.
 * Throws as `requirePin` and `openKeyspace`.
 */
export async function removeMachine(
  deps: AgentDeps,
  vaultName: string,
  machine: string,
  reason: string | undefined,
): Promise<RemovedMachineDocument> {
  await requirePin(deps)
  return await withKeyspace(
    deps,
    vaultName,
    machine,
    async (opened) => await removeFrom(deps, opened, vaultName, reason),
  )
}

/** The removal itself, in the order of docs/format/vault-layout.md, *Removed*. */
export async function removeFrom(
  deps: AgentDeps,
  { vault, machine }: OpenedKeyspace,
  vaultName: string,
  reason: string | undefined,
): Promise<RemovedMachineDocument> {
  await audit(deps, vault, { act: 'vault remove-machine', subject: `machine "${machine}"`, detail: reason })
  const current = await vault.readDefinitions()
  const untilMs = endOfWindowMs(deps)
  const atMs = deps.clock.nowMs()
  const before = current?.definitions.removed
  const removed = before ?? { atMs, untilMs, who: deps.who, ...(reason !== undefined && { reason }) }
  if (before === undefined) {
    const rest = current?.definitions ?? { writer: deps.state.homeId, items: [] }
    await vault.writeDefinitions(current, { ...rest, removed })
  }
  const counts = await markAllItems(
    vault,
    async (item) => await deleteAllPoints(deps, vault, item, { sinceMs: removed.atMs, reason }),
  )
  deps.log.info('machine removed', { vault: vaultName, keyspace: vault.keys.keyspace, points: counts.points })
  const shown = { at: isoTime(removed.atMs), until: isoTime(removed.untilMs), who: removed.who }
  return { vault: vaultName, machine, removed: { ...shown, reason: removed.reason ?? null }, ...counts }
}

/** Brings a removed machine back, with the points that went with it. Throws `vault.machine-active`, `point.leaving`. */
export async function undeleteMachine(
  deps: AgentDeps,
  vaultName: string,
  machine: string,
): Promise<RemovedMachineDocument> {
  return await withKeyspace(deps, vaultName, machine, async (opened) => await undeleteIn(deps, opened, vaultName))
}

/** The removal taken back, in its order. */
export async function undeleteIn(
  deps: AgentDeps,
  { vault, machine }: OpenedKeyspace,
  vaultName: string,
): Promise<RemovedMachineDocument> {
  const current = await vault.readDefinitions()
  const since = current?.definitions.removed
  if (current === undefined || since === undefined) {
    throw new AgentError('vault.machine-active', { name: vaultName, machine })
  }
  await audit(deps, vault, { act: 'vault undelete-machine', subject: `machine "${machine}"`, detail: undefined })
  const counts = await markAllItems(vault, async (item) => await undeleteAllPoints(deps, vault, item, since.atMs))
  const { removed: _, ...rest } = current.definitions
  await vault.writeDefinitions(current, rest)
  deps.log.info('machine brought back', { vault: vaultName, keyspace: vault.keys.keyspace, points: counts.points })
  return { vault: vaultName, machine, removed: null, ...counts }
}

async function withKeyspace<Result>(
  deps: AgentDeps,
  vaultName: string,
  machine: string,
  work: (opened: OpenedKeyspace) => Promise<Result>,
): Promise<Result> {
  const known = knownVault(deps, vaultName)
  using _lock = acquireHomeLock(deps.paths.root, deps.clock)
  const store = await openKnownStore(deps, known)
  try {
    return await work(await openKeyspace(deps, known, store, machine))
  } finally {
    await store.close()
  }
}

/** Marks the points of all items that have any there. Answers how many were marked, and how many are held. */
async function markAllItems(
  vault: Vault,
  mark: (item: { readonly id: ItemId }) => Promise<MarkedPoints>,
): Promise<{ readonly points: number; readonly held: number }> {
  const items = new Set((await vault.listPoints(undefined, { lost: true })).map(({ item }) => item))
  let points = 0
  let held = 0
  for (const id of items) {
    const counts = await mark({ id })
    points += counts.marked
    held += counts.held
  }
  return { points, held }
}
