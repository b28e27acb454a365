/**
 * The vaults of an item as one run meets them: the same capture goes to each. The first trouble of a vault ends all
 * dealings with it; the others, and the capture, go on.
 */
import type { AgentError } from '../base/agent-error.ts'
import type { Task } from '../base/task.ts'
import type { CompleteChunkFile } from '../cache/chunk-writer.ts'
import type { ChunkFileName, VaultId } from '../contract/ids.ts'
import type { Vault } from '../vault/vault.ts'
import type { BackupDeps, ItemVault } from './backup-request.ts'
import { CaptureRoom } from './capture-room.ts'
import { Transfer } from './transfer.ts'
import { historyChanged, isVaultTrouble } from './vault-trouble.ts'

/** At least after so many bytes the vault's index names what was sent (the checkpoint of the write order). */
const checkpointBytes = 8 * 1024 ** 3

type Work = (vault: Vault, transfer: Transfer) => Promise<void>

export class VaultRuns implements AsyncDisposable {
  readonly room: CaptureRoom
  readonly #runs: readonly VaultRun[]
  readonly #task: Task

  constructor(deps: BackupDeps) {
    this.room = new CaptureRoom(deps)
    this.#task = deps.task
    this.#runs = deps.vaults.map((vault) => new VaultRun(vault, deps, this.room, (error) => this.#stopped(error)))
  }

  /** Bytes of objects put into all vaults. */
  get transferredBytes(): number {
    return this.#runs.reduce((sum, run) => sum + run.transferredBytes, 0)
  }

  /** From now on the task tells how much of what is on its way is sent; false, and no phase, when `onlyIfAny` and nothing is. */
  tellTransfer({ onlyIfAny = false } = {}): boolean {
    const unsentBytes = this.#runs.reduce((sum, run) => sum + run.unsentBytes, 0)
    if (onlyIfAny && unsentBytes === 0) return false
    this.#task.setPhase('transfer')
    this.#task.expect({ bytes: unsentBytes })
    return true
  }

  /** Why vaults take nothing (any more); those that do are absent. */
  get failures(): ReadonlyMap<VaultId, AgentError> {
    return new Map(this.#runs.flatMap(({ id, failure }) => (failure === undefined ? [] : [[id, failure] as const])))
  }

  /** Set when no vault takes anything: the trouble of the first. */
  get failure(): AgentError | undefined {
    return this.#runs.every(({ failure }) => failure !== undefined) ? this.#runs[0]?.failure : undefined
  }

  /** Works with one vault after the other, in the item's order. */
  async inTurn(work: Work): Promise<void> {
    for (const run of this.#runs) await run.whileReachable(work)
  }

  /** Works with all vaults side by side; returns or throws when none is worked with any more. */
  async sideBySide(work: Work): Promise<void> {
    const results = await Promise.allSettled(this.#runs.map((run) => run.whileReachable(work)))
    const failed = results.find((result) => result.status === 'rejected')
    if (failed !== undefined) throw failed.reason
  }

  /**
   * Throws when a vault is not any more what the capture was told that it holds: a point that rests on that would name
   * blocks that are nowhere.
   */
  throwIfHistoryChanged(): void {
    for (const run of this.#runs) run.throwIfHistoryChanged()
  }

  send(file: CompleteChunkFile): void {
    this.room.completed(file)
    for (const run of this.#runs) run.send(file)
  }

  /** Nothing is being sent any more when this resolves: the vaults may be closed then. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#runs.map((run) => run.stop()))
  }

  /** While one vault takes data the capture goes on. */
  #stopped(error: Error): void {
    if (this.#runs.every((run) => run.isStopped)) this.room.stopped(error)
  }
}

class VaultRun {
  readonly id: VaultId
  failure: AgentError | undefined
  transferredBytes = 0
  readonly #vault: Vault | undefined
  readonly #transfer: Transfer | undefined
  #hasStopped = false

  constructor(itemVault: ItemVault, deps: BackupDeps, room: CaptureRoom, onStopped: (error: Error) => void) {
    const { base, chunks, policy, sealPoint, clock, task, vaults } = deps
    const { id, vault } = itemVault
    this.id = id
    if (!('store' in vault)) {
      this.failure = vault
      return
    }
    this.#vault = vault
    const others = vaults.flatMap((other) => ('store' in other.vault && other.id !== id ? [other.vault] : []))
    this.#transfer = new Transfer({
      vault,
      others,
      otherSources: others.map((other) => other.chunkSource()),
      base,
      chunks,
      sealPoint,
      clock,
      signal: task.signal,
      onPut: (sizeBytes) => {
        this.transferredBytes += sizeBytes
      },
      indexing: {
        everyBytes: Math.min(checkpointBytes, policy.budgetBytes / 4),
        isUrgent: () => room.isHeld,
      },
      watcher: {
        sent: (name: ChunkFileName, sizeBytes: number) => {
          room.sent(name)
          // What is sent beside the capture belongs to no phase of its own.
          if (task.progress.phase === 'transfer') task.add({ bytes: sizeBytes })
        },
        placed: (names: readonly ChunkFileName[]) => room.placed(names),
        stopped: (error: Error) => {
          this.#hasStopped = true
          onStopped(error)
        },
      },
    })
  }

  get unsentBytes(): number {
    return this.failure === undefined ? (this.#transfer?.unsentBytes ?? 0) : 0
  }

  /** Nothing more is sent to it. */
  get isStopped(): boolean {
    return this.#hasStopped || this.failure !== undefined
  }

  async whileReachable(work: Work): Promise<void> {
    if (this.failure !== undefined || this.#vault === undefined || this.#transfer === undefined) return
    try {
      await work(this.#vault, this.#transfer)
    } catch (error) {
      if (!isVaultTrouble(error)) throw error
      this.failure = error
    }
  }

  async stop(): Promise<void> {
    await this.#transfer?.stop()
  }

  throwIfHistoryChanged(): void {
    if (this.#transfer?.hasOtherHistory !== true) return
    throw historyChanged(this.#vault?.store.address ?? '')
  }

  send(file: CompleteChunkFile): void {
    if (this.failure === undefined) this.#transfer?.send(file)
  }
}
