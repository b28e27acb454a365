import { expect, test } from 'vitest'
import type { Clock } from '../platform/clock.ts'
import { AgentConnection } from './agent-connection.ts'
import { FeedStore } from './feed-store.ts'
import { type Transport, TransportRefused } from './transport.ts'

/** Transports that are opened one after the other; each is closed by the test. */
function openOneAfterTheOther() {
  const closers: (() => void)[] = []
  let isThere = true
  const open = async (): Promise<Transport> => {
    if (!isThere) throw new TransportRefused('no-agent')
    let tellClosed = () => {}
    closers.push(() => tellClosed())
    return {
      send: () => {},
      onMessage: () => {},
      onClose: (listener) => void (tellClosed = chain(tellClosed, listener)),
      close: () => tellClosed(),
    }
  }
  return {
    open,
    close: () => closers.at(-1)?.(),
    leave: () => void (isThere = false),
    comeBack: () => void (isThere = true),
  }
}

function chain(first: () => void, second: () => void): () => void {
  return () => {
    first()
    second()
  }
}

const quickClock: Clock = {
  nowMs: () => 0,
  delay: async () => await new Promise((resolve) => setTimeout(resolve, 1)),
  every: () => () => {},
}

async function untilState(connection: AgentConnection, kind: string): Promise<void> {
  if (connection.state.kind === kind) return
  await new Promise<void>((resolve) => {
    const leave = connection.subscribe(() => {
      if (connection.state.kind !== kind) return
      leave()
      resolve()
    })
  })
}

test('it comes back by itself, and feeds are read on each new connection', async () => {
  const transports = openOneAfterTheOther()
  const connection = new AgentConnection({
    open: transports.open,
    clock: quickClock,
    askPassphrase: async () => await Promise.reject(new Error('nobody is asked')),
    askPin: async () => await Promise.reject(new Error('nobody is asked')),
  })
  expect(() => connection.agent.listItems).toThrow('does not answer')
  let opened = 0
  const feed = new FeedStore<number, number>(connection, {
    open: async function* () {
      opened++
      yield opened
      await new Promise(() => {})
    },
    reduce: (_value, event) => event,
  })
  const leaveFeed = feed.subscribe(() => {})
  const stop = new AbortController()
  const running = connection.run(stop.signal)
  await untilState(connection, 'online')
  transports.leave()
  transports.close()
  await untilState(connection, 'offline')
  expect(connection.state).toMatchObject({ reason: 'no-agent' })
  expect(feed.getState().value).toBe(1)
  transports.comeBack()
  await untilState(connection, 'online')
  expect(connection.state).toMatchObject({ generation: 2 })
  expect(opened).toBe(2)
  leaveFeed()
  stop.abort()
  transports.close()
  await running
})
