/** The contract over real sockets: a fake agent at one end, its clients at the other. */
import { createConnection } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { MessageChannel } from 'node:worker_threads'
import { RPCLink } from '@orpc/client/message-port'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createFakeAgent, fakeBackup, fakeFiles, fakeItem } from '../../test/support/fake-agent.ts'
import { TestFolder } from '../../test/support/test-home.ts'
import type { AgentApi } from '../api/agent-api.ts'
import { AgentError } from '../base/agent-error.ts'
import { type LogData, silentLog } from '../base/log.ts'
import { systemRandom } from '../base/random.ts'
import { createAgentClient } from '../contract/agent-client.ts'
import type { Progress } from '../contract/documents/progress.ts'
import { verbs } from '../contract/verbs/verbs.ts'
import { agentFolder } from './agent-folder.ts'
import { connectToAgent, openAgentSocket } from './connect-agent.ts'
import { listenLocally } from './local-socket.ts'
import { pipePort } from './message-port.ts'
import { createVerbRouter, secretsOfCall, tellRemark } from './serve-verbs.ts'
import { VerbSockets } from './verb-sockets.ts'

let folder: TestFolder
let held: AsyncDisposableStack
let faults: LogData[]

beforeEach(() => {
  folder = new TestFolder()
  held = new AsyncDisposableStack()
  faults = []
})

afterEach(async () => {
  await held.disposeAsync()
  folder[Symbol.dispose]()
})

const noOwn = async (): Promise<AgentApi> => {
  throw new Error('an agent of its own was opened')
}

async function serve(answers: Partial<AgentApi> = {}, home = folder.at('home')) {
  const { agent, calls } = createFakeAgent(answers)
  const log = { ...silentLog, error: (_message: string, data?: LogData) => void faults.push(data ?? {}) }
  const sockets = new VerbSockets(createVerbRouter(agent, { log, random: systemRandom }))
  held.defer(() => sockets.close())
  held.use(await listenLocally(home, systemRandom.bytes(32).toString('base64url'), sockets))
  const connect = async () => held.use((await connectToAgent(home, noOwn)) as AgentApi)
  return { calls, home, connect }
}

const progress: Progress = { phase: 'capture', filesDone: 1, bytesDone: 2, warnings: 0 }

describe('the local socket', () => {
  test('calls, tasks, listings and feeds come and go as in one process', async () => {
    const { calls, connect } = await serve({
      backupNow: async (_item, _options, { onProgress }) => {
        onProgress?.(progress)
        tellRemark('The vault is slow.')
        return fakeBackup
      },
    })
    const agent = await connect()
    const remarks: string[] = []
    agent.onRemark = (remark) => remarks.push(remark)
    expect(await agent.listItems()).toEqual([{ ...fakeItem }])
    const seen: Progress[] = []
    const backup = await agent.backupNow('docs', { accept: false }, { onProgress: (each) => seen.push(each) })
    expect(backup).toEqual(fakeBackup)
    expect(seen).toEqual([progress])
    expect(remarks).toEqual(['The vault is slow.'])
    expect(await Array.fromAsync(agent.pointFiles('docs', 'latest', undefined, 1))).toEqual(fakeFiles)
    expect(await Array.fromAsync(agent.watchJobs({}))).toMatchObject([{ revision: 2 }])
    expect(calls.map(([verb]) => verb)).toEqual(['listItems', 'pointFiles', 'watchJobs'])
  })

  test('errors of the table come as they are; a fault comes with its log id alone', async () => {
    const { connect } = await serve({
      showItem: async (name) => {
        throw new AgentError('item.not-found', { name })
      },
      listVaults: async () => {
        throw new TypeError('a secret of the inside')
      },
    })
    const agent = await connect()
    const error = await agent.showItem('nothing').catch((each: unknown) => each)
    expect(error).toBeInstanceOf(AgentError)
    expect(error).toMatchObject({ code: 'item.not-found', exitCode: 4, data: { name: 'nothing' } })
    const fault = (await agent.listVaults().catch((each: unknown) => each)) as AgentError<'agent.fault'>
    expect(fault.code).toBe('agent.fault')
    expect(fault.message).not.toContain('secret')
    expect(faults).toMatchObject([{ logId: fault.data.logId, error: { message: 'a secret of the inside' } }])
  })

  test('a locked vault is unlocked with a passphrase that is asked for, and the verb runs again', async () => {
    let isLocked = true
    const { connect, calls } = await serve({
      listPoints: async () => {
        if (isLocked) throw new AgentError('vault.locked', { name: 'usb' })
        return []
      },
      unlockVault: async (name, passphrase) => {
        isLocked = passphrase !== 'the right one'
        return { name }
      },
    })
    const agent = await connect()
    await expect(agent.listPoints('docs')).rejects.toMatchObject({ code: 'vault.locked' })
    agent.onPassphraseNeeded = async () => 'the wrong one'
    await expect(agent.listPoints('docs')).rejects.toMatchObject({ code: 'vault.locked' })
    agent.onPassphraseNeeded = async () => 'the right one'
    expect(await agent.listPoints('docs')).toEqual([])
    expect(calls).toEqual([])
  })

  test('a PIN that was given goes with each call, and with no other', async () => {
    const brought: unknown[] = []
    const note = async () => {
      brought.push(secretsOfCall())
      await setImmediate()
      brought.push(secretsOfCall())
    }
    const { connect } = await serve({
      listItems: async () => {
        await note()
        return []
      },
      verifyVault: async () => {
        await note()
        throw new AgentError('vault.not-found', { name: 'usb' })
      },
      pointFiles: async function* () {
        await note()
        yield* fakeFiles
      },
    })
    const agent = await connect()
    agent.givenPin = async () => '4711'
    const other = await connect()
    await agent.listItems()
    await agent.verifyVault('usb', { readDataPercent: 0 }, {}).catch(() => undefined)
    await Array.fromAsync(agent.pointFiles('docs', 'latest', undefined, 1))
    await other.listItems()
    const pin = { pin: '4711' }
    expect(brought).toEqual([pin, pin, pin, pin, pin, pin, {}, {}])
  })

  test('a wish to stop reaches the task; so does a client that goes away', async () => {
    for (const goAway of [false, true]) {
      const begun = Promise.withResolvers<void>()
      const stopped = Promise.withResolvers<string>()
      const { connect } = await serve(
        {
          backupNow: async (_item, _options, { signal }) => {
            begun.resolve()
            await new Promise<void>((resolve) => signal?.addEventListener('abort', () => resolve()))
            stopped.resolve('stopped')
            throw signal?.reason as Error
          },
        },
        folder.at(`home-${goAway}`),
      )
      const agent = await connect()
      const stop = new AbortController()
      const failed = agent
        .backupNow('docs', { accept: false }, { signal: stop.signal })
        .catch((error: unknown) => error)
      await begun.promise
      if (goAway) await agent[Symbol.asyncDispose]()
      else stop.abort()
      expect(await stopped.promise).toBe('stopped')
      expect(await failed).toBeInstanceOf(Error)
    }
  })

  test('a home folder with a long name, and one where no agent listens any more', async () => {
    const home = folder.at('long-name-'.repeat(12), 'home')
    const { connect } = await serve({}, home)
    expect(await (await connect()).listItems()).toHaveLength(1)
    await held.disposeAsync()
    held = new AsyncDisposableStack()
    expect(await connectToAgent(home, noOwn)).toBeUndefined()
    expect(await connectToAgent(folder.at('never'), noOwn)).toBeUndefined()
  })

  test('no token, an old one and another address are refused', async () => {
    const { home } = await serve()
    const ask = async (head: string): Promise<string> => {
      const socket = createConnection(agentFolder(home).socket)
      socket.end(`GET ${head}\r\nHost: localhost\r\n\r\n`)
      return (await Array.fromAsync(socket)).map(String).join('').split('\r\n')[0] ?? ''
    }
    const upgrade =
      'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=='
    expect(await ask(`/rpc HTTP/1.1\r\n${upgrade}`)).toContain('401')
    expect(await ask(`/rpc HTTP/1.1\r\n${upgrade}\r\nAuthorization: Bearer ${'x'.repeat(43)}`)).toContain('401')
    expect(await ask(`/other HTTP/1.1\r\n${upgrade}`)).toContain('404')
    expect(await ask('/rpc HTTP/1.1')).toContain('404')
  })

  test('a window of the shell speaks through a message port, unparsed', async () => {
    const { home } = await serve()
    const socket = await openAgentSocket(home)
    if (socket === undefined) throw new Error('no agent')
    const { port1, port2 } = new MessageChannel()
    pipePort(port1, socket)
    const client = createAgentClient(new RPCLink({ port: port2 }), { toError: ({ message }) => new Error(message) })
    expect(await client.listItems()).toHaveLength(1)
    port2.close()
    await new Promise((resolve) => socket.on('close', resolve))
    expect(socket.readyState).toBe(socket.CLOSED)
  })
})

describe('hostile messages', () => {
  /** Anything that JSON can say, and some that looks like what is asked for. */
  const anything = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom('../../etc/shadow', 'x'.repeat(100_000), '\0', -1, 1e308, [], {}, { __proto__: null }),
  )

  test('no verb takes what does not fit, and the agent answers afterwards', async () => {
    const { connect, calls, home } = await serve()
    const agent = await connect()
    const raw = createRawClient(home)
    await using client = await raw
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...Object.keys(verbs)), anything, anything, async (name, input, inner) => {
        const spec = verbs[name as keyof typeof verbs]
        const [first] = spec.parameters as readonly (readonly [string, unknown])[]
        const given = first === undefined ? { more: input } : { [first[0]]: input, more: inner }
        const before = calls.length
        expect(await client.ask(name, given)).toBe('refused')
        expect(calls.length).toBe(before)
      }),
      { numRuns: 300 },
    )
    expect(await agent.listItems()).toHaveLength(1)
    expect(faults).toEqual([])
  })

  test('frames that are no messages end nothing but themselves', async () => {
    const { connect, home } = await serve()
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.string({ maxLength: 2000 }), fc.json(), fc.uint8Array({ maxLength: 2000 })),
        async (frame) => {
          const socket = await openAgentSocket(home)
          socket?.send(frame)
          socket?.close()
        },
      ),
      { numRuns: 60 },
    )
    const socket = await openAgentSocket(home)
    const closed = new Promise<void>((resolve) => socket?.on('close', () => resolve()))
    socket?.on('error', () => {})
    socket?.send('x'.repeat(5 * 1024 * 1024))
    await closed
    expect(await (await connect()).listItems()).toHaveLength(1)
  })
})

/** A client that says whatever it likes, and hears whether it was refused as no valid request. */
async function createRawClient(home: string) {
  const socket = await openAgentSocket(home)
  if (socket === undefined) throw new Error('no agent')
  let id = 0
  const answers = new Map<string, (status: number) => void>()
  socket.on('message', (data) => {
    const { i, p } = JSON.parse((data as Buffer).toString('utf8')) as { i: string; p?: { s?: number } }
    answers.get(i)?.(p?.s ?? 200)
    answers.delete(i)
  })
  return {
    ask: async (name: string, input: unknown): Promise<string> => {
      const key = String(++id)
      const status = new Promise<number>((resolve) => answers.set(key, resolve))
      socket.send(JSON.stringify({ i: key, p: { u: `/${name}`, b: { json: input } } }))
      return (await status) === 400 ? 'refused' : 'taken'
    },
    async [Symbol.asyncDispose]() {
      socket.terminate()
    },
  }
}
