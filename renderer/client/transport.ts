/**
 * How messages come to the agent and back: a WebSocket in a browser, a message port in the desktop shell. The client
 * knows no more of it than this.
 */
export type Message = string | ArrayBufferLike | Uint8Array

export interface Transport {
  send(message: Message): void
  onMessage(listener: (message: string | ArrayBuffer) => void): void
  /** Heard once, when no message comes any more. */
  onClose(listener: () => void): void
  close(): void
}

/** Why there is no transport: nobody answers, or this browser is not let in (any more). */
export type RefusedReason = 'no-agent' | 'not-allowed'

export class TransportRefused extends Error {
  readonly reason: RefusedReason

  constructor(reason: RefusedReason) {
    super(reason === 'no-agent' ? 'the agent does not answer' : 'this browser is not let in')
    this.reason = reason
  }
}

/** Opens a way to the agent. Throws `TransportRefused`. */
export type OpenTransport = () => Promise<Transport>
