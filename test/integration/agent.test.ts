/** A real agent in the background, and the command line through it. */
import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, readlinkSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import type { AgentStatus, JobDetails, JobDocument, StatusFile } from '../../agent-core/contract/index.ts'
import { openAgentOf } from '../../agent-core/open-agent.ts'
import { CliHome } from '../support/cli-home.ts'
import { snapshotTree } from '../support/tree-snapshot.ts'

let cli: CliHome

beforeEach(() => {
  cli = new CliHome()
})

afterEach(() => {
  cli[Symbol.dispose]()
})

const jobs = async (...more: readonly string[]): Promise<readonly JobDocument[]> =>
  await cli.json<readonly JobDocument[]>(['job', 'list', ...more])

/** Asks until `isThere` holds, and returns what it found; the test's own time limit ends it. */
async function until<Found>(find: () => Promise<Found>, isThere: (found: Found) => boolean): Promise<Found> {
  for (;;) {
    const found = await find()
    if (isThere(found)) return found
  }
}

describe('one agent for a home folder', () => {
  test('it runs, tells how it is, and ends; a second one is refused', async () => {
    expect(await cli.json(['agent', 'status'], 4)).toEqual({ running: false })
    await cli.startAgent()
    const status = await cli.json<AgentStatus & { running: boolean }>(['agent', 'status'])
    expect(status).toMatchObject({ running: true, pid: cli.agent?.pid, home: cli.home, web: null, liveJobs: 0 })
    expect((await cli.fails(['agent', 'run'], 1)).code).toBe('agent.running')
    const { agent } = cli
    const exit = new Promise((resolve) => agent?.on('exit', resolve))
    expect(await cli.json(['agent', 'stop'])).toEqual({ stopped: true })
    expect(await exit).toBe(0)
    expect(await cli.json(['agent', 'stop'])).toEqual({ stopped: false })
    await cli.startAgent()
    expect(await cli.endAgent('SIGTERM')).toBe(0)
  })

  test('it listens on no TCP port, and its folder is its own', async () => {
    await cli.startAgent()
    expect(listeningPorts(cli.agent?.pid ?? 0)).toEqual([])
    const folder = join(cli.home, 'agent')
    expect(statSync(folder).mode & 0o777).toBe(0o700)
    for (const name of ['token', 'lock']) expect(statSync(join(folder, name)).mode & 0o077).toBe(0)
  })

  test('jobs are kept with and without it; what an agent does not run, nobody starts in the background', async () => {
    writeFileSync(join(cli.source, 'file'), 'content')
    await cli.setUp()
    const first = await cli.backUp()
    expect(await jobs()).toMatchObject([{ id: first.job.id, kind: 'backup', item: 'docs', state: 'completed' }])
    expect((await cli.fails(['backup-now', 'docs', '--no-wait'], 1)).code).toBe('agent.not-running')
    await cli.startAgent()
    const queued = await cli.json<JobDocument>(['backup-now', 'docs', '--no-wait'])
    expect(queued).toMatchObject({ kind: 'backup', trigger: 'person' })
    const done = await cli.json<JobDocument>(['job', 'watch', queued.id.slice(0, 10)])
    expect(done).toMatchObject({ id: queued.id, state: 'completed', result: { point: { seq: 2, confirmed: true } } })
    const shown = await cli.json<JobDetails>(['job', 'show', queued.id])
    expect(shown.phases.map(({ phase }) => phase)).toContain('estimate')
    expect(shown.log.at(-1)?.text).toBe('completed')
    expect((await cli.fails(['job', 'cancel', queued.id], 2)).code).toBe('job.over')
    expect((await cli.fails(['job', 'show', 'ffffffff'], 4)).code).toBe('job.not-found')
    await cli.restore('latest')
    expect((await jobs('--limit', '3')).map(({ kind }) => kind)).toEqual(['restore', 'backup', 'backup'])
    await until(
      async () => JSON.parse(readFileSync(join(cli.home, 'agent', 'status.json'), 'utf8')) as StatusFile,
      ({ items }) => items[0]?.protection === 'protected' && items[0].lastConfirmedAt !== null,
    )
  })
})

describe('an agent that is killed', () => {
  test('leaves its backup interrupted; the next one goes on with it, and nothing is lost', async () => {
    for (let at = 0; at < 40; at++) writeFileSync(join(cli.source, `large ${at}`), randomBytes(3_000_000))
    await cli.setUp()
    await cli.startAgent()
    const started = await cli.json<JobDocument>(['backup-now', 'docs', '--no-wait'])
    await until(
      () => jobs(),
      ([job]) => job?.progress?.phase === 'capture',
    )
    expect(await cli.endAgent('SIGKILL')).toBeNull()
    // Whoever looks finds that its process has ended.
    expect((await cli.run(['job', 'watch', started.id])).status).toBe(1)
    expect(await jobs()).toMatchObject([{ id: started.id, state: 'interrupted' }])
    await cli.startAgent()
    const [next] = await until(
      () => jobs(),
      ([job]) => job?.id !== started.id,
    )
    expect(next?.reason).toBe(`goes on with job ${started.id.slice(0, 8)}, which was interrupted`)
    const done = await cli.json<JobDocument>(['job', 'watch', next?.id ?? ''])
    expect(done.state).toBe('completed')
    expect((await jobs()).map(({ state }) => state)).toEqual(['completed', 'interrupted'])
    expect(snapshotTree(await cli.restore('latest'))).toEqual(snapshotTree(cli.source))
  })

  test('an agent that is stopped while it backs up goes on when it runs again', async () => {
    for (let at = 0; at < 40; at++) writeFileSync(join(cli.source, `large ${at}`), randomBytes(3_000_000))
    await cli.setUp()
    await cli.startAgent()
    await cli.json<JobDocument>(['backup-now', 'docs', '--no-wait'])
    await until(
      () => jobs(),
      ([job]) => job?.progress?.phase === 'capture',
    )
    expect(await cli.endAgent('SIGTERM')).toBe(0)
    expect((await jobs()).map(({ state }) => state)).toEqual(['interrupted'])
    await cli.startAgent()
    const [next] = await until(
      () => jobs('--limit', '1'),
      ([job]) => job?.state === 'completed',
    )
    expect(next?.reason).toMatch(/^goes on with job/)
  })

  test('a job is cancelled, and the next one goes on with what it has done', async () => {
    for (let at = 0; at < 80; at++) writeFileSync(join(cli.source, `large ${at}`), randomBytes(3_000_000))
    await cli.setUp()
    await cli.startAgent()
    await using agent = await openAgentOf({ home: cli.home })
    const { id } = await agent.startBackup('docs', { accept: false })
    for await (const event of agent.watchJobs({})) {
      if ('job' in event && event.job.id === id && event.job.progress?.phase === 'capture') break
    }
    expect(await agent.cancelJob(id)).toMatchObject({ state: 'cancelled', result: null })
    expect((await cli.backUp()).job.state).toBe('completed')
  })
})

describe('for a browser', () => {
  interface Asked {
    readonly path?: string
    readonly method?: string
    readonly headers?: Readonly<Record<string, string>>
  }

  async function startWeb() {
    const said = await cli.startAgent(['--web', '--port', '0'])
    const [, port = '', token = ''] = /http:\/\/127\.0\.0\.1:(\d+)\/login\?token=([\w-]{43})/.exec(said) ?? []
    return { port: Number(port), token }
  }

  async function get(port: number, { path = '/', method = 'GET', headers = {} }: Asked) {
    return await new Promise<{ status: number; headers: Record<string, unknown>; body: string }>((resolve, reject) => {
      const asked = request(
        { host: '127.0.0.1', port, path, method, headers, setHost: headers['host'] === undefined },
        (response) => {
          let body = ''
          response.on('data', (part) => (body += String(part)))
          response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }))
        },
      )
      asked.on('error', reject)
      asked.end()
    })
  }

  async function upgrade(port: number, headers: Readonly<Record<string, string>>): Promise<string> {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/rpc`, { headers })
    return await new Promise((resolve) => {
      socket.on('open', () => {
        socket.terminate()
        resolve('open')
      })
      socket.on('unexpected-response', (_request, response) => resolve(String(response.statusCode)))
      socket.on('error', () => {})
    })
  }

  test('the printed address lets a browser in, and nothing else does', async () => {
    const { port, token } = await startWeb()
    expect(listeningPorts(cli.agent?.pid ?? 0)).toEqual([
      `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`,
    ])
    expect((await get(port, {})).status).toBe(401)
    expect((await get(port, { path: '/login' })).status).toBe(403)
    expect((await get(port, { path: `/login?token=${'A'.repeat(43)}` })).status).toBe(403)
    const login = await get(port, { path: `/login?token=${token}` })
    expect(login).toMatchObject({ status: 303, headers: { location: '/' } })
    const setCookie = String(login.headers['set-cookie'])
    expect(setCookie).toMatch(/HttpOnly; SameSite=Strict; Path=\//)
    const cookie = setCookie.split(';')[0] ?? ''
    const page = await get(port, { headers: { cookie } })
    expect(page.status).toBe(200)
    expect(page.headers['content-security-policy']).toContain("default-src 'none'")
    expect(page.headers['content-security-policy']).not.toContain('unsafe')
    const origin = `http://127.0.0.1:${port}`

    // Foreign names, foreign sites, no or broken cookies: for pages and for upgrades alike.
    const foreign: readonly Readonly<Record<string, string>>[] = [
      { cookie, origin, host: `evil.example:${port}` },
      { cookie, origin, host: '127.0.0.1' },
      { cookie, origin: 'http://evil.example' },
      { cookie, origin: 'null' },
      { cookie, origin: `http://127.0.0.1:${port + 1}` },
      { cookie, origin, 'sec-fetch-site': 'cross-site' },
      { cookie, origin, 'sec-fetch-site': 'same-site' },
    ]
    for (const headers of foreign) {
      expect((await get(port, { headers })).status, JSON.stringify(headers)).toBe(403)
      expect(await upgrade(port, headers), JSON.stringify(headers)).toBe('403')
    }
    const broken = `${cookie.slice(0, -1)}${cookie.endsWith('A') ? 'B' : 'A'}`
    const older = cookie.replace(/=\d+/, '=1000000000')
    for (const bad of ['', 'tharsis-session=', broken, older, `tharsis-session=${token}`]) {
      expect((await get(port, { headers: { cookie: bad, origin } })).status).toBe(401)
      expect(await upgrade(port, { cookie: bad, origin })).toBe('401')
    }
    expect(await upgrade(port, { cookie })).toBe('403')
    expect(await upgrade(port, { cookie, origin })).toBe('open')
    expect((await get(port, { method: 'POST', headers: { cookie, origin } })).status).toBe(405)
    for (const path of ['/../package.json', '/%2e%2e/package.json', '/assets/../../x.js', '/.hidden.txt', '/x.ts']) {
      expect((await get(port, { path, headers: { cookie } })).status).toBe(404)
    }
    expect((await get(port, { path: `/download/${'A'.repeat(43)}`, headers: { cookie } })).status).toBe(404)
  })

  test('an open page goes on with its cookie after a restart; an old address does not', async () => {
    const first = await startWeb()
    const login = await get(first.port, { path: `/login?token=${first.token}` })
    const cookie = String(login.headers['set-cookie']).split(';')[0] ?? ''
    await cli.endAgent('SIGKILL')
    const second = await startWeb()
    expect((await get(second.port, { headers: { cookie } })).status).toBe(200)
    expect((await get(second.port, { path: `/login?token=${first.token}` })).status).toBe(403)
    await cli.endAgent()
    renameSync(join(cli.home, 'agent', 'web-key'), join(cli.home, 'agent', 'web-key.old'))
    const third = await startWeb()
    expect((await get(third.port, { headers: { cookie } })).status).toBe(401)
  })

  test('a port that is taken is told', async () => {
    const { port } = await startWeb()
    using other = new CliHome()
    expect((await other.fails(['agent', 'run', '--web', '--port', String(port)], 1)).code).toBe('agent.port-used')
    expect((await other.fails(['agent', 'run', '--port', '1'], 2)).code).toBe('usage.invalid')
  })
})

/** Addresses at which a process listens for TCP, as /proc/net/tcp writes them. */
function listeningPorts(pid: number): readonly string[] {
  const inodes = new Set(
    readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return [/^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? '']
      } catch {
        return []
      }
    }),
  )
  return ['tcp', 'tcp6'].flatMap((table) =>
    readFileSync(`/proc/${pid}/net/${table}`, 'latin1')
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter(([, , , state, , , , , , inode]) => state === '0A' && inodes.has(inode ?? ''))
      .map(([, address = '']) => address),
  )
}
