/** `npm run demo` on a small folder: a newcomer's first command has to work, and to leave nothing behind. */
import { type ChildProcess, spawn } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { compareRecords, recordFolder } from '../../build/demo/folder-record.ts'

const demoScript = join(import.meta.dirname, '..', '..', 'build', 'demo', 'demo.ts')
const demoTimeoutMs = 120_000

let place: string
let folder: string
let temporary: string

beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'tharsis-demo-test-'))
  folder = join(place, 'mine')
  temporary = join(place, 'temporary')
  mkdirSync(temporary)
  mkdirSync(join(folder, 'notes', 'deep'), { recursive: true })
  for (let at = 0; at < 40; at++) writeFileSync(join(folder, 'notes', `note ${at}.txt`), `note ${at}\n`.repeat(at * 50))
  for (let at = 0; at < 5; at++) writeFileSync(join(folder, 'notes', 'deep', `${at}`), `deep ${at}`)
  writeFileSync(join(folder, 'large'), Buffer.alloc(3 * 1024 * 1024, 'large file '))
  appendFileSync(join(folder, 'large'), 'end')
  linkSync(join(folder, 'large'), join(folder, 'large too'))
  symlinkSync('large', join(folder, 'link'))
  mkdirSync(join(folder, 'read-only'))
  writeFileSync(join(folder, 'read-only', 'kept'), 'kept')
  chmodSync(join(folder, 'read-only'), 0o555)
})

afterEach(() => {
  chmodSync(join(folder, 'read-only'), 0o755)
  rmSync(place, { recursive: true, force: true })
})

function startDemo(...argv: readonly string[]): { child: ChildProcess; ended: Promise<[unknown, string, string]> } {
  const child = spawn(process.execPath, [demoScript, ...argv], {
    env: { ...process.env, TMPDIR: temporary, INIT_CWD: place },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const status = new Promise((resolve) => child.once('close', (code, signal) => resolve(signal ?? code)))
  return { child, ended: Promise.all([status, text(child.stdout), text(child.stderr)]) }
}

test(
  'the demo backs up, changes, restores, compares, and removes what it made',
  async () => {
    const before = await recordFolder(folder)
    const [status, output, errors] = await startDemo('mine').ended
    expect(errors).toBe('')
    expect(output).toContain('All the same')
    expect(output.match(/confirmed in the vault/g)).toHaveLength(3)
    expect(output.match(/Same: \d+ files \(every byte\)/g)).toHaveLength(2)
    expect(output).toContain('64 KiB appended to the largest file')
    expect(output).toMatch(/together +\S+ \S+ +\S+ \S+ +\S+ \S+/)
    expect(status).toBe(0)
    expect(readdirSync(temporary)).toEqual([])
    expect(compareRecords(before, await recordFolder(folder))).toEqual([])
  },
  demoTimeoutMs,
)

test(
  'stopped in the middle, it removes what it made',
  async () => {
    const { child, ended } = startDemo(folder)
    const stopAtFirstBackup = (chunk: Buffer) => {
      if (chunk.includes('backup-now')) child.kill('SIGINT')
    }
    child.stdout?.on('data', stopAtFirstBackup)
    const [status, output] = await ended
    expect(output).toContain('Stopped.')
    expect(status).toBe(130)
    expect(readdirSync(temporary)).toEqual([])
  },
  demoTimeoutMs,
)

test('a folder that is not there is a usage error', async () => {
  const [status, output, errors] = await startDemo('nowhere').ended
  expect(errors).toContain('nowhere is no folder')
  expect([status, output]).toEqual([2, ''])
})
