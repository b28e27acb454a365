/** Use cases of the cache: show it, move it to another folder, build its base anew from the vaults. */
import { existsSync, readdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { decideSeries, readStanding, type VaultStanding } from '../backup/last-point.ts'
import { recoverCache } from '../backup/recover-cache.ts'
import { refreshIndex } from '../backup/refresh-index.ts'
import { Transfer } from '../backup/transfer.ts'
import { AgentError, isAgentError } from '../base/agent-error.ts'
import { formatBytes } from '../base/bytes.ts'
import { troubleWords } from '../base/file-trouble.ts'
import { createTask, type Task } from '../base/task.ts'
import { type BaseDb, openBase } from '../cache/base-db.ts'
import { setBaseAside } from '../cache/base-file.ts'
import type { CapturedPoint } from '../cache/base-rows.ts'
import { copyCache, removeCache, setAsideBases } from '../cache/cache-files.ts'
import { ChunkFolder, type PayloadFile } from '../cache/chunk-folder.ts'
import { decodePointManifest } from '../format/point.ts'
import { acquireHomeLock } from '../platform/home-lock.ts'
import type { KnownVault } from '../state/state-db.ts'
import { readFreeSpace } from '../vault/directory-probe.ts'
import { sealManifest, type Vault } from '../vault/vault.ts'
import type { CacheDocument, CacheMoved, CacheRebuilt, CallContext } from './agent-api.ts'
import type { AgentDeps } from './agent-deps.ts'
import { isInside, realPathOfFuture } from './folder-checks.ts'
import { barriersOf } from './item-surroundings.ts'
import { openBaseForWriting } from './open-base.ts'
import { openKnownVault } from './open-vault.ts'
import { requireWriter } from './publish-items.ts'
import { cachePolicyOf, instantDaysOf } from './setting-verbs.ts'

export async function showCache(deps: AgentDeps): Promise<CacheDocument> {
  const { paths, state } = deps
  using base = openBase(paths.base, { readOnly: true })
  const chunks = new ChunkFolder(paths.chunks)
  const states = base.chunkFileStates()
  const policy = await cachePolicyOf(deps, base, chunks)
  const payload = chunks.payload()
  const isInstant = ({ name }: PayloadFile) => states.get(name) === 'placed'
  return {
    folder: paths.cache,
    budget: policy.budgetBytes,
    budgetIsDefault: state.setting('cache-budget') === undefined,
    used: policy.usedBytes,
    waiting: amountOf(payload.filter((file) => !isInstant(file))),
    instant: { ...amountOf(payload.filter(isInstant)), days: instantDaysOf(deps) },
    linked: amountOf(payload.filter(({ isLinked }) => isLinked)),
    base: {
      bytes: sizeOf(paths.base) + sizeOf(`${paths.base}-wal`),
      setAside: setAsideBases(paths.cache).map(({ path, sizeBytes }) => ({ file: path, bytes: sizeBytes })),
    },
    free: policy.freeBytes,
  }
}

/**
 * Moves the cache: copies it durably, switches to the copy in one transaction, removes the old one. Killed at any
 * moment, one of the two is whole and used, and the next verb that writes removes what is left of the other. Throws
 * `usage.invalid` for a folder that cannot be it.
 */
export async function moveCache(deps: AgentDeps, directory: string, context: CallContext): Promise<CacheMoved> {
  using _lock = acquireHomeLock(deps.paths.root, deps.clock)
  using task = createTask({ clock: deps.clock, ...context })
  const { base, from, to, moved } = await copyToNewPlace(deps, directory, task)
  base.close()
  const isDefault = to === realPathOfFuture(join(deps.paths.root, 'cache'))
  deps.state.putSettings({ 'cache-folder': isDefault ? undefined : to, 'cache-leftover': from })
  deps.log.info('the cache was moved', { from, to })
  const remarks = [...leftBehind(moved.all, moved.payload)]
  try {
    removeCache(from)
    deps.state.putSettings({ 'cache-leftover': undefined })
  } catch (error) {
    if (!isAgentError(error, 'cache.failed')) throw error
    remarks.push(`The old folder could not be removed yet (${error.data.reason}); the next backup tries again.`)
  }
  return { from, folder: to, ...amountOf(moved.payload), remarks }
}

/** The base that is returned open is the old one. When this throws, the old cache is as it was and nothing is left. */
async function copyToNewPlace(deps: AgentDeps, directory: string, task: Task) {
  const base = openBaseForWriting(deps)
  try {
    const chunks = new ChunkFolder(deps.paths.chunks)
    const from = deps.paths.cache
    const to = checkNewPlace(deps, directory)
    const all = chunks.payload()
    const payload = worthMoving(all, base, isSameFileSystem(from, to))
    await requireRoom(from, to, payload, sizeOf(base.path))
    task.setPhase('transfer')
    task.expect({ files: payload.length, bytes: payload.reduce((sum, file) => sum + file.sizeBytes, 0) })
    deps.state.putSettings({ 'cache-leftover': to })
    try {
      await copyCache({ base, chunks, payload }, to, {
        signal: task.signal,
        onCopied: (sizeBytes) => task.add({ files: 1, bytes: sizeBytes }),
      })
    } catch (error) {
      removeCache(to)
      deps.state.putSettings({ 'cache-leftover': undefined })
      throw error
    }
    return { base, from, to, moved: { all, payload } }
  } catch (error) {
    base.close()
    throw error
  }
}

/** Elsewhere a copy that is linked with a vault here would take room of its own, for what the vault holds anyway. */
function worthMoving(all: readonly PayloadFile[], base: BaseDb, isSame: boolean): readonly PayloadFile[] {
  if (isSame) return all
  const states = base.chunkFileStates()
  return all.filter(({ name, isLinked }) => !isLinked || states.get(name) !== 'placed')
}

function leftBehind(all: readonly PayloadFile[], moved: readonly PayloadFile[]): string[] {
  const count = all.length - moved.length
  if (count === 0) return []
  return [`Chunk files that are one copy with a vault on the old disk were not moved (${count}): the vault holds them.`]
}

/** The real path of the new folder. Throws `usage.invalid`. */
function checkNewPlace(deps: AgentDeps, directory: string): string {
  const to = realPathOfFuture(directory)
  const home = realPathOfFuture(deps.paths.root)
  const cache = realPathOfFuture(deps.paths.cache)
  const touches = (path: string) => isInside(to, path) || isInside(path, to)
  const refuse = (problem: string) =>
    new AgentError('usage.invalid', {
      problem,
      advice: 'Give an empty or new folder of its own, best on a fast local disk.',
    })
  if (touches(cache)) throw refuse(`${directory} and the cache (${cache}) lie in each other.`)
  if (isInside(home, to)) throw refuse(`${directory} holds the home folder.`)
  const others = barriersOf(deps).filter(({ path }) => path !== home && path !== cache)
  const vault = others.find(({ path }) => touches(path))
  if (vault !== undefined) throw refuse(`${directory} and ${vault.what} (${vault.path}) lie in each other.`)
  for (const item of deps.state.items()) {
    const folder = item.folders
      .map(String)
      .find((path) => isInside(path, to) || (isInside(to, path) && !isInside(to, home)))
    if (folder === undefined) continue
    throw refuse(`${directory} and ${folder}, which item "${item.name}" protects, lie in each other.`)
  }
  try {
    if (existsSync(to) && readdirSync(to).length > 0) throw refuse(`${directory} is not empty.`)
  } catch (error) {
    if (error instanceof AgentError) throw error
    throw refuse(`${directory} cannot hold the cache: ${troubleWords(error)}.`)
  }
  return to
}

async function requireRoom(
  from: string,
  to: string,
  payload: readonly PayloadFile[],
  baseBytes: number,
): Promise<void> {
  const isSame = isSameFileSystem(from, to)
  const neededBytes = baseBytes + (isSame ? 0 : payload.reduce((sum, file) => sum + file.sizeBytes, 0))
  const { freeBytes } = await readFreeSpace(existingAbove(to))
  if (neededBytes <= freeBytes) return
  throw new AgentError('usage.invalid', {
    problem: `${to} has not enough room for the cache: ${formatBytes(neededBytes)} needed, ${formatBytes(freeBytes)} free.`,
    advice: 'Make room there, or let a backup bring what waits into its vault first.',
  })
}

function isSameFileSystem(from: string, to: string): boolean {
  return statSync(from).dev === statSync(existingAbove(to)).dev
}

function existingAbove(folder: string): string {
  return existsSync(folder) ? folder : existingAbove(dirname(folder))
}

/**
 * Sets the base aside and builds it anew: index and last points are read again from all vaults. What waits for a vault
 * is brought there before. Throws the error of a vault that this home writes to and that is away; nothing is changed then.
 */
export async function rebuildCache(deps: AgentDeps, context: CallContext): Promise<CacheRebuilt> {
  using _lock = acquireHomeLock(deps.paths.root, deps.clock)
  using task = createTask({ clock: deps.clock, ...context })
  const remarks: string[] = []
  await using open = new AsyncDisposableStack()
  const vaults: { readonly known: KnownVault; readonly vault: Vault }[] = []
  for (const known of deps.state.vaults()) {
    try {
      const vault = await openKnownVault(deps, known)
      open.defer(async () => await vault.store.close())
      vaults.push({ known, vault })
    } catch (error) {
      if (known.access === 'owner' || !(error instanceof AgentError)) throw error
      remarks.push(`Vault "${known.name}" was left out: ${error.message}`)
    }
  }
  const hadBase = existsSync(deps.paths.base)
  const damagedAside = await confirmWaiting(deps, vaults, task, remarks)
  const setAside = damagedAside ?? (hadBase ? setBaseAside(deps.paths.base) : null)
  using base = openBaseForWriting(deps)
  const rebuilt: CacheRebuilt['vaults'][number][] = []
  task.setPhase('merge')
  for (const { vault } of vaults) {
    task.throwIfAborted()
    await refreshIndex(base, vault)
  }
  const points = await readPointsAgain(deps, vaults, base)
  for (const { known, vault } of vaults) {
    const chunkFiles = base.placedChunks(vault.id).size
    rebuilt.push({ name: known.name, chunkFiles, points: points.get(known.name) ?? 0 })
  }
  return { folder: deps.paths.cache, setAside, vaults: rebuilt, remarks }
}

/** Where a damaged base was set aside on the way; nothing of it could be confirmed then. */
async function confirmWaiting(
  deps: AgentDeps,
  vaults: readonly { readonly known: KnownVault; readonly vault: Vault }[],
  task: Task,
  remarks: string[],
): Promise<string | undefined> {
  using base = openBaseForWriting(deps)
  if (base.setAside !== undefined) return base.setAside
  task.setPhase('transfer')
  for (const { known, vault } of vaults.filter(({ known: { access } }) => access === 'owner')) {
    const chunks = new ChunkFolder(deps.paths.chunks)
    const { clock, random } = deps
    const { signal } = task
    try {
      await requireWriter(deps, known, vault)
      await refreshIndex(base, vault)
      await recoverCache({ base, chunks, keys: vault.keys, vaults: [vault.id], signal })
      const sealPoint = (manifest: Parameters<typeof sealManifest>[1]) => sealManifest(vault.keys, manifest, random)
      const others = vaults.flatMap((one) => (isSibling(one, vault) ? [one.vault] : []))
      const onPut = () => undefined
      await new Transfer({ vault, others, base, chunks, sealPoint, clock, signal, onPut }).confirmCaptured()
    } catch (error) {
      const isDamage = isAgentError(error, 'format.invalid') || isAgentError(error, 'vault.definitions-damaged')
      const isLeftOut = isDamage || isAgentError(error, 'cache.damaged') || isAgentError(error, 'vault.taken-over')
      if (!(error instanceof AgentError && isLeftOut)) throw error
      // What can be read here is not given up for something else that is damaged.
      if (isDamage && base.unconfirmedPoints(vault.id).every(isReadable)) throw error
      remarks.push(`What waited for vault "${known.name}" could not be brought there: ${error.message}`)
    }
  }
  return undefined
}

function isReadable({ manifest }: CapturedPoint): boolean {
  try {
    decodePointManifest(manifest, 'captured point')
    return true
  } catch (error) {
    if (!isAgentError(error, 'format.invalid')) throw error
    return false
  }
}

/** Another vault with the same keys. */
function isSibling({ vault }: { readonly vault: Vault }, other: Vault): boolean {
  return vault.id !== other.id && vault.keys.keyspace === other.keys.keyspace
}

/** The latest points, each the newest of its item's vaults. Answers how many items each vault, by its name, holds a point of. */
async function readPointsAgain(
  deps: AgentDeps,
  vaults: readonly { readonly known: KnownVault; readonly vault: Vault }[],
  base: BaseDb,
): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>()
  for (const item of deps.state.items()) {
    const standings: VaultStanding[] = []
    for (const { known, vault } of vaults) {
      if (known.access !== 'owner' || !item.vaults.includes(known.name)) continue
      const standing = await readStanding(item.id, base, vault)
      standings.push(standing)
      if (standing.newest !== undefined) counts.set(known.name, (counts.get(known.name) ?? 0) + 1)
    }
    decideSeries(item.id, standings, { base, log: deps.log, isComplete: true })
  }
  return counts
}

function amountOf(files: readonly PayloadFile[]): { readonly files: number; readonly bytes: number } {
  return { files: files.length, bytes: files.reduce((sum, file) => sum + file.sizeBytes, 0) }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}
