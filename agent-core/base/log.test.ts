import { lstatSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openLogFile, silentLog } from './log.ts'

let folder: string
const clock = { nowMs: () => 0, delay: () => Promise.resolve() }

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'log-test-'))
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

test('lines from the level on are appended as JSON to a file for its owner alone', () => {
  const path = join(folder, 'log')
  {
    using log = openLogFile({ path, level: 'info', clock })
    log.debug('not written')
    log.info('one', { sizeBytes: 5 })
    log.error('two', { error: new Error('outer', { cause: new Error('inner') }) })
  }
  {
    using log = openLogFile({ path, level: 'debug', clock })
    log.debug('three')
    log.warn('four')
  }
  const lines = readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
  expect(lines.map((line) => [line.level, line.msg])).toEqual([
    ['info', 'one'],
    ['error', 'two'],
    ['debug', 'three'],
    ['warn', 'four'],
  ])
  expect(lines[0]).toEqual({
    level: 'info',
    time: '1970-01-01T00:00:00.000Z',
    pid: process.pid,
    sizeBytes: 5,
    msg: 'one',
  })
  expect(JSON.stringify(lines[1])).toContain('inner')
  expect(lstatSync(path).mode & 0o777).toBe(0o600)
})

test('a file that cannot be opened is reported at once', () => {
  expect(() => openLogFile({ path: join(folder, 'missing', 'log'), level: 'info', clock })).toThrow('ENOENT')
})

test('a line that finds no folder is dropped, and later ones are written; none is after the end', () => {
  const path = join(folder, 'logs', 'log')
  mkdirSync(join(folder, 'logs'))
  const log = openLogFile({ path, level: 'info', clock })
  renameSync(join(folder, 'logs'), join(folder, 'away'))
  log.info('lost')
  renameSync(join(folder, 'away'), join(folder, 'logs'))
  log.info('kept')
  log[Symbol.dispose]()
  log.info('too late')
  log[Symbol.dispose]()
  const lines = readFileSync(path, 'utf8').trim().split('\n')
  expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual(['kept'])
})

test('the silent log keeps nothing', () => {
  expect(silentLog.error('x', { error: new Error('x') })).toBeUndefined()
})
