import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { needsThat } from '../../test/support/needs.ts'

const bin = join(import.meta.dirname, 'tharsis.mjs')
const home = mkdtempSync(join(tmpdir(), 'tharsis-bin-'))
afterAll(() => rmSync(home, { recursive: true }))

function run(node: string, args: readonly string[], env: Record<string, string> = {}) {
  const { status, stdout, stderr } = spawnSync(node, [bin, ...args], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], HOME: home, ...env },
  })
  return { status, stdout, stderr }
}

/** Run before a program, tells the packages that it loads when it ends. */
const listPackages = `import { registerHooks } from 'node:module'
const names = new Set()
registerHooks({
  resolve(specifier, context, next) {
    const resolved = next(specifier, context)
    const name = /.*\\/node_modules\\/((?:@[^/]+\\/)?[^/]+)/.exec(resolved.url)?.[1]
    if (name !== undefined) names.add(name)
    return resolved
  },
})
process.on('exit', () => process.stderr.write([...names].join(' ')))`

describe('the executable', () => {
  test('prints its version, and nothing else', () => {
    expect(run(process.execPath, ['--version'])).toEqual({
      status: 0,
      stdout: expect.stringMatching(/^tharsis \d+\.\d+\.\d+\n$/) as string,
      stderr: '',
    })
  })

  test('prints help', () => {
    const { status, stdout, stderr } = run(process.execPath, ['--help'])
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toContain('backup-now ITEM')
  })

  test('without an agent loads no schemas, no transport, no log, no calendar and no S3 client: they take longer than all of the rest', () => {
    const options = `--import data:text/javascript,${encodeURIComponent(listPackages)}`
    const { status, stderr } = run(process.execPath, ['item', 'list'], { NODE_OPTIONS: options, THARSIS_HOME: home })
    expect({ status, stderr }).toEqual({ status: 0, stderr: expect.stringContaining('better-sqlite3') as string })
    const slow = stderr
      .split(' ')
      .filter((name) => /^(zod|ws|node-cron|pino|temporal-polyfill|@orpc\/.*|@aws-sdk\/.*|@smithy\/.*)$/.test(name))
    expect(slow).toEqual([])
  })

  test('ends with 2 for an unknown verb', () => {
    const { status, stdout, stderr } = run(process.execPath, ['frobnicate'])
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toContain("Unknown command 'frobnicate'")
  })
})

const oldNode = findOldNode()

function findOldNode(): string | undefined {
  const name = process.platform === 'win32' ? 'node.exe' : 'node'
  const paths = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, name))
  return paths.find((path) => {
    const { status, stdout } = spawnSync(path, ['--version'], { encoding: 'utf8' })
    return status === 0 && Number(/^v(\d+)/.exec(stdout)?.[1]) < 24
  })
}

describe('under an older Node', needsThat(oldNode !== undefined, 'no older Node is on PATH'), () => {
  test('runs on the Node that the package brings, with its exit status', () => {
    const { status, stdout } = run(oldNode ?? '', ['--version'])
    expect(status).toBe(0)
    expect(stdout).toMatch(/^tharsis /)
    expect(run(oldNode ?? '', ['frobnicate']).status).toBe(2)
  })

  test('says what to do where there is none', () => {
    const { status, stdout, stderr } = run(oldNode ?? '', ['--version'], { THARSIS_OWN_NODE: '1' })
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
    expect(stderr).toContain('npx tharsis')
  })
})
