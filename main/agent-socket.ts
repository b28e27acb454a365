/** The line to the agent's local socket, and the pipe between it and a window. */
import { closeSync, constants, openSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { WebSocket } from 'ws'

/** The longest name that a socket's address holds (unix(7): 108 bytes with the closing zero). */
const longestSocketName = 107

/** A line to the agent of a home folder, let in by its token; undefined when none answers. */
export async function openAgentSocket(home: string): Promise<WebSocket | undefined> {
  const folder = join(home, 'agent')
  let folderFd: number | undefined
  try {
    const token = readFileSync(join(folder, 'token'), 'utf8').trim()
    let name = join(folder, 'socket')
    if (Buffer.byteLength(name) > longestSocketName) {
      folderFd = openSync(folder, constants.O_RDONLY)
      name = `/proc/self/fd/${folderFd}/socket`
    }
    return await openSocket(name, token)
  } catch {
    // Not there yet, not there any more, or not an agent: whoever asks tries again.
    return undefined
  } finally {
    if (folderFd !== undefined) closeSync(folderFd)
  }
}

async function openSocket(name: string, token: string): Promise<WebSocket> {
  const socket = new WebSocket('ws://localhost/rpc', {
    createConnection: () => connect(name),
    headers: { authorization: `Bearer ${token}` },
    perMessageDeflate: false,
  })
  socket.binaryType = 'arraybuffer'
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve)
    socket.on('error', reject)
  })
  return socket
}

/** As much of Electron's MessagePortMain as is needed. */
export interface Port {
  on(event: 'message', listener: (message: { readonly data: unknown }) => void): unknown
  on(event: 'close', listener: () => void): unknown
  postMessage(message: unknown): void
  start(): void
  close(): void
}

/** Passes messages on, without looking into them, until either end closes, which closes the other. */
export function pipePort(port: Port, socket: WebSocket): void {
  port.on('message', ({ data }) => {
    if (typeof data === 'string' || data instanceof ArrayBuffer || data instanceof Uint8Array) socket.send(data)
    else port.close()
  })
  port.on('close', () => socket.close())
  socket.on('message', (data: ArrayBuffer, isBinary) =>
    port.postMessage(isBinary ? data : Buffer.from(data).toString()),
  )
  socket.on('close', () => port.close())
  port.start()
}
