/**
 * What clean-ups leave in a vault: open intents with the chunk files that they condemn, and the chunk files that are out of
 * the index. docs/format/write-order.md, *Deleting*, says when each is written and read.
 */
import { AgentError, isAgentError } from '../base/agent-error.ts'
import { randomId } from '../base/random.ts'
import { openObject, sealObject } from '../codec/seal-object.ts'
import type { HomeId, IntentId } from '../contract/ids.ts'
import {
  decodeIndexGone,
  decodeIntent,
  decodeIntentEnd,
  encodeIndexGone,
  encodeIntent,
  encodeIntentEnd,
  type IndexGone,
  type Intent,
  type IntentEnd,
} from '../format/clean-up.ts'
import { parseIntentName } from '../format/vault-layout.ts'
import { listNumbered } from './numbered-objects.ts'
import { readListed } from './read-listed.ts'
import { readObject } from './read-object.ts'
import type { Vault } from './vault.ts'

const maxListings = 3
/** Ends of clean-ups are kept a while longer than anybody may remember their intents as open. */
const keepEndedMs = 30 * 86_400_000

export interface OpenIntent extends Intent {
  readonly id: IntentId
}

/** The intents of a vault by their names. */
export interface ListedIntents {
  readonly open: readonly IntentId[]
  /** Those whose end is there. */
  readonly ended: readonly IntentId[]
  /** Names that this version does not know: they may announce anything. */
  readonly others: readonly string[]
}

export async function listIntents(vault: Vault): Promise<ListedIntents> {
  const announced = new Set<IntentId>()
  const ended = new Set<IntentId>()
  const others: string[] = []
  for await (const { name } of vault.store.list(vault.layout.intents)) {
    const parsed = parseIntentName(name)
    if (parsed === undefined) others.push(name)
    else if (parsed.isEnd) ended.add(parsed.id)
    else announced.add(parsed.id)
  }
  return { open: [...announced].filter((id) => !ended.has(id)), ended: [...ended], others }
}

/**
 * All open intents. Throws `vault.cleaning` where one cannot be read, since it may condemn anything, and the store's
 * errors. `known`: intents that were read before and need not be read again.
 */
export async function readOpenIntents(
  vault: Vault,
  known: ReadonlyMap<IntentId, OpenIntent> = new Map(),
): Promise<OpenIntent[]> {
  const intents: OpenIntent[] = []
  const { open, others } = await listIntents(vault)
  if (others.length > 0) throw unreadable(vault)
  for (const id of open) {
    const intent = known.get(id) ?? (await readIntent(vault, id))
    if (intent !== undefined) intents.push(intent)
  }
  return intents
}

async function readIntent(vault: Vault, id: IntentId): Promise<OpenIntent | undefined> {
  const name = vault.layout.intent(id)
  try {
    const payload = openObject(vault.keys, 'intent', name, await readObject(vault.store, name))
    return { id, ...decodeIntent(payload, name) }
  } catch (error) {
    // Ended and deleted since it was listed.
    if (isAgentError(error, 'store.not-found')) return undefined
    if (isAgentError(error, 'format.invalid') || isAgentError(error, 'format.too-new')) throw unreadable(vault, error)
    throw error
  }
}

/** Announces a clean-up; it is durable when this resolves. */
export async function putIntent(vault: Vault, intent: Intent): Promise<OpenIntent> {
  const id = randomId<IntentId>(vault.random)
  const name = vault.layout.intent(id)
  await vault.store.put(name, sealObject(vault.keys, 'intent', name, encodeIntent(intent), vault.random))
  return { id, ...intent }
}

/** Ends an intent. Only the home that announced it may. An end that is there already stays. */
export async function endIntent(vault: Vault, id: IntentId, end: IntentEnd): Promise<void> {
  const name = vault.layout.intentEnd(id)
  if ((await vault.store.stat(name)) !== undefined) return
  await vault.store.put(name, sealObject(vault.keys, 'intent', name, encodeIntentEnd(end), vault.random))
}

/** How a clean-up of `home` ended; undefined when it was another home's, or either object is damaged or deleted already. */
async function readOwnEnd(vault: Vault, id: IntentId, home: HomeId): Promise<IntentEnd | undefined> {
  const name = vault.layout.intentEnd(id)
  try {
    const intent = await readIntent(vault, id)
    if (intent?.home !== home) return undefined
    return decodeIntentEnd(openObject(vault.keys, 'intent', name, await readObject(vault.store, name)), name)
  } catch (error) {
    if (isAgentError(error, 'format.invalid') || isAgentError(error, 'vault.cleaning')) return undefined
    throw error
  }
}

/** Deletes intents of `home` that ended long ago, and then their ends. `ended`: all that have an end. */
export async function forgetEndedIntents(
  vault: Vault,
  ended: readonly IntentId[],
  by: { readonly home: HomeId; readonly nowMs: number },
): Promise<void> {
  for (const id of ended) {
    const end = await readOwnEnd(vault, id, by.home)
    if (end === undefined || by.nowMs - end.endedAtMs < keepEndedMs) continue
    await vault.store.delete(vault.layout.intent(id))
    await vault.store.delete(vault.layout.intentEnd(id))
  }
}

export interface ReadIndexGone {
  readonly sequence: number
  readonly gone: IndexGone
}

/**
 * Index-gone objects after `lastSeen` in their order. A damaged one goes to `onDamage` and is left out; without that it is
 * thrown: the index is not known without it.
 */
export async function readIndexGone(
  vault: Vault,
  lastSeen: number,
  onDamage?: (error: AgentError) => void,
): Promise<ReadIndexGone[]> {
  for (let listing = 1; ; listing++) {
    try {
      return await readListedGone(vault, lastSeen, onDamage)
    } catch (error) {
      // One that others repeat may be deleted between listing and reading.
      if (!isAgentError(error, 'store.not-found') || listing === maxListings) throw error
    }
  }
}

async function readListedGone(
  vault: Vault,
  lastSeen: number,
  onDamage: ((error: AgentError) => void) | undefined,
): Promise<ReadIndexGone[]> {
  const { layout, store, keys } = vault
  const listed = await listNumbered(
    store,
    layout.indexGone,
    lastSeen < 0 ? {} : { startAfter: layout.indexGoneObject(lastSeen) },
  )
  const found: ReadIndexGone[] = []
  for await (const { input, result } of readListed(store, listed)) {
    const { name, sequence } = input
    try {
      const object = await result
      found.push({ sequence, gone: decodeIndexGone(openObject(keys, 'index-gone', name, object), name) })
    } catch (error) {
      if (onDamage === undefined || !isAgentError(error, 'format.invalid')) throw error
      onDamage(error)
    }
  }
  return found
}

/** Writes an index-gone object under the next free number, which it returns. */
export async function writeIndexGone(vault: Vault, gone: IndexGone): Promise<number> {
  const { layout, store, keys, random } = vault
  const payload = encodeIndexGone(gone)
  let sequence = ((await listNumbered(store, layout.indexGone)).at(-1)?.sequence ?? -1) + 1
  for (; ; sequence++) {
    const name = layout.indexGoneObject(sequence)
    try {
      await store.put(name, sealObject(keys, 'index-gone', name, payload, random))
      return sequence
    } catch (error) {
      if (!isAgentError(error, 'store.conflict')) throw error
    }
  }
}

function unreadable(vault: Vault, cause?: unknown): AgentError<'vault.cleaning'> {
  const reason = 'an announcement of what it deletes cannot be read'
  return new AgentError('vault.cleaning', { address: vault.store.address, reason }, cause)
}
