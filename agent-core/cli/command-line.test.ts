import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CallOptions, callCommandLine } from '../../test/support/call-command-line.ts'
import { createFakeAgent } from '../../test/support/fake-agent.ts'
import type { AgentApi } from '../api/agent-api.ts'
import { AgentError } from '../base/agent-error.ts'

const agent = createFakeAgent().agent

/** Words in quotes stay together. */
function words(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|(\S+)/g)].map((match) => match[1] ?? match[2] ?? '')
}

async function call(line: string, options: CallOptions = {}) {
  return await callCommandLine(words(line), options)
}

describe('wrong usage ends with 2, says what to do, and opens no agent', () => {
  test.each([
    ['', 'needs a verb: vault, item,', '--help'],
    ['vault', '"tharsis vault" needs a verb: create,', '"tharsis vault --help"'],
    ['valt list', "Unknown command 'valt'", 'Did you mean vault?'],
    ['mount docs latest', "Unknown command 'mount'", '"tharsis --help"'],
    ['vault shred usb', "Unknown command 'shred'", '"tharsis vault --help"'],
    ['vault list extra', 'Too many arguments', '"tharsis vault list --help"'],
    ['vault show', "Missing required argument 'name'", '"tharsis vault show --help"'],
    ['vault create usb', 'A vault lies in a folder or in a bucket', 'Give --local DIR or --s3 URL'],
    ['vault list --nonsense', "Unknown option '--nonsense'", '"tharsis vault list --help"'],
    ['vault list --hom /x', "Unknown option '--hom'", 'Did you mean --home?'],
    ['vault list --output xml', "argument 'xml' is invalid", '"tharsis --help"'],
    ['vault list --home', 'argument missing', '"tharsis --help"'],
    ['vault connect usb --local /v --read a --take-over b', 'exclude each other', 'Give one of them.'],
    ['vault verify usb --read-data 101', '--read-data takes a whole number', 'in digits'],
    ['vault verify usb --read-data lots', '--read-data takes a whole number', 'in digits'],
    ['vault show ""', 'An argument is empty (the argument after "show")', 'Leave it out'],
    ['vault show a\0b', 'NUL', 'leave it out'],
    [`vault show ${'ä'.repeat(3000)}`, 'has 6,000 bytes', 'at most 4,096 bytes'],
    ['item enable docs /a', "'--vault <name>' not specified", 'item enable'],
    ['item enable docs --vault usb', "Missing required argument 'folders'", 'item enable'],
    ['item enable docs /a --vault usb --compression gzip', "argument 'gzip' is invalid", 'item enable'],
    ['item change docs', 'Nothing to change was given', 'item change --help'],
    ['backup-now', "Missing required argument 'item'", 'backup-now --help'],
    ['backup-now docs --no-hurry', "Unknown option '--no-hurry'", 'backup-now --help'],
    ['backup-now docs --retain-days 0', 'takes a whole number from 1 to 36500, not "0"', 'in digits'],
    ['backup-now docs --retain-days 2.5', '--retain-days takes a whole number', 'in digits'],
    ['backup-now docs --retain-until soon', '"soon" is no date', '2027-01-31'],
    ['backup-now docs --retain-until 2027-02-30', 'is no date', '2027-01-31'],
    ['backup-now docs --retain-until 2027-01-31T24:00', 'is no date', '2027-01-31'],
    ['vault create usb --local s3://bucket', 'is an address, not a folder', 'named with --s3'],
    ['restore files docs latest --to sftp://host/x', 'is an address', 'Give a folder'],
    ['item enable docs --vault usb FILE://x', 'is an address', 'Give a folder'],
    ['backup-now docs --retain-until 2026-11-20', 'at least one day', '--retain-days 1'],
    ['backup-now docs --retain-until 9999-01-01', 'too far away', 'days'],
    ['backup-now docs --retain-until 2027-01-01 --retain-days 3', 'exclude each other', 'Give one of them.'],
    ['point files docs latest --depth 0', '--depth takes a whole number', 'in digits'],
    ['restore docs latest', "Unknown command 'docs'", '"tharsis restore --help"'],
    ['restore files docs latest', 'No target was given', '--to DIR'],
    ['restore files docs latest --to /x --original', 'exclude each other', '--to DIR'],
    ['restore files docs latest --to --plan', '--to was given no value', '--to <dir>'],
    ['restore files docs latest --to /x --conflict merge', "argument 'merge' is invalid", 'restore files'],
    ['chunk info', "Missing required argument 'file'", 'chunk info'],
  ])('%j', async (line, problem, advice) => {
    const { status, stdout, stderr, calls } = await call(line)
    expect(status).toBe(2)
    expect(stderr).toContain(problem)
    expect(stderr).toContain(advice)
    expect(stdout).toBe('')
    expect(calls.filter(([verb]) => verb !== 'open' && verb !== 'dispose')).toEqual([])
  })

  test('as JSON, wherever the option stands', async () => {
    for (const line of ['--output json valt', 'vault show --output=json', 'vault --output json']) {
      const { status, document } = await call(line)
      expect(status).toBe(2)
      expect(document).toMatchObject({ error: { code: 'usage.invalid' } })
    }
  })
})

describe('help and version', () => {
  test.each(['--help', 'help', '-h', 'vault --help', 'help vault create', 'restore files --help', 'chunk dump -h'])(
    '%s goes to standard output',
    async (line) => {
      const { status, stdout, stderr, calls } = await call(line)
      expect(status).toBe(0)
      expect(stdout).toMatch(/^Usage: tharsis/)
      expect(stderr).toBe('')
      expect(calls).toEqual([])
    },
  )

  test('the version', async () => {
    expect(await call('--version')).toMatchObject({ status: 0, stdout: 'tharsis 1.2.3\n' })
  })
})

describe('common options', () => {
  test('are taken before and after the verb', async () => {
    for (const line of ['--home /h --output json vault list', 'vault --home /h list --output json']) {
      const { calls, document, status } = await call(line)
      expect(status).toBe(0)
      expect(calls).toEqual([['open', '/h'], ['listVaults'], ['dispose']])
      expect(document).toMatchObject([{ name: 'usb' }])
    }
  })

  test('colours need a terminal, and neither NO_COLOR nor --no-color', async () => {
    const escape = '\u001b['
    expect((await call('vault list', { columns: 100 })).stdout).toContain(escape)
    expect((await call('vault list')).stdout).not.toContain(escape)
    expect((await call('vault list --no-color', { columns: 100 })).stdout).not.toContain(escape)
    expect((await call('vault list', { columns: 100, env: { NO_COLOR: '1' } })).stdout).not.toContain(escape)
  })

  test('--quiet leaves results and problems', async () => {
    const answers: Partial<AgentApi> = {
      backupNow: async (item, options, context) => {
        context.onProgress?.({ phase: 'capture', filesDone: 1, bytesDone: 1, warnings: 0 })
        return await agent.backupNow(item, options, context)
      },
    }
    expect(await call('backup-now docs', { answers })).toMatchObject({
      stderr: 'capture: 1 files, 1 B\n',
      stdout: expect.stringContaining('Backup of "docs" completed in 2.5 s') as string,
    })
    expect(await call('backup-now docs --quiet', { answers })).toMatchObject({ status: 0, stdout: '', stderr: '' })
    expect((await call('vault list --quiet')).stdout).toContain('usb')
  })
})

describe('errors', () => {
  const failing = (error: unknown): Partial<AgentApi> => ({
    listVaults: async () => {
      throw error
    },
  })

  test.each([
    [new AgentError('vault.not-found', { name: 'x' }), 4],
    [new AgentError('vault.taken-over', { name: 'x', machine: 'm' }), 5],
    [new AgentError('vault.unreachable', { address: '/v', reason: 'gone' }), 6],
    [new AgentError('vault.wrong-passphrase', { address: '/v' }), 7],
    [new AgentError('vault.damaged', { object: 'o', offset: 1, reason: 'r' }), 8],
    [new AgentError('home.locked', { home: '/h', pid: 1 }), 1],
  ])('%s ends with %i', async (error, exit) => {
    const { status, stderr, stdout } = await call('vault list', { answers: failing(error) })
    expect(status).toBe(exit)
    expect(stderr).toBe(`Error: ${error.message}\n  ${error.advice}\n`)
    expect(stdout).toBe('')
    const asJson = await call('vault list --output json', { answers: failing(error) })
    expect(asJson.status).toBe(exit)
    expect(asJson.document).toEqual({ error: { code: error.code, message: error.message, advice: error.advice } })
  })

  test('cannot steer the terminal', async () => {
    const answers = failing(new AgentError('vault.not-found', { name: '\u001b[2J\nfake' }))
    const { stderr } = await call('vault list', { answers })
    expect(stderr).toContain('\\x1b[2J\\nfake')
    expect(stderr).not.toContain('\u001b')
  })

  test('an agent that cannot be opened is an error like any other', async () => {
    const { status, calls } = await call('vault list', { answers: {} })
    expect(status).toBe(0)
    expect(calls.at(-1)).toEqual(['dispose'])
  })

  describe('that are bugs', () => {
    let home: string
    beforeAll(async () => {
      home = await mkdtemp(join(tmpdir(), 'tharsis-cli-'))
    })
    afterAll(async () => await rm(home, { recursive: true }))

    test('are reported with a log id; the stack is in the log and on request only', async () => {
      const answers = failing(new TypeError('x is not a function'))
      const { status, stderr } = await call(`vault list --home ${home}`, { answers })
      expect(status).toBe(1)
      expect(stderr).toContain('This is a fault in Tharsis: x is not a function')
      expect(stderr).toContain(join(home, 'logs', 'faults.log'))
      expect(stderr).not.toContain('    at ')
      const logId = /log id ([0-9a-f]{8})/.exec(stderr)?.[1] ?? 'none'
      const log = await readFile(join(home, 'logs', 'faults.log'), 'utf8')
      expect(log).toContain(logId)
      expect(log).toContain('command-line.test.ts')
      const debug = await call(`vault list --home ${home}`, { answers, env: { THARSIS_DEBUG: '1' } })
      expect(debug.stderr).toContain('    at ')
    })

    test('are reported where no log can be written', async () => {
      const { status, document } = await call('vault list --home /dev/null/x --output json', {
        answers: failing(new Error('boom')),
      })
      expect(status).toBe(1)
      expect(document).toMatchObject({ error: { code: 'internal', logId: expect.any(String) as string } })
    })
  })
})

describe('a wish to stop', () => {
  test('aborts the verb: 130; the second ends the process', async () => {
    let stop = (): void => {}
    const { status, document, exits } = await call('backup-now docs --output json', {
      onStart: (stopCall) => {
        stop = stopCall
      },
      answers: {
        backupNow: async (_item, _options, { signal }) => {
          stop()
          stop()
          signal?.throwIfAborted()
          throw new Error('not reached')
        },
      },
    })
    expect(status).toBe(130)
    expect(exits).toEqual([130])
    expect(document).toMatchObject({ error: { code: 'cancelled' } })
  })

  test('ends a listing between two entries', async () => {
    const { status } = await call('point files docs latest', { onStart: (stop) => queueMicrotask(stop) })
    expect(status).toBe(130)
  })
})

describe('standard output', () => {
  test('whose reader is gone: the verb ends with its own status, quietly', async () => {
    expect(await call('vault list', { stdoutError: 'EPIPE' })).toMatchObject({ status: 0, stderr: '' })
  })

  test('a listing stops when its reader is gone', async () => {
    let given = 0
    const { status, stderr } = await call('point files docs latest', {
      stdoutError: 'EPIPE',
      answers: {
        pointFiles: async function* () {
          for (; given < 1_000_000; given++) {
            yield { path: '/x'.repeat(50), type: 'file', size: 1, mtime: 'x', mode: '0644', uid: 0, gid: 0 }
          }
        },
      },
    })
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(given).toBeLessThan(2000)
  })

  test('that is full is said', async () => {
    const { status, stderr } = await call('vault list', { stdoutError: 'ENOSPC' })
    expect(status).toBe(1)
    expect(stderr).toContain('The result could not be written')
  })
})
