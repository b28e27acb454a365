/** A running agent as its client sees it: the same verbs as those of an agent in one's own process. */
import { connect } from 'node:net'
import { RPCLink } from '@orpc/client/websocket'
import { WebSocket } from 'ws'
import type { AgentApi } from '../api/agent-api.ts'
import { AgentError } from '../base/agent-error.ts'
import { createAgentClient } from '../contract/agent-client.ts'
import type { WireError } from '../contract/agent-contract.ts'
import { type ErrorCode, type ErrorData, errorTable } from '../contract/errors.ts'
import { agentFolder, readToken, withSocketName } from './agent-folder.ts'

/** Opens an agent in this process, for what no transport carries. */
export type OpenOwn = () => Promise<AgentApi>

/** Connects to the agent of a home folder; undefined: none runs. Throws `agent.lost` when it does not answer as one. */
export async function connectToAgent(home: string, openOwn: OpenOwn): Promise<AgentApi | undefined> {
  const socket = await openAgentSocket(home)
  if (socket === undefined) return undefined
  let own: Promise<AgentApi> | undefined
  const methods = createAgentClient(new RPCLink({ websocket: socket as unknown as globalThis.WebSocket }), {
    toError,
    toLost: (cause) => new AgentError('agent.lost', { reason: reasonOf(cause) }, cause),
    passphrase: () => api.onPassphraseNeeded,
    pin: () => api.onPinNeeded,
    givenPin: () => api.givenPin,
    remark: (remark) => api.onRemark?.(remark),
  })
  const api: AgentApi = {
    ...methods,
    async *watchItem(item, options, context) {
      own ??= openOwn()
      yield* (await own).watchItem(item, options, context)
    },
    async [Symbol.asyncDispose]() {
      await (await own)?.[Symbol.asyncDispose]()
      socket.terminate()
    },
  }
  return api
}

/**
 * A WebSocket to the agent of a home folder, let in by its token; undefined: no agent runs. The desktop shell pipes the
 * messages of its windows through one, as they are.
 */
export async function openAgentSocket(home: string): Promise<WebSocket | undefined> {
  const token = readToken(home)
  if (token === undefined) return undefined
  try {
    return await withSocketName(agentFolder(home), async (name) => await openSocket(name, token))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    // Nobody listens: the socket is gone, or its agent was killed.
    if (code === 'ENOENT' || code === 'ECONNREFUSED') return undefined
    throw new AgentError('agent.lost', { reason: reasonOf(error) }, error)
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

function toError({ code, message, data }: WireError): Error {
  if (!Object.hasOwn(errorTable, code)) return new Error(message)
  const known = code as ErrorCode
  return new AgentError(known, data as ErrorData<typeof known>)
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
