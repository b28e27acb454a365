import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemClock } from '../base/clock.ts'
import { acquireHomeLock } from './home-lock.ts'

let home: string

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'home-lock-test-'))
})

afterEach(() => rmSync(home, { recursive: true, force: true }))

test('the lock is held once, names its holder, and is free again afterwards', () => {
  {
    using lock = acquireHomeLock(home, systemClock)
    expect(lock.home).toBe(home)
    expect(() => acquireHomeLock(home, systemClock)).toThrow(
      expect.objectContaining({ code: 'home.locked', data: { home, pid: process.pid } }),
    )
  }
  const again = acquireHomeLock(home, systemClock)
  again[Symbol.dispose]()
  expect(() => again[Symbol.dispose]()).not.toThrow()
})

test('a lock file left behind by a crash does not lock', () => {
  writeFileSync(join(home, 'lock'), JSON.stringify({ pid: 1, startedAtMs: 5 }))
  using lock = acquireHomeLock(home, systemClock)
  expect(lock.home).toBe(home)
})

test('another process holds it until it is killed', async () => {
  const url = (name: string) => JSON.stringify(new URL(name, import.meta.url).href)
  const script = `
    const { acquireHomeLock } = await import(${url('./home-lock.ts')})
    const { systemClock } = await import(${url('../base/clock.ts')})
    acquireHomeLock(${JSON.stringify(home)}, systemClock)
    process.stdout.write('held')
    process.stdin.resume()`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['pipe', 'pipe', 'inherit'] })
  const exited = new Promise((resolve) => child.once('exit', resolve))
  await new Promise((resolve) => child.stdout.once('data', resolve))
  expect(() => acquireHomeLock(home, systemClock)).toThrow(
    expect.objectContaining({ code: 'home.locked', data: { home, pid: child.pid } }),
  )
  child.kill('SIGKILL')
  await exited
  using lock = acquireHomeLock(home, systemClock)
  expect(lock.home).toBe(home)
})

test('a home folder that cannot hold a lock is reported', () => {
  expect(() => acquireHomeLock(join(home, 'missing'), systemClock)).toThrow(
    expect.objectContaining({ code: 'home.unusable' }),
  )
  symlinkSync('/dev/null', join(home, 'lock'))
  expect(() => acquireHomeLock(home, systemClock)).toThrow(expect.objectContaining({ code: 'home.unusable' }))
})
