/**
 * Reads the index of a keyspace: its segments in the order of their numbers (docs/format/vault-layout.md), all of them, or
 * those that say what the index says now.
 */
import { type AgentError, isAgentError } from '../base/agent-error.ts'
import { sha256 } from '../codec/block-id.ts'
import { openObject } from '../codec/seal-object.ts'
import { decodeIndexSegment, type IndexSegment } from '../format/index-segment.ts'
import { listNumbered, type NumberedObject } from './numbered-objects.ts'
import { readAhead } from './read-ahead.ts'
import { readObject } from './read-object.ts'
import type { Vault } from './vault.ts'

/** A reader that misses an index segment lists again, so often in all. */
const maxListings = 3
/** Objects of segments that are kept until their turn comes; the others are read again. */
const maxKeptBytes = 16 * 2 ** 20

export interface ReadIndexSegment {
  readonly sequence: number
  readonly segment: IndexSegment
  /** Of the whole object. */
  readonly sha256: Buffer
}

/** Hears of a segment that is damaged and left out. */
type OnSegmentDamage = (error: AgentError, sequence: number) => void

/**
 * Index segments after `lastSeen` in their order, each with the SHA-256 of its object. A damaged one goes to
 * `onDamage` and is left out; without that it is thrown. One that a compaction has deleted since it was listed is not
 * missed: what repeats it comes with the next listing.
 */
export function readIndex(
  vault: Vault,
  lastSeen: number,
  onDamage?: OnSegmentDamage,
): AsyncGenerator<ReadIndexSegment, void, undefined> {
  return readSegments(vault, lastSeen, async () => new LiveSegments(), onDamage)
}

/**
 * The same without the segments that a later one repeats, which are not read: a vault that nobody has cleaned up for
 * years holds one of each backup, of which at most 64 are live.
 */
export function readLiveIndex(
  vault: Vault,
  lastSeen: number,
  onDamage?: OnSegmentDamage,
): AsyncGenerator<ReadIndexSegment, void, undefined> {
  return readSegments(vault, lastSeen, async (listed) => await findLive(vault, listed), onDamage)
}

async function* readSegments(
  vault: Vault,
  lastSeen: number,
  look: (listed: readonly NumberedObject[]) => Promise<LiveSegments>,
  onDamage: OnSegmentDamage | undefined,
): AsyncGenerator<ReadIndexSegment, void, undefined> {
  const known = new Set<number>()
  for (let listing = 1; ; listing++) {
    let isMissed = false
    const listed = await listSegments(vault, lastSeen)
    const live = await look(listed)
    const wanted = listed.filter(({ sequence }) => !known.has(sequence) && !live.repeated.has(sequence))
    // Not longer than it was listed: see readListed.
    const read = async ({ sequence, name, sizeBytes }: NumberedObject) =>
      live.take(sequence) ?? (await readObject(vault.store, name, { maxSizeBytes: sizeBytes }))
    for await (const { input, result } of readAhead(wanted, read)) {
      const { sequence, name } = input
      try {
        const object = await result
        const payload = openObject(vault.keys, 'index', name, object)
        known.add(sequence)
        yield { sequence, segment: decodeIndexSegment(payload, name), sha256: sha256(object) }
      } catch (error) {
        if (isAgentError(error, 'store.not-found') && listing < maxListings) {
          isMissed = true
          continue
        }
        if (onDamage === undefined || !isAgentError(error, 'format.invalid')) throw error
        known.add(sequence)
        onDamage(error, sequence)
      }
    }
    if (!isMissed) return
  }
}

async function listSegments({ store, layout }: Vault, lastSeen: number): Promise<NumberedObject[]> {
  return await listNumbered(store, layout.index, lastSeen < 0 ? {} : { startAfter: layout.indexSegment(lastSeen) })
}

/** From the newest back: only segments that none so far has repeated are read. What cannot be read repeats nothing. */
async function findLive(vault: Vault, listed: readonly NumberedObject[]): Promise<LiveSegments> {
  const live = new LiveSegments()
  if (listed.length < 2) return live
  for (const { sequence, name } of listed.toReversed()) {
    if (live.repeated.has(sequence)) continue
    try {
      const object = await readObject(vault.store, name)
      const { supersedes } = decodeIndexSegment(openObject(vault.keys, 'index', name, object), name)
      live.add(sequence, object, supersedes)
    } catch (error) {
      if (!isAgentError(error, 'store.not-found') && !isAgentError(error, 'format.invalid')) throw error
    }
  }
  return live
}

/** What a look through the index from its end has found. */
class LiveSegments {
  /** Numbers of segments that a later one repeats. */
  readonly repeated = new Set<number>()
  readonly #kept = new Map<number, Buffer>()
  #keptBytes = 0

  add(sequence: number, object: Buffer, supersedes: readonly number[]): void {
    for (const number of supersedes) this.repeated.add(number)
    if (this.#keptBytes + object.length > maxKeptBytes) return
    this.#kept.set(sequence, object)
    this.#keptBytes += object.length
  }

  take(sequence: number): Buffer | undefined {
    const object = this.#kept.get(sequence)
    this.#kept.delete(sequence)
    return object
  }
}
