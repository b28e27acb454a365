/**
 * Small objects that are damaged or missing: put again from a source that holds the very same object, else made anew where
 * what they say is known. A damaged object has to be deleted before its true bytes can take its name; those are in hand
 * by then, and proven. Nothing is deleted because of one bad reading.
 */
import { isAgentError } from '../base/agent-error.ts'
import { toHex } from '../base/bytes.ts'
import type { Random } from '../base/random.ts'
import type { Task } from '../base/task.ts'
import { sha256 } from '../codec/block-id.ts'
import { openObject, sealObject } from '../codec/seal-object.ts'
import { type Definitions, decodeKeyspaceFacts, encodeDefinitions } from '../format/definitions.ts'
import type { IndexedChunkFile } from '../format/index-segment.ts'
import { decodeKeySlot } from '../format/key-slot.ts'
import { encodeConfirmation } from '../format/point.ts'
import type { SealedKind } from '../format/sealed-object.ts'
import { decodeVaultFile } from '../format/vault-file.ts'
import {
  machineClaimsPrefix,
  parseIntentName,
  parseMarkName,
  parsePointName,
  parseSequenceName,
  vaultFileName,
} from '../format/vault-layout.ts'
import { readObject } from '../vault/read-object.ts'
import { readLedger } from '../vault/tombstone-ledger.ts'
import type { Vault } from '../vault/vault.ts'
import type { VaultCheck } from './check-vault.ts'
import type { Damage } from './damage-log.ts'
import { describeStored } from './describe-stored.ts'
import type { HealTarget } from './heal-blocks.ts'
import { type HealSource, ifReadable } from './heal-source.ts'
import type { HealSpool } from './heal-spool.ts'
import { VaultView } from './vault-view.ts'

interface ReplaceDeps {
  readonly vault: Vault
  readonly spool: HealSpool
}

export interface HealObjectsDeps extends ReplaceDeps {
  readonly sources: readonly HealSource[]
  readonly target: HealTarget
  /** What the newest definitions of this vault are to say, as this home knows it. */
  readonly definitions: Definitions
  readonly nowMs: () => number
  readonly random: Random
  readonly task: Task
}

/** What was done to an object, for people. */
export type Deeds = Map<string, string>

/** Heals small objects; answers how many. Throws the vault's errors. */
export async function healObjects(check: VaultCheck, deps: HealObjectsDeps, deeds: Deeds): Promise<number> {
  let healed = 0
  const broken = [...new Set(check.damaged.filter(({ state }) => state === 'open').map(({ object }) => object))]
  for (const name of broken) {
    deps.task.throwIfAborted()
    // What was done did not help, or was said already: once is enough.
    if (deeds.has(name)) continue
    const deed = (await readAgain(name, deps)) ?? (await putAgain(name, deps)) ?? (await makeAgain(name, check, deps))
    if (deed === undefined) continue
    deeds.set(name, deed)
    healed++
  }
  return healed + (await rebuildIndex(check, deps, deeds))
}

/** Confirms again the points that are whole but for their confirmation; answers how many. */
export async function healConfirmations(check: VaultCheck, deps: HealObjectsDeps, deeds: Deeds): Promise<number> {
  const { vault, nowMs, random } = deps
  let healed = 0
  for (const { manifest, name, object } of check.points) {
    const okName = `${name}.ok`
    const own = check.damaged.filter(({ state, points }) => state === 'open' && points.includes(manifest.id))
    // Whoever confirms says that nothing is missing: nothing else may be in doubt.
    if (own.length === 0 || own.some((damage) => damage.object !== okName)) continue
    const payload = encodeConfirmation({ point: manifest.id, sha256: sha256(object), confirmedAtMs: nowMs() })
    const sealed = sealObject(vault.keys, 'confirmation', okName, payload, random)
    if (!(await replace(okName, sealed, deps))) continue
    deeds.set(okName, 'made anew, since the point was proven')
    healed++
  }
  return healed
}

/** The place or the way there was at fault, not the object. */
async function readAgain(name: string, { vault }: HealObjectsDeps): Promise<string | undefined> {
  if (kindOf(name, vault) === undefined || (await isDamagedStill(name, vault))) return undefined
  return 'read without damage at the second try'
}

/** Puts the object's own bytes under its name again; undefined when no source has them. */
async function putAgain(name: string, deps: HealObjectsDeps): Promise<string | undefined> {
  const { vault, sources } = deps
  if (kindOf(name, vault) === undefined) return undefined
  for (const { label, object } of sources) {
    const bytes = await object?.(name)
    if (bytes === undefined || !(await isAuthentic(name, bytes, vault))) continue
    if (await replace(name, bytes, deps)) return `put again from ${label}`
  }
  return kindOf(name, vault) === 'point' ? await putManifestAgain(name, deps) : undefined
}

/** Also from where only the hash in the point's confirmation here tells that it is the same object. */
async function putManifestAgain(name: string, deps: HealObjectsDeps): Promise<string | undefined> {
  const { vault, sources } = deps
  const hash = await ifReadable(async () => (await vault.readConfirmation(`${name}.ok`)).sha256)
  if (hash === undefined) return undefined
  for (const { label, manifests } of sources) {
    const bytes = (await manifests?.(name))?.find((each) => sha256(each).equals(hash))
    if (bytes === undefined || !(await isAuthentic(name, bytes, vault))) continue
    if (await replace(name, bytes, deps)) return `put again from ${label}`
  }
  return undefined
}

async function makeAgain(name: string, check: VaultCheck, deps: HealObjectsDeps): Promise<string | undefined> {
  const { vault, definitions, random } = deps
  if (kindOf(name, vault) === 'claim') {
    const claim = Buffer.from(vault.keys.keyspace, 'hex')
    return (await replace(name, claim, deps)) ? 'made anew: the name is that of this machine' : undefined
  }
  const isDefinitions = name.startsWith(vault.layout.definitions) && parseSequenceName(name) !== undefined
  if (!isDefinitions || !check.damaged.some(({ object }) => object === name)) return undefined
  const sealed = sealObject(vault.keys, 'definitions', name, encodeDefinitions(definitions), random)
  return (await replace(name, sealed, deps)) ? 'made anew from what this home knows' : undefined
}

/**
 * Stands in for damaged and missing index segments: one that names every whole chunk file that no other names, and that
 * supersedes them. What clean-ups have taken out or condemned is left out.
 */
async function rebuildIndex(check: VaultCheck, deps: HealObjectsDeps, deeds: Deeds): Promise<number> {
  const { vault, target, task } = deps
  const { layout } = vault
  const wholeIndex = layout.index.slice(0, -1)
  const isBroken = ({ object, state }: Damage) =>
    state === 'open' && (object.startsWith(layout.index) || object === wholeIndex) && !deeds.has(object)
  const broken = [...new Set(check.damaged.filter(isBroken).map(({ object }) => object))]
  if (broken.length === 0 || !check.isCleaningKnown) return 0
  const view = new VaultView(vault, task)
  const chunkFiles: IndexedChunkFile[] = []
  for (const stored of check.unindexed) {
    const file = await describeStored(view, stored)
    if (file !== undefined) chunkFiles.push(file)
  }
  const supersedes = broken.flatMap((name) => parseSequenceName(name) ?? [])
  if (supersedes.length === 0 && chunkFiles.length === 0) return 0
  await target.index({ chunkFiles, supersedes })
  for (const name of broken) {
    if (name !== wholeIndex && (await isDamagedStill(name, vault))) await vault.store.delete(name)
    deeds.set(name, `rebuilt from the tables of chunk files (${chunkFiles.length})`)
  }
  return broken.length
}

/** Gives `name` these bytes, in place of damaged ones or none. False when what is there turns out to be whole. */
async function replace(name: string, bytes: Buffer, { vault, spool }: ReplaceDeps): Promise<boolean> {
  if (!(await isDamagedStill(name, vault))) return false
  await spool.keep({ name, bytes })
  await vault.store.delete(name)
  await vault.store.put(name, bytes)
  spool.drop(name)
  return true
}

/** Puts what an interrupted healing had in hand; what was removed since stays removed. */
export async function finishInterrupted(deps: ReplaceDeps): Promise<void> {
  const { vault, spool } = deps
  const kept = spool.kept()
  if (kept.length === 0) return
  const { tombstones } = await readLedger(vault)
  for (const { name, bytes } of kept) {
    const point = parsePointName(name)?.point ?? parseMarkName(name)?.point
    const isRemoved = point !== undefined && tombstones.has(point)
    if (!isRemoved && (await isAuthentic(name, bytes, vault))) await replace(name, bytes, deps)
    spool.drop(name)
  }
}

/** Reads once more: true when the object is damaged, or missing, again; one that cannot be read is tried twice. */
async function isDamagedStill(name: string, vault: Vault): Promise<boolean> {
  for (let attempt = 1; ; attempt++) {
    try {
      return !(await isAuthentic(name, await readObject(vault.store, name), vault))
    } catch (error) {
      if (isAgentError(error, 'store.not-found') || isAgentError(error, 'format.invalid')) return true
      if (!isAgentError(error, 'store.failed')) throw error
      // A disk that cannot read these bytes at all; a vault that is gone does not answer for vault.json either.
      if (attempt === 2) return name !== vaultFileName && (await vault.store.stat(vaultFileName)) !== undefined
    }
  }
}

/** True when these are bytes that belong under this name, by seal or hash. */
async function isAuthentic(name: string, bytes: Buffer, vault: Vault): Promise<boolean> {
  const { keys } = vault
  const opened = await ifReadable(async () => {
    const kind = kindOf(name, vault)
    if (kind === 'vault file') return await isVaultFile(bytes, vault)
    if (kind === 'key slot') return toHex(decodeKeySlot(bytes, name).keyspace) === keys.keyspace
    if (kind === 'claim') return toHex(bytes) === keys.keyspace
    if (kind === undefined) return false
    openObject(keys, kind, name, bytes)
    return true
  })
  return opened === true
}

async function isVaultFile(bytes: Buffer, vault: Vault): Promise<boolean> {
  if (decodeVaultFile(bytes).vaultId !== vault.id) return false
  const name = vault.layout.facts
  const facts = await ifReadable(async () =>
    decodeKeyspaceFacts(openObject(vault.keys, 'keyspace', name, await readObject(vault.store, name)), name),
  )
  return facts === undefined || sha256(bytes).equals(facts.vaultSha256)
}

/** What stands under a name; undefined for chunk files and what is no object's name. */
function kindOf(name: string, { layout }: Vault): SealedKind | 'vault file' | 'key slot' | 'claim' | undefined {
  if (name === vaultFileName) return 'vault file'
  if (name.startsWith(machineClaimsPrefix)) return 'claim'
  if (name === layout.facts) return 'keyspace'
  if (name.startsWith(layout.keys) && name.length > layout.keys.length) return 'key slot'
  const point = parsePointName(name)
  if (point !== undefined) return point.confirmation ? 'confirmation' : 'point'
  if (parseMarkName(name) !== undefined) return 'mark'
  if (parseIntentName(name) !== undefined) return 'intent'
  if (parseSequenceName(name) === undefined) return undefined
  if (name.startsWith(layout.index)) return 'index'
  if (name.startsWith(layout.indexGone)) return 'index-gone'
  if (name.startsWith(layout.definitions)) return 'definitions'
  if (name.startsWith(layout.tombstones)) return 'tombstone'
  return name.startsWith(layout.audit) ? 'audit' : undefined
}
