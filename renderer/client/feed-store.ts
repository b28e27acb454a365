/**
 * A feed of the agent as a store that pages read: it is open while somebody reads it, and opened again whenever the
 * connection was lost. What it held stays shown meanwhile.
 */
import type { VerbMethods } from '../../agent-core/contract/index.ts'
import type { AgentConnection } from './agent-connection.ts'
import { type AgentError, shownError } from './agent-error.ts'

export interface FeedState<Value> {
  /** Undefined until the first event has come. */
  readonly value: Value | undefined
  /** Why it does not go on, where the agent gave a reason. */
  readonly error: AgentError | undefined
}

export interface FeedOptions<Event, Value> {
  readonly open: (agent: VerbMethods, value: Value | undefined, signal: AbortSignal) => AsyncIterable<Event>
  readonly reduce: (value: Value | undefined, event: Event) => Value
}

export class FeedStore<Event, Value> {
  readonly #connection: AgentConnection
  readonly #options: FeedOptions<Event, Value>
  readonly #listeners = new Set<() => void>()
  #state: FeedState<Value> = { value: undefined, error: undefined }
  #reading: AbortController | undefined
  #generation = 0

  constructor(connection: AgentConnection, options: FeedOptions<Event, Value>) {
    this.#connection = connection
    this.#options = options
  }

  readonly getState = (): FeedState<Value> => this.#state

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    const leave = this.#connection.subscribe(() => this.#follow())
    this.#follow()
    return () => {
      this.#listeners.delete(listener)
      leave()
      if (this.#listeners.size === 0) this.#stop()
    }
  }

  /** Reads on the connection there is, if it is not read already. */
  #follow(): void {
    const { state } = this.#connection
    if (state.kind !== 'online') return this.#stop()
    if (this.#reading !== undefined && this.#generation === state.generation) return
    this.#stop()
    this.#generation = state.generation
    this.#reading = new AbortController()
    void this.#read(this.#reading.signal)
  }

  #stop(): void {
    this.#reading?.abort()
    this.#reading = undefined
  }

  async #read(signal: AbortSignal): Promise<void> {
    try {
      for await (const event of this.#options.open(this.#connection.agent, this.#state.value, signal)) {
        if (signal.aborted) return
        this.#become({ value: this.#options.reduce(this.#state.value, event), error: undefined })
      }
    } catch (error) {
      if (signal.aborted) return
      const shown = shownError(error)
      // A lost connection is told by the page as a whole.
      if (shown.code !== 'agent.lost') this.#become({ ...this.#state, error: shown })
    }
  }

  #become(state: FeedState<Value>): void {
    this.#state = state
    for (const listener of this.#listeners) listener()
  }
}
