/**
 * The connection to the agent, for as long as the page is open: it is made again when it is lost, and `agent` always
 * goes through the newest one. While there is none, what is asked fails with `agent.lost`.
 */
import { createAgentClient, type VerbMethods } from '../../agent-core/contract/index.ts'
import type { Clock } from '../platform/clock.ts'
import { AgentError, lostError } from './agent-error.ts'
import { type OpenTransport, type RefusedReason, TransportRefused } from './transport.ts'
import { createTransportLink } from './transport-link.ts'

export type ConnectionState =
  | { readonly kind: 'connecting' }
  | {
      readonly kind: 'online' /** Counts the connections: another one may be to an agent that was started anew. */
      readonly generation: number
    }
  | { readonly kind: 'offline'; readonly reason: RefusedReason; readonly sinceMs: number }

export interface ConnectionOptions {
  readonly open: OpenTransport
  readonly clock: Clock
  /** Asks a person for the passphrase of a vault. */
  readonly askPassphrase: (vault: string) => Promise<string>
  /** Asks for the PIN, without which nothing is taken away. */
  readonly askPin: () => Promise<string>
}

const firstDelayMs = 250
const longestDelayMs = 4000

export class AgentConnection {
  /** The verbs; one object for ever. */
  readonly agent: VerbMethods
  readonly #options: ConnectionOptions
  readonly #listeners = new Set<() => void>()
  #state: ConnectionState = { kind: 'connecting' }
  #current: VerbMethods | undefined
  #generation = 0

  constructor(options: ConnectionOptions) {
    this.#options = options
    this.agent = new Proxy({} as VerbMethods, {
      get: (_target, verb: keyof VerbMethods) => {
        if (this.#current === undefined) throw lostError()
        return this.#current[verb]
      },
    })
  }

  get state(): ConnectionState {
    return this.#state
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Connects, and again after each loss, until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    let delayMs = firstDelayMs
    while (!signal.aborted) {
      const reason = await this.#connectOnce(signal)
      if (signal.aborted) return
      if (this.#state.kind !== 'offline' || this.#state.reason !== reason) {
        const sinceMs = this.#state.kind === 'offline' ? this.#state.sinceMs : this.#options.clock.nowMs()
        this.#become({ kind: 'offline', reason, sinceMs })
        delayMs = firstDelayMs
      }
      await this.#options.clock.delay(delayMs, signal)
      delayMs = Math.min(delayMs * 2, longestDelayMs)
    }
  }

  /** Stays until the connection is lost; returns why there is none. */
  async #connectOnce(signal: AbortSignal): Promise<RefusedReason> {
    const { open, askPassphrase, askPin } = this.#options
    try {
      const transport = await open()
      const closed = Promise.withResolvers<void>()
      transport.onClose(closed.resolve)
      signal.addEventListener('abort', () => transport.close(), { once: true })
      this.#current = createAgentClient(createTransportLink(transport), {
        toError: (error) => new AgentError(error),
        toLost: lostError,
        passphrase: () => askPassphrase,
        pin: () => askPin,
      })
      this.#generation++
      this.#become({ kind: 'online', generation: this.#generation })
      await closed.promise
      return 'no-agent'
    } catch (error) {
      if (error instanceof TransportRefused) return error.reason
      throw error
    } finally {
      this.#current = undefined
    }
  }

  #become(state: ConnectionState): void {
    this.#state = state
    for (const listener of this.#listeners) listener()
  }
}
