/**
 * Jobs that the agent begins by itself for a vault begin only while its place answers. One that is away is told once, as a job
 * that was skipped; then it is asked every hour, and what was due in the meantime is made up for once when it is back, by the
 * next agent where this one has ended.
 */
import { isAgentError } from '../base/agent-error.ts'
import { vaultFileName } from '../format/vault-layout.ts'
import type { HeldJob } from '../state/held-jobs.ts'
import type { KnownReplica, KnownVault } from '../state/state-db.ts'
import type { AgentDeps } from './agent-deps.ts'
import { openReplicaStore } from './open-replica.ts'
import { openStoreAt } from './open-store.ts'
import { openKnownStore } from './open-vault.ts'

/** A place that is away is asked again after so long. */
const askAgainMs = 60 * 60_000

/** A job of a vault that is due. */
export interface DueJob {
  readonly kind: HeldJob['kind']
  readonly vault: string
  /** Begins it; `sinceMs`: when it was due, where it was held back. */
  readonly submit: (sinceMs: number | undefined) => void
  /** Tells that it is left out. */
  readonly skip: (reason: string) => void
}

interface Held {
  readonly job: DueJob
  /** Why it cannot begin. */
  readonly reason: string
  readonly sinceMs: number
  readonly askedMs: number
}

/** Tells why a job cannot begin, as a sentence; undefined: it can. */
export type WhyAway = (job: Pick<DueJob, 'kind' | 'vault'>) => Promise<string | undefined>

export class AwayVaults implements Disposable {
  readonly #deps: AgentDeps
  readonly #whyAway: WhyAway
  /** By kind and vault. */
  readonly #held = new Map<string, Held>()
  readonly #asking = new Map<string, Promise<void>>()
  #isOver = false

  constructor(deps: AgentDeps, whyAway: WhyAway) {
    this.#deps = deps
    this.#whyAway = whyAway
  }

  /** Begins a job that is due, once its places have answered; one that is held back already stays so. */
  begin(job: DueJob): void {
    if (!this.#held.has(keyOf(job))) this.#ask(job)
  }

  /** Takes over a job that an agent before has held back; it is asked for with the next `askAgain`. */
  resume(job: DueJob, { reason, sinceMs }: Pick<HeldJob, 'reason' | 'sinceMs'>): void {
    this.#held.set(keyOf(job), { job, reason, sinceMs, askedMs: Number.NEGATIVE_INFINITY })
  }

  /** Asks again for what is held back, where an hour is over. */
  askAgain(): void {
    for (const held of this.#held.values()) {
      const ageMs = this.#deps.clock.nowMs() - held.askedMs
      // A clock that was set back tells nothing.
      if (ageMs >= askAgainMs || ageMs < 0) this.#ask(held.job)
    }
  }

  /** Resolves when the places that are asked now have answered. */
  async settled(): Promise<void> {
    await Promise.all(this.#asking.values())
  }

  /** What is asked still begins nothing any more. */
  [Symbol.dispose](): void {
    this.#isOver = true
  }

  #ask(job: DueJob): void {
    const key = keyOf(job)
    if (this.#asking.has(key)) return
    this.#asking.set(
      key,
      this.#askAndAct(job, key).finally(() => this.#asking.delete(key)),
    )
  }

  async #askAndAct(job: DueJob, key: string): Promise<void> {
    try {
      const reason = await this.#whyAway(job)
      if (!this.#isOver) this.#act(job, key, reason)
    } catch (error) {
      if (!this.#isOver) this.#deps.log.error('a job that was due could not begin', { job: key, error })
    }
  }

  #act(job: DueJob, key: string, reason: string | undefined): void {
    const { clock, log, state } = this.#deps
    const before = this.#held.get(key)
    const isReplication = job.kind === 'replicate'
    if (state.vault(job.vault) === undefined || (isReplication && state.replica(job.vault) === undefined)) {
      this.#release(job, key)
    } else if (reason === undefined) {
      job.submit(before?.sinceMs)
      this.#release(job, key)
    } else {
      const nowMs = clock.nowMs()
      const isTold = before !== undefined || this.#isHeldBack(job.vault, reason)
      const sinceMs = before?.sinceMs ?? nowMs
      this.#held.set(key, { job, reason, sinceMs, askedMs: nowMs })
      if (before?.reason !== reason) state.heldJobs.put({ kind: job.kind, vault: job.vault, sinceMs, reason })
      log.info('a job waits for a vault that is away', { job: key, reason })
      if (!isTold) job.skip(`${reason} It is made up for when that is back.`)
    }
  }

  #release(job: DueJob, key: string): void {
    if (this.#held.delete(key)) this.#deps.state.heldJobs.remove(job)
  }

  #isHeldBack(vault: string, reason: string): boolean {
    return this.#held.values().some((held) => held.job.vault === vault && held.reason === reason)
  }
}

function keyOf({ kind, vault }: DueJob): string {
  return `${kind}/${vault}`
}

/** Asks the places that a job needs. What else is wrong with them is for the job to tell. */
export function askPlaces(deps: AgentDeps): WhyAway {
  return async ({ kind, vault }) => {
    const known = deps.state.vault(vault)
    if (known === undefined) return undefined
    const replica = kind === 'replicate' ? deps.state.replica(vault) : undefined
    try {
      await (await openKnownStore(deps, known)).close()
      if (replica !== undefined) await askReplica(deps, known, replica)
    } catch (error) {
      if (isAgentError(error, 'vault.unreachable')) return error.message
    }
    return undefined
  }
}

/** One that was never completed need not hold anything yet. */
async function askReplica(deps: AgentDeps, known: KnownVault, replica: KnownReplica): Promise<void> {
  if (replica.completedMs !== null) return await (await openReplicaStore(deps, known)).close()
  const store = await openStoreAt(deps, replica)
  try {
    await store.stat(vaultFileName)
  } finally {
    await store.close()
  }
}
