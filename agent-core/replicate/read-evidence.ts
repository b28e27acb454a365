/** What a vault says of its removals (docs/format/write-order.md, *Replica*, R1), beside what its replica still holds of them. */

import type { IndexGone } from '../format/clean-up.ts'
import type { IndexSegment } from '../format/index-segment.ts'
import { readIndexGone } from '../vault/clean-ups.ts'
import { readIndex } from '../vault/read-index.ts'
import { readLedger } from '../vault/tombstone-ledger.ts'
import type { Vault } from '../vault/vault.ts'
import { closeSuperseded, type Evidence } from './plan-removals.ts'
import type { ComparedKeyspace } from './plan-replication.ts'

/** One machine's view of both. */
interface BothPlaces {
  readonly vault: Vault
  readonly replica: Vault
}

/**
 * What was listed in the vault counts, so that all points that went before are seen to be gone. Throws what the places throw, and
 * `format.invalid` for damage in the vault.
 */
export async function readEvidence(compared: ComparedKeyspace, deps: BothPlaces): Promise<Evidence> {
  const { vault, replica } = deps
  const { layout } = vault
  const { vault: listed, plan } = compared
  const gone = new Map<string, IndexGone>()
  for (const { sequence, gone: object } of await readIndexGone(vault, -1)) {
    const name = layout.indexGoneObject(sequence)
    if (listed.indexGone.has(name)) gone.set(name, object)
  }
  const extraGone = plan.extra.indexGone.length === 0 ? [] : await readIndexGone(replica, -1, ignoreDamage)
  const supersededGone = closeSuperseded([...gone.values()], new Map(extraGone.map((one) => [one.sequence, one.gone])))
  const supersededSegments = await readSupersededSegments(compared, deps)
  const { tombstones, live } = await readLedger(vault)
  const foldedTombstones = live.flatMap(({ object }) => object.supersedes)
  return { tombstones, foldedTombstones, gone, supersededSegments, supersededGone }
}

async function readSupersededSegments(
  { plan, vault: listed }: ComparedKeyspace,
  { vault, replica }: BothPlaces,
): Promise<ReadonlySet<number>> {
  if (plan.extra.index.length === 0) return new Set()
  const segments: Pick<IndexSegment, 'supersedes'>[] = []
  for await (const { sequence, segment } of readIndex(vault, -1)) {
    if (listed.index.has(vault.layout.indexSegment(sequence))) segments.push({ supersedes: segment.supersedes })
  }
  const extra = new Map<number, Pick<IndexSegment, 'supersedes'>>()
  for await (const { sequence, segment } of readIndex(replica, -1, ignoreDamage)) {
    if (!listed.index.has(vault.layout.indexSegment(sequence))) extra.set(sequence, { supersedes: segment.supersedes })
  }
  return closeSuperseded(segments, extra)
}

/** What a damaged object of the replica would say of others keeps those where they are. */
function ignoreDamage(): void {}
