/**
 * The use case of verification: reads the vault itself and trusts no cache. Takes no lock, unless it heals: then it
 * writes to the vault and to the base.
 */
import { join } from 'node:path'
import { refreshIndex } from '../backup/refresh-index.ts'
import { AgentError, isAgentError } from '../base/agent-error.ts'
import { createTask } from '../base/task.ts'
import { type BaseDb, openBase } from '../cache/base-db.ts'
import { ChunkFolder } from '../cache/chunk-folder.ts'
import type { Definitions } from '../format/definitions.ts'
import { decodePointManifest } from '../format/point.ts'
import { parseChunkName, vaultFileName } from '../format/vault-layout.ts'
import { acquireHomeLock } from '../platform/home-lock.ts'
import type { KnownVault } from '../state/state-db.ts'
import type { Vault } from '../vault/vault.ts'
import type { SeenPoint } from '../verify/check-objects.ts'
import { checkVault, type VaultCheck, type VaultCheckRequest } from '../verify/check-vault.ts'
import { ifReadable } from '../verify/heal-source.ts'
import { HealSpool } from '../verify/heal-spool.ts'
import { healVault, type VaultHealing } from '../verify/heal-vault.ts'
import type { CallContext, DamagedObject, VerifyDocument, VerifyLevel, VerifyOptions } from './agent-api.ts'
import type { AgentDeps } from './agent-deps.ts'
import { damageAdvice } from './damage-advice.ts'
import { HealSources } from './heal-sources.ts'
import { healTarget } from './heal-target.ts'
import { type HealedVaultFile, healVaultFile } from './heal-vault-file.ts'
import { openBaseForWriting } from './open-base.ts'
import { openKeyspace } from './open-keyspace.ts'
import { knownVault, openKnownStore, openKnownVault } from './open-vault.ts'
import { documentOfUnverified, proofsOf } from './proof-files.ts'
import { definitionsHere, requireWriter } from './publish-items.ts'
import { restoreSample, type SampleResult } from './restore-sample.ts'
import { verifyDaysOf } from './setting-verbs.ts'

export async function verifyKnownVault(
  deps: AgentDeps,
  name: string,
  options: VerifyOptions,
  context: CallContext,
): Promise<VerifyDocument> {
  const { level = 'open', readDataPercent, heal = false, keyspace } = options
  const known = knownVault(deps, name)
  if (heal && known.access !== 'owner') throw new AgentError('vault.foreign', { name, machine: known.machine })
  if (heal && keyspace !== undefined) {
    throw new AgentError('usage.invalid', {
      problem: 'Only the machine that writes to a keyspace can heal it.',
      advice: 'Leave out one of --heal and --keyspace, or take the machine over with "tharsis vault connect".',
    })
  }
  using _lock = heal ? acquireHomeLock(deps.paths.root, deps.clock) : undefined
  const vaultFile = heal ? await healVaultFile(deps, known, spoolOf(deps, known)) : undefined
  const vault = await openToVerify(deps, known, keyspace)
  try {
    using task = createTask({ clock: deps.clock, ...context })
    const record = proofsOf(deps, { id: known.id, keyspace: vault.keys.keyspace })
    const request: VaultCheckRequest = {
      vault,
      level: level === 'restore' ? 'open' : level,
      ...(readDataPercent !== undefined && { readDataPercent }),
      rotation: { record, days: verifyDaysOf(deps), nowMs: () => deps.clock.nowMs() },
      seen: keyspace === undefined ? seenConfirmed(deps, known) : [],
      task,
      random: deps.random,
    }
    const checked = heal ? await checkAndHeal(deps, known, request) : await justCheck(request)
    const outcome = vaultFile === undefined ? checked : withVaultFile(checked, vaultFile)
    const sample = level === 'restore' ? await restoreSample(deps, vault, outcome.check, task) : undefined
    const damaged = [...outcome.damaged, ...damageOfSample(sample, outcome.damaged)]
    const { objects } = outcome.check
    deps.log.info('vault verified', { vault: name, level, objects, damaged: damaged.length, healed: outcome.healed })
    const remarks = [...outcome.check.remarks, ...outcome.remarks]
    if (record.trouble !== undefined) {
      remarks.push(`What was read could not be written down, so it is read again next time: ${record.trouble.message}`)
    }
    const advice = damageAdvice(damaged, {
      vault: known.name,
      isOwn: known.access === 'owner' && keyspace === undefined,
      hasReplica: deps.state.replica(known.name) !== undefined,
      wasHealed: heal,
    })
    return documentOf(deps, level, outcome, { damaged, remarks, sample, advice })
  } finally {
    await vault.store.close()
  }
}

/** The newest points of this home's items that were seen confirmed in the vault. */
function seenConfirmed(deps: AgentDeps, { id, access }: KnownVault): SeenPoint[] {
  if (access !== 'owner') return []
  using base = openBase(deps.paths.base, { readOnly: true })
  return deps.state.items().flatMap((item) => {
    const manifest = base.lastConfirmed(id, item.id)
    return manifest === undefined ? [] : [decodePointManifest(manifest, 'confirmed point')]
  })
}

/** The vault with this home's keys, or with those of another machine. */
async function openToVerify(deps: AgentDeps, known: KnownVault, keyspace: string | undefined): Promise<Vault> {
  if (keyspace === undefined) return await openKnownVault(deps, known)
  const store = await openKnownStore(deps, known)
  try {
    return (await openKeyspace(deps, known, store, keyspace)).vault
  } catch (error) {
    await store.close()
    throw error
  }
}

interface Outcome extends Pick<VaultHealing, 'check' | 'healed'> {
  readonly damaged: readonly DamagedObject[]
  readonly markedPartial?: number
  readonly remarks: readonly string[]
}

async function justCheck(request: VaultCheckRequest): Promise<Outcome> {
  const check = await checkVault(request)
  return { check, damaged: check.damaged, healed: 0, remarks: [] }
}

function spoolOf(deps: AgentDeps, { id, keyspace }: KnownVault): HealSpool {
  return new HealSpool(join(deps.paths.proofs, `${id}-${keyspace}.healing`))
}

/** With what had to be healed before the vault could be opened. */
function withVaultFile(outcome: Outcome, { reason, done }: HealedVaultFile): Outcome {
  const damage: DamagedObject = {
    object: vaultFileName,
    offset: 0,
    reason,
    points: [],
    files: [],
    state: 'healed',
    done,
  }
  return { ...outcome, damaged: [damage, ...outcome.damaged], healed: outcome.healed + 1 }
}

/** Only under the home lock. */
async function checkAndHeal(deps: AgentDeps, known: KnownVault, request: VaultCheckRequest): Promise<Outcome> {
  const { vault, task } = request
  await requireHealer(deps, known, vault)
  using base = openBaseForWriting(deps)
  const chunks = new ChunkFolder(deps.paths.chunks)
  // Where an object that it reads is damaged, that is healed first; nothing is written before it can be read.
  await ifReadable(() => refreshIndex(base, vault))
  await using sources = await HealSources.open(deps, known, vault, { base, chunks })
  const healing = await healVault({
    ...request,
    sources: sources.all,
    target: healTarget({ vault, base, chunks, signal: task.signal }),
    spool: spoolOf(deps, known),
    definitions: await definitionsOf(deps, known, vault),
    who: deps.machine,
    clock: deps.clock,
    random: deps.random,
  })
  forgetDamaged(base, vault, healing)
  return { ...healing, remarks: sources.remarks }
}

/** What the vault's definitions say, as far as they can be read; else what this home knows. */
async function definitionsOf(deps: AgentDeps, known: KnownVault, vault: Vault): Promise<Definitions> {
  const read = await ifReadable(() => vault.readDefinitions())
  return read?.definitions ?? definitionsHere(deps, known)
}

/** False when the newest confirmed point of an item was made by another home: that one has taken over. */
async function isStillWriter({ state }: AgentDeps, vault: Vault): Promise<boolean> {
  const ofItems = Map.groupBy(await vault.listPoints(), ({ item }) => item)
  return [...ofItems].every(([item, points]) => {
    const newest = points.findLast(({ confirmationName }) => confirmationName !== undefined)
    return newest === undefined || !state.madePoints.hasAny(item) || state.madePoints.has(item, newest.point)
  })
}

/** As `requireWriter`; where the definitions that would tell are what is to be healed, the points tell who writes. */
async function requireHealer(deps: AgentDeps, known: KnownVault, vault: Vault): Promise<void> {
  try {
    await requireWriter(deps, known, vault)
  } catch (error) {
    if (!isAgentError(error, 'vault.definitions-damaged') || !(await isStillWriter(deps, vault))) throw error
    deps.log.warn('healed without knowing who writes to the vault', { vault: known.name, reason: error.message })
  }
}

/**
 * Damaged chunk files are nothing that a backup may rest on; and what is lost for good may still be in the folders under
 * another path, so that the next backup reads all of them.
 */
function forgetDamaged(base: BaseDb, vault: Vault, { damaged }: VaultHealing): void {
  const names = damaged.flatMap(({ object }) => parseChunkName(object) ?? [])
  base.unplace(
    vault.id,
    names.flatMap((name) => base.chunkFileNumber(name) ?? []),
  )
  if (damaged.some(({ state, files }) => state === 'open' && files.length > 0)) base.trust.distrust(vault.id)
}

function documentOf(
  deps: AgentDeps,
  level: VerifyLevel,
  { check, healed, markedPartial }: Outcome,
  told: {
    readonly damaged: readonly DamagedObject[]
    readonly remarks: readonly string[]
    readonly sample: SampleResult | undefined
    readonly advice: readonly string[]
  },
): VerifyDocument {
  const { objects, bytesRead, chunkFiles, chunkFilesRead, points }: VaultCheck = check
  return {
    level,
    objects,
    bytesRead,
    chunkFiles,
    chunkFilesRead,
    points: points.length,
    ...(told.sample && { filesRestored: told.sample.filesRestored }),
    oldestUnverified: documentOfUnverified(deps, check.oldestUnverified),
    damaged: told.damaged,
    healed,
    ...(markedPartial !== undefined && { markedPartial }),
    remarks: told.remarks,
    advice: told.advice,
  }
}

/** What the sample alone has shown: files that no other damage explains. */
function damageOfSample(sample: SampleResult | undefined, found: readonly DamagedObject[]): DamagedObject[] {
  const explained = found.flatMap(({ files }) => files)
  const isExplained = (file: string) =>
    explained.some((each) => each === file || (each.endsWith('…') && file.startsWith(each.slice(0, -1))))
  const byFile = Map.groupBy(sample?.failures ?? [], ({ file }) => file)
  return [...byFile]
    .filter(([file]) => !isExplained(file))
    .map(([file, failures]) => ({
      object: file,
      offset: 0,
      reason: [...new Set(failures.map(({ reason }) => reason))].join('; '),
      points: [...new Set(failures.map(({ point }) => point.id))].sort(),
      files: [file],
      state: 'open',
    }))
}
