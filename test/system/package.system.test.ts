/** What `npm run package` lays out for the installer runs by itself: on its own Node, with its own packages, elsewhere. */
import { spawn, spawnSync } from 'node:child_process'
import { on } from 'node:events'
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { BackupDocument } from '../../agent-core/api/agent-api.ts'
import { TestFolder } from '../support/test-home.ts'

const projectFolder = join(import.meta.dirname, '..', '..')
const laidOut = join(projectFolder, 'dist', 'agent')
const folder = new TestFolder('package-')
/** Where the installer puts it; no checkout is above it. */
const resources = folder.at('resources')
const agent = join(resources, 'agent')

/** The verb's JSON, with nothing in the environment but what is told. */
function tharsis<Document>(...parameters: readonly string[]): Document {
  const node = join(resources, 'node', 'node')
  const given = [join(agent, 'dist', 'agent-core', 'tharsis.mjs'), ...parameters, '--output', 'json', '--quiet']
  const env = {
    PATH: '/nowhere',
    HOME: folder.path,
    THARSIS_HOME: folder.at('home'),
    THARSIS_PASSPHRASE: 'a passphrase for the tests only',
    DBUS_SESSION_BUS_ADDRESS: 'disabled:',
  }
  const { status, stdout, stderr } = spawnSync(node, given, {
    cwd: folder.path,
    env,
    encoding: 'utf8',
    timeout: 60_000,
  })
  expect(status, stderr).toBe(0)
  return JSON.parse(stdout) as Document
}

beforeAll(() => {
  const { status, stderr } = spawnSync(process.execPath, [join('build', 'package.ts')], {
    cwd: projectFolder,
    encoding: 'utf8',
    timeout: 200_000,
  })
  expect(status, stderr).toBe(0)
  mkdirSync(resources)
  // As electron-builder.yml says under extraResources. Packages must be named there: it leaves them out otherwise.
  const rules = readFileSync(join(projectFolder, 'electron-builder.yml'), 'utf8')
  expect(rules).toContain('  - from: dist/agent/files/node_modules\n    to: agent/node_modules\n')
  renameSync(join(laidOut, 'files'), agent)
  renameSync(join(laidOut, 'node'), join(resources, 'node'))
}, 220_000)

afterAll(() => {
  folder[Symbol.dispose]()
})

test('backs up, again too, verifies and restores', () => {
  const source = folder.at('source')
  mkdirSync(source)
  writeFileSync(join(source, 'letter'), 'content that compresses '.repeat(10_000))
  tharsis('vault', 'create', 'v', '--local', folder.at('vault'))
  tharsis('item', 'enable', 'docs', '--vault', 'v', source)
  const { job } = tharsis<BackupDocument>('backup-now', 'docs')
  expect(job.state).toBe('completed')
  writeFileSync(join(source, 'postcard'), 'short')
  tharsis('backup-now', 'docs')
  tharsis('vault', 'verify', 'v', '--read-data', '100')
  tharsis('restore', 'files', 'docs', 'latest', '--to', folder.at('restored'))
  expect(readFileSync(folder.at('restored', 'letter'))).toEqual(readFileSync(join(source, 'letter')))
})

test('an agent whose program is replaced starts the new one in its place', async () => {
  const home = folder.at('home of an agent')
  const program = join(agent, 'dist', 'agent-core', 'tharsis.mjs')
  const pid = async () => tharsis<{ readonly pid?: number }>('agent', 'status', '--home', home).pid
  const { DBUS_SESSION_BUS_ADDRESS: _, ...env } = process.env
  const child = spawn(join(resources, 'node', 'node'), [program, 'agent', 'run', '--home', home], {
    env: { ...env, DBUS_SESSION_BUS_ADDRESS: 'disabled:' },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const said = createInterface({ input: child.stderr })
  const hears = async (words: RegExp) => {
    for await (const [line] of on(said, 'line', { signal: AbortSignal.timeout(60_000) })) {
      const found = words.exec(line as string)
      if (found !== null) return found
    }
    throw new Error('nothing was said')
  }
  await hears(/The agent runs/)
  const before = await pid()
  expect(before).toBe(child.pid)
  writeFileSync(`${program}.new`, readFileSync(program))
  renameSync(`${program}.new`, program)
  const [, started] = (await hears(/^The agent runs \(pid (\d+)\)/)) as unknown as [string, string]
  expect(Number(started)).not.toBe(before)
  expect(await pid()).toBe(Number(started))
  tharsis('agent', 'stop', '--home', home)
}, 120_000)

test('holds the pages and licences; no tests, no second Node, nothing for other platforms or for developers', () => {
  expect(existsSync(join(agent, 'renderer', 'dist', 'index.html'))).toBe(true)
  expect(existsSync(join(resources, 'node', 'LICENSE'))).toBe(true)
  expect(existsSync(join(agent, 'LICENSE'))).toBe(true)
  const unwanted = [
    '{agent-core,dist}/**/*.ts',
    '**/*.{map,d.ts,c,cpp,cc,gyp}',
    'node_modules/{vitest,typescript,electron,playwright,react,vite}/**',
    'node_modules/node-*/bin/*',
    '**/*{darwin,win32,musl-,arm64}*.node',
  ]
  expect(unwanted.flatMap((pattern) => globSync(join(agent, pattern)))).toEqual([])
  const owners = globSync(join(agent, '**', '*.node')).map((path) => /node_modules\/(@?[^/]+)/.exec(path)?.[1] ?? '')
  expect([...new Set(owners)].toSorted((a, b) => a.localeCompare(b))).toEqual([
    '@antoniomuso',
    '@koromix',
    '@napi-rs',
    'better-sqlite3',
  ])
})
