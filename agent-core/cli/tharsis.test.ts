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
