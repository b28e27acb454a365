/**
 * A window of the desktop shell speaks with the agent through a message port whose other end the shell pipes to the
 * agent's local socket, message by message, without looking into them.
 */
import type { WebSocket } from 'ws'

/** As much of Electron's MessagePortMain, and of Node's MessagePort, as is needed. */
export interface PortLike {
  on(event: 'message', listener: (message: unknown) => void): unknown
  on(event: 'close', listener: () => void): unknown
  postMessage(message: unknown): void
  start(): void
  close(): void
}

/** Pipes until either end closes, which closes the other. Electron wraps what comes (`{data}`), Node does not. */
export function pipePort(port: PortLike, socket: WebSocket): void {
  port.on('message', (message) => {
    const data = isWrapped(message) ? message.data : message
    if (typeof data === 'string' || data instanceof ArrayBuffer || data instanceof Uint8Array) socket.send(data)
    // No oRPC client sends anything else.
    else port.close()
  })
  port.on('close', () => socket.close())
  socket.on('message', (data, isBinary) => port.postMessage(isBinary ? data : (data as Buffer).toString('utf8')))
  socket.on('close', () => port.close())
  port.start()
}

function isWrapped(message: unknown): message is { readonly data: unknown } {
  return typeof message === 'object' && message !== null && 'data' in message
}
