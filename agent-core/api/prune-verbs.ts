/**
 * The use case of a clean-up: chooses the points that nothing keeps any more, and takes from the vault what no other point
 * needs. Of this machine under the home lock, or of another machine with its passphrase.
 */
import { refreshIndex } from '../backup/refresh-index.ts'
import { AgentError } from '../base/agent-error.ts'
import { isoTime } from '../base/date-text.ts'
import { createTask } from '../base/task.ts'
import type { BaseDb } from '../cache/base-db.ts'
import { ChunkFolder } from '../cache/chunk-folder.ts'
import { BlockReader } from '../cache/chunk-reader.ts'
import type { VaultIndex } from '../cache/vault-index.ts'
import { blockId } from '../codec/block-id.ts'
import type { WayOut } from '../contract/errors/point-errors.ts'
import { formatTime } from '../contract/format-time.ts'
import type { ItemId } from '../contract/ids.ts'
import { decodePointManifest } from '../format/point.ts'
import { acquireHomeLock } from '../platform/home-lock.ts'
import { chooseExpired, type ExpiryRules } from '../retention/choose-expired.ts'
import { removeKeyspace } from '../retention/remove-keyspace.ts'
import {
  type AnnouncedFiles,
  lookPrune,
  type PlannedPrune,
  type PruneDeps,
  type PruneRequest,
  type PruneResult,
  runPrune,
} from '../retention/run-prune.ts'
import { isReadable } from '../retention/vault-contents.ts'
import type { KnownVault } from '../state/state-db.ts'
import { KeyspaceManifests } from '../vault/manifest-memory.ts'
import type { Vault } from '../vault/vault.ts'
import type { CallContext, PruneDocument, PruneOptions } from './agent-api.ts'
import type { AgentDeps } from './agent-deps.ts'
import { expiryIn } from './expired-points.ts'
import { audit } from './mark-points.ts'
import { openBaseForWriting } from './open-base.ts'
import { type OpenedKeyspace, openKeyspace } from './open-keyspace.ts'
import { knownVault, openKnownStore } from './open-vault.ts'
import { requirePin } from './pin-guard.ts'
import { openManifestMemory } from './vault-memory.ts'

const dayMs = 86_400_000
const defaultGraceDays = 14
/** A bucket's listing may lag behind what was put: so long at least lies between announcing and deleting. */
const listingLagMs = 60 * 60_000
/** What another machine has put lately may belong to a backup under way, which would have to store it again. */
const foreignYouthMs = 2 * dayMs

/** A clean-up that lets less time pass than usual before it deletes asks for the PIN. */
export function isPruneGuarded({ plan, graceDays = defaultGraceDays }: PruneOptions): boolean {
  return plan !== true && graceDays < defaultGraceDays
}

export async function pruneVault(
  deps: AgentDeps,
  name: string,
  options: PruneOptions,
  context: CallContext,
): Promise<PruneDocument> {
  const known = knownVault(deps, name)
  if (isPruneGuarded(options) && context.isPermitted !== true) await requirePin(deps)
  using _lock = acquireHomeLock(deps.paths.root, deps.clock)
  const store = await openKnownStore(deps, known)
  try {
    using task = createTask({ clock: deps.clock, ...context })
    const { vault, isOwn, machine } = await openKeyspace(deps, known, store, options.keyspace)
    using base = openBaseForWriting(deps)
    const { expiredOf, itemName } = await expiryIn(deps, vault)
    const goesThere = (item: ItemId) =>
      deps.state.items().some(({ id, vaults }) => id === item && vaults.includes(known.name))
    const unreadable = unreadablePoint(known, { isOwn, machine, itemName, goesThere })
    const request = requestOf(deps, base, { vault, isOwn, machine, options, expiredOf, unreadable })
    const { clock } = deps
    const workFolder = `${deps.paths.cache}/merging`
    const manifests = new KeyspaceManifests((item) => openManifestMemory(deps, vault, item))
    const pruneDeps: PruneDeps = { vault, manifests, pagesOf: pagesOf(base, vault, deps), workFolder, clock, task }
    if (options.plan === true) return documentOf(known, machine, await lookPrune(request, pruneDeps), request, itemName)
    const result = await runPrune(request, pruneDeps)
    // The base must not believe what is gone to be there; a keyspace that it does not know it need not learn of.
    if (isOwn || base.segments.last(vault.id, vault.keys.keyspace) >= 0) await refreshIndex(base, vault)
    const { removedPoints, deleted, merged, takenBack } = result
    // What was condemned had its lock not extended with the rest.
    if (takenBack > 0) base.keepLockedUntil(vault.id, vault.keys.keyspace, 0)
    if (removedPoints > 0) {
      const detail = `${removedPoints} points removed`
      await audit(deps, vault, { act: 'vault prune', subject: `machine "${machine}"`, detail })
    }
    deps.log.info('vault cleaned up', { vault: name, removedPoints, deleted, merged })
    const isGone = !isOwn && result.refusal === undefined && (await removeKeyspace(vault, clock.nowMs()))
    const document = documentOf(known, machine, result, request, itemName)
    if (!isGone) return document
    deps.log.info('keyspace removed', { vault: name, keyspace: vault.keys.keyspace })
    return { ...document, remarks: [...document.remarks, `Nothing of machine "${machine}" is left in the vault.`] }
  } finally {
    await store.close()
  }
}

function requestOf(
  deps: AgentDeps,
  base: BaseDb,
  {
    vault,
    isOwn,
    options,
    expiredOf,
    unreadable,
  }: OpenedKeyspace &
    Pick<ExpiryRules, 'expiredOf'> &
    Pick<PruneRequest, 'unreadable'> & { readonly options: PruneOptions },
): PruneRequest {
  const nowMs = deps.clock.nowMs()
  const captured = isOwn ? base.unconfirmedPoints(vault.id) : []
  const waiting = new Set(isOwn ? base.waitingChunkFiles(vault.id).map(({ name }) => name) : [])
  const rules: ExpiryRules = {
    nowMs,
    captured: new Set(captured.map(({ id }) => id)),
    expiredOf,
  }
  const graceMs = (options.graceDays ?? defaultGraceDays) * dayMs
  return {
    home: deps.state.homeId,
    machine: deps.machine,
    who: deps.who,
    graceMs: vault.store.localPath === undefined ? Math.max(graceMs, listingLagMs) : graceMs,
    maxUnusedPercent: options.maxUnusedPercent,
    choose: (points) => chooseExpired(points, rules),
    unreadable,
    captured: captured.map(({ manifest }) => decodePointManifest(manifest, 'captured point')),
    isSpared: (file, storedAtMs) => waiting.has(file) || (!isOwn && storedAtMs > nowMs - foreignYouthMs),
  }
}

/** Says which damaged point keeps the clean-up from knowing what is needed, and what helps. */
function unreadablePoint(
  { name: vault }: KnownVault,
  {
    isOwn,
    machine,
    itemName,
    goesThere,
  }: Omit<OpenedKeyspace, 'vault'> & {
    readonly itemName: (item: ItemId) => string
    /** Whether an item of this home goes to that vault. */
    readonly goesThere: (item: ItemId) => boolean
  },
): PruneRequest['unreadable'] {
  return ({ listed, manifest, state, isConfirmed }) => {
    const until = state.deleted === undefined ? null : formatTime(isoTime(state.deleted.untilMs))
    const cause = manifest instanceof AgentError ? manifest : undefined
    const reason = cause?.message.replace(/\.$/, '') ?? 'its manifest cannot be read'
    const wayOut = ((): WayOut => {
      if (state.doubt !== undefined) return 'in-doubt'
      if (!state.held && state.deleted !== undefined) return 'trash'
      if (!isConfirmed) return 'provisional'
      if (!isOwn) return 'foreign'
      if (!goesThere(listed.item)) return 'elsewhere'
      return state.held ? 'held' : 'delete'
    })()
    const item = itemName(listed.item)
    return new AgentError(
      'point.stops-clean-up',
      { item, point: listed.point, vault, machine, until, reason, wayOut },
      cause,
    )
  }
}

/** Pages come from the base where it has them whole, else from the cache or the vault. */
function pagesOf(base: BaseDb, vault: Vault, deps: AgentDeps) {
  const chunks = new ChunkFolder(deps.paths.chunks)
  const here = new BlockReader(base, [chunks.source()], vault.keys)
  return (index: VaultIndex) => {
    const reader = new BlockReader(index, [chunks.source(), vault.chunkSource()], vault.keys)
    return async (id: Uint8Array): Promise<Uint8Array> => {
      const page = base.pages.page(id)
      if (page !== undefined && blockId(vault.keys.id, page).equals(id)) return page
      return index.copies(id).length > 0 ? await reader.read(id) : await here.read(id)
    }
  }
}

function documentOf(
  { name }: KnownVault,
  machine: string,
  found: PlannedPrune | PruneResult,
  request: PruneRequest,
  itemName: (item: ItemId) => string,
): PruneDocument {
  const { plan, waiting, due } = found
  const result = 'deleted' in found ? found : undefined
  const isDeletedAtOnce = request.graceMs === 0
  const planned = { files: plan.dead.length + plan.unindexed.length + plan.sparse.length, bytes: plan.bytesFreed }
  const announced = result?.announced ?? { ...planned, files: planned.files }
  const mergedBytes = result?.merged.intoBytes ?? 0
  const before = plan.bytesNow
  const now = before + mergedBytes - (result?.deleted.bytes ?? 0)
  const dueBytes = result === undefined ? due.bytes : 0
  const stillMerging = result === undefined ? plan.bytesMerged : 0
  const announcedBytes = result !== undefined && isDeletedAtOnce ? 0 : announced.bytes
  return {
    vault: name,
    machine,
    plan: result === undefined,
    points: found.points.map(({ point, reason }) => ({
      id: point.listed.point,
      item: point.listed.item,
      itemName: isReadable(point) ? point.manifest.itemName : itemName(point.listed.item),
      time: isoTime(isReadable(point) ? point.manifest.timeMs : point.storedAtMs),
      reason,
    })),
    chunkFiles: { dead: plan.dead.length, unindexed: plan.unindexed.length, sparse: plan.sparse.length },
    bytes: { before, now, afterGrace: Math.max(0, now + stillMerging - announcedBytes - waiting.bytes - dueBytes) },
    merged: result?.merged ?? { files: 0, intoFiles: 0, intoBytes: 0 },
    deleted: result?.deleted ?? { files: 0, bytes: 0 },
    announced: announcedDocument(announced),
    waiting: announcedDocument(waiting),
    takenBack: result?.takenBack ?? 0,
    refusal: result?.refusal ?? null,
    remarks: remarksOf(name, found),
  }
}

function announcedDocument({ files, bytes, dueAtMs }: AnnouncedFiles) {
  return { files, bytes, due: dueAtMs === undefined ? null : new Date(dueAtMs).toISOString() }
}

function remarksOf(vault: string, found: PlannedPrune | PruneResult): string[] {
  const damaged = 'damagedFiles' in found ? found.damagedFiles : 0
  const verify = `tharsis vault verify ${vault} --read-data 100`
  const lack = `Some points name data that the vault does not hold; run "${verify}", which says which files lack it.`
  const stay = `Chunk files that stay, since what is needed of them is damaged: ${damaged}; run "${verify} --heal".`
  return [...(found.unindexedBlocks === 0 ? [] : [lack]), ...(damaged === 0 ? [] : [stay])]
}
