/**
 * The shell's own line to the agent: what the tray shows and asks for goes over it. It starts an agent where none
 * answers, and when the line breaks it says so and tries again, ever more slowly.
 */
import { RPCLink } from '@orpc/client/websocket'
import type { WebSocket } from 'ws'
import { createAgentClient } from '../agent-core/contract/agent-client.ts'
import type { OverviewDocument } from '../agent-core/contract/documents/overview.ts'
import type { VerbMethods } from '../agent-core/contract/verbs/verbs.ts'
import { openAgentSocket } from './agent-socket.ts'
import { clock } from './clock.ts'
import { type Notice, noticesOf } from './notices.ts'
import type { ShellLog } from './shell-log.ts'

export type AgentState = 'starting' | 'connected' | 'gone'

export interface AgentLinkOptions {
  readonly home: string
  /** Starts an agent. */
  readonly start: () => Promise<void>
  readonly log: ShellLog
}

/** Waits before the next try; the last one is kept to. */
const retryMs = [200, 200, 400, 800, 1500, 3000, 10_000]
/** So long a started agent may take to answer. */
const answerTries = 60
const answerMs = 250

export class AgentLink {
  state: AgentState = 'starting'
  overview: OverviewDocument | undefined
  /** Hears of each change of `state` and `overview`. */
  onChange: () => void = () => undefined
  onNotice: (notice: Notice) => void = () => undefined
  readonly #options: AgentLinkOptions
  #hasEnded = false
  #methods: VerbMethods | undefined
  #socket: WebSocket | undefined
  #wake: (() => void) | undefined

  constructor(options: AgentLinkOptions) {
    this.#options = options
  }

  /** Connects, and stays connected until disposed. */
  begin(): void {
    void this.#stayConnected()
  }

  /** The agent's verbs; undefined while it is gone. */
  get methods(): VerbMethods | undefined {
    return this.#methods
  }

  get home(): string {
    return this.#options.home
  }

  /** Tries at once, for instance after the machine has slept. */
  reconnect(): void {
    this.#wake?.()
  }

  dispose(): void {
    this.#hasEnded = true
    this.#wake?.()
    this.#socket?.terminate()
  }

  async #stayConnected(): Promise<void> {
    for (let failures = 0; !this.#hasEnded; ) {
      const socket = await this.#connect()
      // A line that breaks before anything was heard is a failure like none at all.
      if (socket !== undefined && (await this.#follow(socket))) failures = 0
      if (this.#hasEnded) return
      this.#set('gone')
      await this.#pause(retryMs[Math.min(failures++, retryMs.length - 1)] as number)
    }
  }

  /** A line to the agent that runs, or to one that is started now. */
  async #connect(): Promise<WebSocket | undefined> {
    const { home, start, log } = this.#options
    const running = await openAgentSocket(home)
    if (running !== undefined) return running
    this.#set('starting')
    try {
      await start()
    } catch (error) {
      log('the agent could not be started', error)
      return undefined
    }
    for (let tries = 0; tries < answerTries && !this.#hasEnded; tries++) {
      await this.#pause(answerMs)
      const socket = await openAgentSocket(home)
      if (socket !== undefined) return socket
    }
    log('the agent was started and does not answer')
    return undefined
  }

  /** Follows the overview until the line breaks; true when it told anything. */
  async #follow(socket: WebSocket): Promise<boolean> {
    const { log } = this.#options
    let hasHeard = false
    this.#socket = socket
    const link = new RPCLink({ websocket: socket as unknown as globalThis.WebSocket })
    this.#methods = createAgentClient(link, {
      toError: ({ code, message }) => new Error(`${code}: ${message}`),
      toLost: (cause) => (cause instanceof Error ? cause : new Error(String(cause))),
    })
    try {
      for await (const { overview } of this.#methods.watchOverview({})) {
        for (const notice of noticesOf(this.overview, overview)) this.onNotice(notice)
        this.overview = overview
        hasHeard = true
        this.#set('connected')
      }
    } catch (error) {
      if (!this.#hasEnded) log('the line to the agent broke', error)
    } finally {
      this.#methods = undefined
      this.#socket = undefined
      socket.terminate()
    }
    return hasHeard
  }

  #set(state: AgentState): void {
    this.state = state
    this.onChange()
  }

  async #pause(ms: number): Promise<void> {
    await Promise.race([
      clock.delay(ms),
      new Promise<void>((resolve) => {
        this.#wake = resolve
      }),
    ])
    this.#wake = undefined
  }
}
