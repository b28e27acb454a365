/**
 * What the agent can be asked to do: the verbs of product.md as plain async functions. The CLI calls
 * them in-process or through a running agent; the desktop app and the browser through its transports. Every verb is an
 * entry of the table in `contract/verbs/`, of which the methods and documents here are made. Documents are what
 * `--output json` prints: camelCase, bytes as numbers, times as ISO 8601 UTC.
 */

import type { Failure } from '../contract/bounds.ts'
import type { BackupDocument } from '../contract/documents/backup.ts'
import type { S3Keys } from '../contract/s3-server.ts'
import type { CallContext } from '../contract/verb.ts'
import type { VerbMethods } from '../contract/verbs/verbs.ts'

export type { ShownPath } from '../contract/bounds.ts'
export type * from '../contract/documents/backup.ts'
export type * from '../contract/documents/chunk.ts'
export type * from '../contract/documents/home.ts'
export type * from '../contract/documents/item.ts'
export type * from '../contract/documents/machine.ts'
export type * from '../contract/documents/point.ts'
export type * from '../contract/documents/policy.ts'
export type * from '../contract/documents/prune.ts'
export type * from '../contract/documents/restore.ts'
export type * from '../contract/documents/trash.ts'
export type * from '../contract/documents/vault.ts'
export type { CallContext } from '../contract/verb.ts'

export interface WatchOptions {
  readonly everyMs: number
  readonly accept: boolean
  /** Resolves when a backup is wanted before its time. */
  readonly wake?: () => Promise<void>
}

export type WatchOutcome = { readonly backup: BackupDocument } | { readonly error: Failure }

/** The verbs of the contract, and what a transport does not carry. */
export interface AgentApi extends VerbMethods, AsyncDisposable {
  /**
   * Backs the item up now, and again every `everyMs` or when `wake` resolves, watching its folders meanwhile so that a
   * backup looks only where something has changed. Ends when the signal aborts between two backups. A backup that fails
   * is an outcome like another; what no later one would mend by itself (no such item) is thrown.
   */
  watchItem(item: string, options: WatchOptions, context: CallContext): AsyncIterable<WatchOutcome>

  /**
   * Gives the passphrase of vaults whose key is not stored on this machine any more; asked at most
   * once a verb. Set by the client; without it such a verb fails with `vault.locked`.
   */
  onPassphraseNeeded?: (vault: string) => Promise<string>

  /** Gives the PIN for what takes something away; without it such a verb fails with `pin.needed`. */
  onPinNeeded?: () => Promise<string>

  /** The PIN that was given with the call: a verb that asks for one checks it, also while an earlier one still counts. */
  givenPin?: () => Promise<string>

  /** Hears, as sentences, what is worth knowing beside an answer: that the vault is away, what of it is damaged. */
  onRemark?: (remark: string) => void
}

/** How a client opens the agent's verbs in its own process. */
export type OpenAgent = (options: {
  readonly home: string
  /** Keys of an S3 server that stood in the environment. */
  readonly s3Keys?: S3Keys
}) => Promise<AgentApi>
