/**
 * The agent for a browser on this machine. Off unless asked for, and then:
 *
 *   1. it listens on 127.0.0.1 alone
 *   2. the address that it prints holds a token of 256 bits, new with each start, which is exchanged for a cookie that
 *      no script reads (HttpOnly) and no other site sends (SameSite=Strict)
 *   3. every request and upgrade has to name this server (Host), so that no foreign name leads here (DNS rebinding), and
 *      may come from no other site (Origin, Sec-Fetch-Site)
 *   4. nothing but the exchange is answered without the cookie
 *   5. pages load from here alone and are shown in no frame (Content-Security-Policy)
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { AgentError } from '../base/agent-error.ts'
import type { Clock } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import { createToken, isSameToken } from './access-token.ts'
import type { Downloads } from './downloads.ts'
import { openSessions, type Sessions } from './sessions.ts'
import { sendPage } from './static-pages.ts'
import { refuse, type VerbSockets } from './verb-sockets.ts'

export interface WebOptions {
  readonly home: string
  /** 0: any free one. */
  readonly port: number
  /** The folder of the built pages. */
  readonly pages: string
  readonly sockets: VerbSockets
  readonly downloads: Downloads
  readonly random: Random
  readonly clock: Clock
}

export interface WebServer extends AsyncDisposable {
  /** `http://127.0.0.1:PORT` */
  readonly address: string
  /** With the token. */
  readonly loginAddress: string
}

const cookieName = 'tharsis-session'
const headers = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'cache-control': 'no-store',
} as const

/** Serves until disposed. Throws `agent.port-used`. */
export async function serveWeb(options: WebOptions): Promise<WebServer> {
  const sessions = await openSessions(options)
  const token = createToken(options.random)
  const server = createServer()
  const port = await listen(server, options.port)
  const hosts = new Set([`127.0.0.1:${port}`, `localhost:${port}`])
  server.on('request', (request, response) => {
    answer(request, response, { ...options, hosts, sessions, token }).catch(() => response.destroy())
  })
  server.on('upgrade', (request, socket, head) => {
    const refusal = refusalOf(request, hosts, sessions)
    if (refusal !== undefined) refuse(socket, refusal.status, refusal.words)
    // A page always names its origin when it opens a WebSocket.
    else if (request.headers.origin === undefined) refuse(socket, 403, 'Forbidden')
    else if (request.url !== '/rpc') refuse(socket, 404, 'Not Found')
    else options.sockets.accept(request, socket, head)
  })
  const address = `http://127.0.0.1:${port}`
  return {
    address,
    loginAddress: `${address}/login?token=${token}`,
    [Symbol.asyncDispose]: async () => {
      await new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
    },
  }
}

interface Serving extends WebOptions {
  readonly hosts: ReadonlySet<string>
  readonly sessions: Sessions
  readonly token: string
}

async function answer(request: IncomingMessage, response: ServerResponse, serving: Serving): Promise<void> {
  const { hosts, sessions, token } = serving
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
  const url = new URL(request.url ?? '/', 'http://127.0.0.1')
  const isLogin = url.pathname === '/login'
  const refusal = refusalOf(request, hosts, isLogin ? undefined : sessions)
  if (refusal !== undefined) {
    sayPlainly(response, refusal.status, refusal.page)
    return
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    sayPlainly(response, 405, 'Pages are only read here.')
    return
  }
  if (isLogin) {
    if (!isSameToken(url.searchParams.get('token') ?? undefined, token)) {
      sayPlainly(response, 403, 'This address is not valid any more. Open the one that the agent printed last.')
      return
    }
    const cookie = `${cookieName}=${sessions.create()}; HttpOnly; SameSite=Strict; Path=/; Max-Age=${sessions.lastsSeconds}`
    response.writeHead(303, { location: '/', 'set-cookie': cookie }).end()
    return
  }
  const download = /^\/download\/([\w-]{43})$/.exec(url.pathname)?.[1]
  if (download !== undefined) await serving.downloads.send(download, response)
  else await sendPage(serving.pages, url.pathname, response)
}

interface Refusal {
  readonly status: number
  readonly words: string
  readonly page: string
}

/** Why a request is refused; `sessions` undefined: it needs no cookie. */
function refusalOf(
  { headers: given }: IncomingMessage,
  hosts: ReadonlySet<string>,
  sessions: Sessions | undefined,
): Refusal | undefined {
  const forbidden = (page: string): Refusal => ({ status: 403, words: 'Forbidden', page })
  if (given.host === undefined || !hosts.has(given.host)) return forbidden('This server answers to its own name only.')
  const isForeign = given.origin !== undefined && given.origin !== `http://${given.host}`
  const site = given['sec-fetch-site']
  if (isForeign || (site !== undefined && site !== 'same-origin' && site !== 'none')) {
    return forbidden('Requests of other sites are not answered.')
  }
  if (sessions === undefined || sessions.isValid(cookieOf(given.cookie))) return undefined
  const page = 'Open the address that "tharsis agent run --web" has printed: it lets this browser in.'
  return { status: 401, words: 'Unauthorized', page }
}

function cookieOf(header: string | undefined): string | undefined {
  const pairs = (header ?? '').split(';').map((pair) => pair.trim())
  return pairs.find((pair) => pair.startsWith(`${cookieName}=`))?.slice(cookieName.length + 1)
}

function sayPlainly(response: ServerResponse, status: number, words: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(`${words}\n`)
}

async function listen(server: ReturnType<typeof createServer>, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'EADDRINUSE' ? new AgentError('agent.port-used', { port }, error) : error),
    )
    server.listen(port, '127.0.0.1', resolve)
  })
  return (server.address() as AddressInfo).port
}
