/** What earlier verifications have proven of a vault, and what follows for people. */
import { join } from 'node:path'
import type { ChunkFileName } from '../contract/ids.ts'
import type { KnownVault } from '../state/state-db.ts'
import { type OldestUnverified, oldestUnverified } from '../verify/plan-reading.ts'
import { ProofRecord } from '../verify/proof-record.ts'
import type { UnverifiedDocument } from './agent-api.ts'
import type { AgentDeps } from './agent-deps.ts'

const dayMs = 86_400_000

export function proofsOf(deps: AgentDeps, { id, keyspace }: Pick<KnownVault, 'id' | 'keyspace'>): ProofRecord {
  return ProofRecord.read(join(deps.paths.proofs, `${id}-${keyspace}`), deps.clock.nowMs())
}

/** The oldest unverified byte of these chunk files; null when there are none. */
export function unverifiedDocument(
  deps: AgentDeps,
  record: ProofRecord,
  chunkFiles: Iterable<{ readonly name: ChunkFileName; readonly storedAtMs: number }>,
): UnverifiedDocument | null {
  return documentOfUnverified(deps, oldestUnverified(chunkFiles, record, deps.clock.nowMs()))
}

export function documentOfUnverified(deps: AgentDeps, oldest: OldestUnverified | undefined): UnverifiedDocument | null {
  if (oldest === undefined) return null
  const { sinceMs, wasProven } = oldest
  const days = Math.floor((deps.clock.nowMs() - sinceMs) / dayMs)
  return { since: new Date(sinceMs).toISOString(), days, everVerified: wasProven }
}
