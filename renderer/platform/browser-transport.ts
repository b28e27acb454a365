/** The way to the agent that served this page: a WebSocket, let in by the session's cookie. */
import { type Transport, TransportRefused } from '../client/transport.ts'

export async function openBrowserTransport(): Promise<Transport> {
  const address = new URL('/rpc', location.href)
  address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:'
  const socket = new WebSocket(address)
  socket.binaryType = 'arraybuffer'
  const isOpen = await new Promise<boolean>((resolve) => {
    socket.addEventListener('open', () => resolve(true), { once: true })
    socket.addEventListener('close', () => resolve(false), { once: true })
  })
  if (!isOpen) throw new TransportRefused(await whyRefused())
  return {
    send: (message) => socket.send(message as string | ArrayBuffer),
    onMessage: (listener) =>
      socket.addEventListener('message', ({ data }: MessageEvent<string | ArrayBuffer>) => listener(data)),
    onClose: (listener) => socket.addEventListener('close', listener, { once: true }),
    close: () => socket.close(),
  }
}

/** A browser tells a script nothing of a refused upgrade; a plain request is told its status. */
async function whyRefused(): Promise<TransportRefused['reason']> {
  try {
    const { status } = await fetch('/', { method: 'HEAD', cache: 'no-store' })
    return status === 401 || status === 403 ? 'not-allowed' : 'no-agent'
  } catch {
    return 'no-agent'
  }
}
