/** WebSockets that speak the contract, on top of any HTTP server that has let their upgrade through. */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { RPCHandler } from '@orpc/server/ws'
import { type WebSocket, WebSocketServer } from 'ws'
import type { createVerbRouter } from './serve-verbs.ts'

/** A message that is longer ends its connection: no verb takes so much. */
const longestMessage = 4 * 1024 * 1024
/** Clients at a time. */
const mostClients = 64

export class VerbSockets {
  readonly #server = new WebSocketServer({ noServer: true, maxPayload: longestMessage, perMessageDeflate: false })
  readonly #handler: RPCHandler<Record<never, never>>

  constructor(router: ReturnType<typeof createVerbRouter>) {
    this.#handler = new RPCHandler(router)
  }

  /** Takes over a connection whose upgrade was checked. */
  accept(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (this.#server.clients.size >= mostClients) {
      refuse(socket, 503, 'Too Many Clients')
      return
    }
    this.#server.handleUpgrade(request, socket, head, (client) => this.#serve(client))
  }

  /** Ends all connections. */
  close(): void {
    for (const client of this.#server.clients) client.terminate()
    this.#server.close()
  }

  #serve(client: WebSocket): void {
    // A broken frame: ws closes the connection by itself.
    client.on('error', () => client.terminate())
    void this.#handler.upgrade(client, { context: {} })
  }
}

/** Answers an upgrade that is not allowed. */
export function refuse(socket: Duplex, status: number, words: string): void {
  socket.on('error', () => socket.destroy())
  socket.end(`HTTP/1.1 ${status} ${words}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}
