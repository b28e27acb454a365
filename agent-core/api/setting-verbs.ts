/** Use cases of settings: what this home folder is told for good. */
import { AgentError, isAgentError } from '../base/agent-error.ts'
import { formatBytes } from '../base/bytes.ts'
import type { BaseDb } from '../cache/base-db.ts'
import { type CachePolicy, defaultBudgetBytes, leastBudgetBytes, roomOf } from '../cache/cache-budget.ts'
import type { ChunkFolder } from '../cache/chunk-folder.ts'
import { decodePointManifest } from '../format/point.ts'
import { acquireHomeLock } from '../platform/home-lock.ts'
import { readFreeSpace } from '../vault/directory-probe.ts'
import type { SettingsChange, SettingsDocument } from './agent-api.ts'
import type { AgentDeps } from './agent-deps.ts'
import { requirePin } from './pin-guard.ts'
import { policyOf } from './policies.ts'
import { checkUploadLimit, checkWorkHours, uploadLimitOf, workHoursOf, workUploadLimitOf } from './upload-limit.ts'
import { workHoursText } from './work-hours.ts'

const dayMs = 86_400_000
const defaultInstantDays = 2
const mostInstantDays = 30
const defaultVerifyDays = 30
const mostVerifyDays = 3650
/** MARS's time in the trash; never less. */
const leastTrashDays = 14
const mostTrashDays = 180

export async function getSettings(deps: AgentDeps): Promise<SettingsDocument> {
  const budget = deps.state.setting('cache-budget')
  return {
    cacheBudget: budget === undefined ? null : Number(budget),
    instantDays: instantDaysOf(deps),
    gentle: isGentle(deps),
    verifyDays: verifyDaysOf(deps),
    trashDays: trashDaysOf(deps),
    uploadLimit: uploadLimitOf(deps.state),
    workUploadLimit: workUploadLimitOf(deps.state),
    workHours: workHoursOf(deps.state),
  }
}

/** Changes settings; `null` goes back to the default. Throws `usage.invalid`, and as `requirePin` for a shorter time in the trash. */
export async function changeSettings(deps: AgentDeps, changes: SettingsChange): Promise<SettingsDocument> {
  const { cacheBudget, instantDays, gentle, verifyDays, trashDays, uploadLimit, workUploadLimit, workHours } = changes
  if (cacheBudget !== undefined && cacheBudget !== null && cacheBudget < leastBudgetBytes) {
    throw new AgentError('usage.invalid', {
      problem: `${formatBytes(cacheBudget)} is too little for the cache: that does not hold the files under way.`,
      advice: `Give at least ${formatBytes(leastBudgetBytes)}.`,
    })
  }
  if (instantDays !== undefined && instantDays !== null && (instantDays < 1 || instantDays > mostInstantDays)) {
    throw new AgentError('usage.invalid', {
      problem: `Payload cannot stay in the cache for ${instantDays} days.`,
      advice: `Give 1 to ${mostInstantDays} days.`,
    })
  }
  if (verifyDays !== undefined && verifyDays !== null && (verifyDays < 1 || verifyDays > mostVerifyDays)) {
    throw new AgentError('usage.invalid', {
      problem: `A vault cannot be read once in ${verifyDays} days.`,
      advice: `Give 1 to ${mostVerifyDays} days.`,
    })
  }
  if (trashDays !== undefined && trashDays !== null && (trashDays < leastTrashDays || trashDays > mostTrashDays)) {
    throw new AgentError('usage.invalid', {
      problem: `Deleted points cannot stay in the trash for ${trashDays} days.`,
      advice: `Give ${leastTrashDays} to ${mostTrashDays} days.`,
    })
  }
  if (trashDays !== undefined && (trashDays ?? leastTrashDays) < trashDaysOf(deps)) await requirePin(deps)
  checkUploadLimit(uploadLimit)
  checkUploadLimit(workUploadLimit)
  checkWorkHours(workHours)
  using _lock = acquireHomeLock(deps.paths.root, deps.clock)
  deps.state.putSettings({
    ...(uploadLimit !== undefined && { 'upload-limit': uploadLimit === null ? undefined : String(uploadLimit) }),
    ...(workUploadLimit !== undefined && {
      'work-upload-limit': workUploadLimit === null ? undefined : String(workUploadLimit),
    }),
    ...(workHours !== undefined && { 'work-hours': workHours === null ? undefined : workHoursText(workHours) }),
    ...(cacheBudget !== undefined && { 'cache-budget': cacheBudget === null ? undefined : String(cacheBudget) }),
    ...(instantDays !== undefined && { 'instant-days': instantDays === null ? undefined : String(instantDays) }),
    ...(trashDays !== undefined && { 'trash-days': trashDays === null ? undefined : String(trashDays) }),
    ...(gentle !== undefined && { gentle: gentle === null ? undefined : String(gentle) }),
    ...(verifyDays !== undefined && { 'verify-days': verifyDays === null ? undefined : String(verifyDays) }),
  })
  return await getSettings(deps)
}

export function isGentle(deps: AgentDeps): boolean {
  return deps.state.setting('gentle') === 'true'
}

/** So many days deleted points can be brought back. */
export function trashDaysOf(deps: AgentDeps): number {
  return Number(deps.state.setting('trash-days') ?? leastTrashDays)
}

/** The most that the setting and the policies of the items ask for. */
export function instantDaysOf(deps: AgentDeps): number {
  const set = deps.state.setting('instant-days')
  const policies = deps.state.items().flatMap((item) => policyOf(deps, item).instantDays ?? [])
  const asked = [...(set === undefined ? [] : [Number(set)]), ...policies]
  return asked.length === 0 ? defaultInstantDays : Math.max(...asked)
}

/** Every chunk file of a vault is to be read once in so many days. */
export function verifyDaysOf(deps: AgentDeps): number {
  return Number(deps.state.setting('verify-days') ?? defaultVerifyDays)
}

/** The policy that the cache goes by now, and the room that its payload takes. Throws `cache.failed`. */
export async function cachePolicyOf(
  deps: AgentDeps,
  base: BaseDb,
  chunks: ChunkFolder,
): Promise<CachePolicy & { readonly usedBytes: number; readonly freeBytes: number }> {
  const usedBytes = chunks.payload().reduce((sum, file) => sum + roomOf(file), chunks.openBytes())
  const freeBytes = await freeBytesAt(chunks.path)
  const set = deps.state.setting('cache-budget')
  const budgetBytes =
    set === undefined ? defaultBudgetBytes({ sourceBytes: protectedBytes(base), usedBytes, freeBytes }) : Number(set)
  return { budgetBytes, instantMs: instantDaysOf(deps) * dayMs, usedBytes, freeBytes }
}

/** Bytes of the items as their last points saw them. */
function protectedBytes(base: BaseDb): number {
  let bytes = 0
  for (const { manifest } of base.latestPoints()) {
    try {
      bytes += decodePointManifest(manifest, 'captured point').counts.bytes
    } catch (error) {
      // The backup of that item tells; a budget is no reason to stop.
      if (!isAgentError(error, 'format.invalid')) throw error
    }
  }
  return bytes
}

async function freeBytesAt(folder: string): Promise<number> {
  try {
    return (await readFreeSpace(folder)).freeBytes
  } catch (error) {
    throw new AgentError('cache.failed', { path: folder, reason: (error as Error).message }, error)
  }
}
