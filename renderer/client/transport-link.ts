/** oRPC over a transport. oRPC's client wants a WebSocket; this is as much of one as it uses. */
import { RPCLink } from '@orpc/client/websocket'
import type { Transport } from './transport.ts'

const open = 1
const closed = 3

type SocketLike = ConstructorParameters<typeof RPCLink>[0]['websocket']

export function createTransportLink(transport: Transport): RPCLink<Record<never, never>> {
  let readyState = open
  const closeListeners = new Set<() => void>()
  transport.onClose(() => {
    readyState = closed
    for (const listener of closeListeners) listener()
  })
  const socket = {
    get readyState() {
      return readyState
    },
    send: (message: Parameters<Transport['send']>[0]) => transport.send(message),
    addEventListener: (type: string, listener: (event: { readonly data: unknown }) => void) => {
      if (type === 'message') transport.onMessage((data) => listener({ data }))
      else if (type === 'close') closeListeners.add(() => listener({ data: undefined }))
    },
    removeEventListener: () => {},
  }
  return new RPCLink({ websocket: socket as unknown as SocketLike })
}
