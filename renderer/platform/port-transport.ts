/**
 * The way to the agent in a window of the desktop shell: a message port whose other end the shell pipes to the agent.
 * A port cannot cross the wall between preload script and page as a value, so it comes with a message of the window.
 */
import { agentPortMessage, type PageShell } from '../../agent-core/contract/shell.ts'
import { type Transport, TransportRefused } from '../client/transport.ts'
import type { Clock } from './clock.ts'

/** Where none has come after so long there is no agent; it is asked for again. */
const longestWaitMs = 3000

export async function openPortTransport(shell: PageShell, clock: Clock): Promise<Transport> {
  const port = await requestPort(shell, clock)
  if (port === undefined) throw new TransportRefused('no-agent')
  port.start()
  return {
    send: (message) => port.postMessage(message),
    onMessage: (listener) =>
      port.addEventListener('message', ({ data }: MessageEvent<string | ArrayBuffer>) => listener(data)),
    onClose: (listener) => port.addEventListener('close', listener, { once: true }),
    close: () => port.close(),
  }
}

async function requestPort(shell: PageShell, clock: Clock): Promise<MessagePort | undefined> {
  const stop = new AbortController()
  const come = new Promise<MessagePort | undefined>((resolve) => {
    const hear = ({ source, data, ports }: MessageEvent<unknown>) => {
      if (source === window && data === agentPortMessage) resolve(ports[0])
    }
    window.addEventListener('message', hear, { signal: stop.signal })
  })
  shell.connectAgent()
  try {
    return await Promise.race([come, clock.delay(longestWaitMs, stop.signal).then(() => undefined)])
  } finally {
    stop.abort()
  }
}
