import type { AgentError } from '../base/agent-error.ts'
import type { CompleteChunkFile } from '../cache/chunk-writer.ts'
import type { Vault } from '../vault/vault.ts'
import type { BackupDeps } from './backup-request.ts'
import { CaptureRoom } from './capture-room.ts'
import { historyChanged, isVaultTrouble, Transfer } from './transfer.ts'

/** At least after so many bytes the vault's index names what was sent (the checkpoint of the write order). */
const checkpointBytes = 8 * 1024 ** 3

/** The vault as this run meets it: the first trouble ends all dealings with it, and capture goes on alone. */
export class VaultRun implements AsyncDisposable {
  readonly #vault: Vault | undefined
  readonly #transfer: Transfer | undefined
  readonly room: CaptureRoom
  failure: AgentError | undefined
  transferredBytes = 0

  constructor(deps: BackupDeps) {
    const { vault, base, chunks, policy, sealPoint, clock, task } = deps
    this.room = new CaptureRoom(deps)
    if (!('store' in vault)) {
      this.failure = vault
      return
    }
    this.#vault = vault
    const onPut = (sizeBytes: number) => {
      this.transferredBytes += sizeBytes
    }
    this.#transfer = new Transfer({
      vault,
      base,
      chunks,
      sealPoint,
      clock,
      signal: task.signal,
      onPut,
      indexing: {
        everyBytes: Math.min(checkpointBytes, policy.budgetBytes / 4),
        isUrgent: () => this.room.isHeld,
      },
      watcher: this.room,
    })
  }

  async whileReachable(work: (vault: Vault, transfer: Transfer) => Promise<void>): Promise<void> {
    if (this.failure !== undefined || this.#vault === undefined || this.#transfer === undefined) return
    try {
      await work(this.#vault, this.#transfer)
    } catch (error) {
      if (!isVaultTrouble(error)) throw error
      this.failure = error
    }
  }

  /** Nothing is being sent any more when this resolves: the vault may be closed then. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#transfer?.stop()
  }

  /**
   * Throws when the vault is not any more what the capture was told that it holds: a point that rests on that would name
   * blocks that are nowhere.
   */
  throwIfHistoryChanged(): void {
    if (this.#transfer?.hasOtherHistory !== true) return
    throw historyChanged(this.#vault?.store.address ?? '')
  }

  send(file: CompleteChunkFile): void {
    this.room.completed(file)
    if (this.failure === undefined) this.#transfer?.send(file)
  }
}
