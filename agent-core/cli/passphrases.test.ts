import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CallOptions, callCommandLine } from '../../test/support/call-command-line.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tharsis-passphrase-'))
})
afterAll(async () => await rm(folder, { recursive: true }))

async function writeSecret(name: string, text: string, mode = 0o600): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, text)
  await chmod(path, mode)
  return path
}

const create = ['vault', 'create', 'usb', '--local', '/v']
const secret = 'correct horse battery'

async function createWith(args: readonly string[], options: CallOptions = {}) {
  const called = await callCommandLine([...create, ...args], options)
  return Object.assign(called, { given: called.calls.find(([verb]) => verb === 'createVault')?.[3] })
}

describe('a passphrase comes from', () => {
  test('the environment, which is emptied before the agent is opened', async () => {
    const { given, env, status } = await createWith([], {
      env: { THARSIS_PASSPHRASE: secret, THARSIS_NEW_PASSPHRASE: 'other', PATH: '/bin' },
    })
    expect({ given, status }).toEqual({ given: secret, status: 0 })
    expect(env).toEqual({ PATH: '/bin' })
  })

  test.each(['\n', '\r\n', '', '\nsecond line\n'])('the first line of a file that goes on with %j', async (rest) => {
    const path = await writeSecret('first', `${secret}${rest}`)
    const { given, stderr } = await createWith(['--passphrase-file', path])
    expect(given).toBe(secret)
    expect(stderr).not.toContain('Warning')
  })

  test.skipIf(process.platform === 'win32')('a file that others may read, with a warning', async () => {
    const path = await writeSecret('open', secret, 0o644)
    const { given, stderr } = await createWith(['--passphrase-file', path])
    expect(given).toBe(secret)
    expect(stderr).toContain('chmod 600')
  })

  test.skipIf(process.platform === 'win32')('a pipe that is written to a little later', async () => {
    const path = join(folder, 'pipe')
    execFileSync('mkfifo', [path])
    const writer = spawn('sh', [
      '-c',
      'exec 3<>"$1"; echo ready; sleep 0.2; echo "$2" >&3; read end',
      'sh',
      path,
      secret,
    ])
    await once(writer.stdout, 'data')
    const { given } = await createWith(['--passphrase-file', path])
    writer.kill()
    expect(given).toBe(secret)
  })

  test('the file, where the variable is set too', async () => {
    const path = await writeSecret('wins', `\ufeff${secret}\n`)
    const { given } = await createWith(['--passphrase-file', path], { env: { THARSIS_PASSPHRASE: 'the other one' } })
    expect(given).toBe(secret)
  })

  test('the terminal, twice and unseen', async () => {
    const { given, stderr } = await createWith([], { typed: [`${secret}x\u007f\r`, `${secret}\r`] })
    expect(given).toBe(secret)
    expect(stderr).toContain('New passphrase for vault "usb", once more: ')
    expect(stderr).not.toContain('correct')
  })

  test('the terminal, also pasted as two lines', async () => {
    const { given } = await createWith([], { typed: [`${secret}\r\n${secret}\n`, ''] })
    expect(given).toBe(secret)
  })

  test('the terminal once, where the vault exists', async () => {
    const { calls, stderr } = await callCommandLine(['vault', 'connect', 'usb', '--local', '/v'], {
      typed: [`${secret}\r`],
    })
    expect(calls[1]).toEqual(['connectVault', 'usb', '/v', secret, {}])
    expect(stderr).toContain('Passphrase of vault "usb": ')
  })

  test('chance, and is shown once', async () => {
    const { given, stdout } = await createWith(['--generate-passphrase'])
    expect(given).toMatch(/^([0-9a-z]{4}-){6}[0-9a-z]{4}$/)
    expect(stdout).toContain(String(given))
    const { document } = await createWith(['--generate-passphrase', '--output', 'json'])
    expect(document).toMatchObject({ passphrase: given, recoveryCode: 'CODE-1234' })
  })
})

describe('no passphrase comes from', () => {
  test.each<[string, readonly string[], CallOptions, string]>([
    ['nowhere', [], {}, 'no terminal to ask on'],
    ['an empty variable', [], { env: { THARSIS_PASSPHRASE: '' } }, 'no terminal to ask on'],
    ['a missing file', ['--passphrase-file', '/nowhere/x'], {}, 'cannot be read: it is not there'],
    ['a folder', ['--passphrase-file', tmpdir()], {}, 'cannot be read: it is a folder'],
    [
      'a missing file, even beside the variable',
      ['--passphrase-file', '/nowhere/x'],
      { env: { THARSIS_PASSPHRASE: secret } },
      'it is not there',
    ],
    ['two that differ', [], { typed: ['one\r', 'two\r'] }, 'The two passphrases differ'],
    ['a closed terminal', [], { typed: [] }, 'no terminal to ask on'],
  ])('%s', async (_name, args, options, problem) => {
    const { status, stderr, given } = await createWith(args, options)
    expect(status).toBe(2)
    expect(stderr).toContain(problem)
    expect(given).toBeUndefined()
  })

  test.each<[string, Buffer, string]>([
    ['a NUL', Buffer.from('correct\0horse battery'), 'is no text'],
    ['bytes that are not UTF-8', Buffer.from([0x63, 0xff, 0xfe]), 'is no text'],
    ['a line without end', Buffer.alloc(100_000, 'x'), 'is too long'],
  ])('a file with %s', async (_name, bytes, problem) => {
    const path = await writeSecret('bad', '')
    await writeFile(path, bytes)
    const { status, stderr, given } = await createWith(['--passphrase-file', path])
    expect({ status, given }).toEqual({ status: 2, given: undefined })
    expect(stderr).toContain(problem)
  })

  test.skipIf(process.platform === 'win32')('a pipe that nobody writes to', async () => {
    const path = join(folder, 'silent')
    execFileSync('mkfifo', [path])
    const { status, stderr } = await createWith(['--passphrase-file', path])
    expect(status).toBe(2)
    expect(stderr).toContain('a pipe that nobody writes to')
  })

  test('an empty file', async () => {
    const { status, stderr } = await createWith(['--passphrase-file', await writeSecret('empty', '\nx')])
    expect(status).toBe(2)
    expect(stderr).toContain('is empty')
  })

  test('a person who presses Ctrl-C', async () => {
    const { status, given } = await createWith([], { typed: ['abc\u0003'] })
    expect({ status, given }).toEqual({ status: 130, given: undefined })
  })
})

describe('set-passphrase', () => {
  const set = ['vault', 'set-passphrase', 'usb']

  test('takes the new one from its own variable or file, never from the old one', async () => {
    const env = { THARSIS_PASSPHRASE: 'old', THARSIS_NEW_PASSPHRASE: secret }
    expect((await callCommandLine(set, { env })).calls).toContainEqual(['setPassphrase', 'usb', secret, 'old'])
    const path = await writeSecret('new', secret)
    const fromFile = await callCommandLine([...set, '--new-passphrase-file', path], {})
    expect(fromFile.calls).toContainEqual(['setPassphrase', 'usb', secret, undefined])
    const without = await callCommandLine(set, { env: { THARSIS_PASSPHRASE: 'old' } })
    expect(without.status).toBe(2)
    expect(without.stderr).toContain('THARSIS_NEW_PASSPHRASE or give --new-passphrase-file')
  })
})

describe('an agent that has lost the key', () => {
  const ask = ['vault', 'list']

  test('may ask where there is an answer', async () => {
    const { agent } = await callCommandLine(ask, { env: { THARSIS_PASSPHRASE: secret } })
    expect(await agent.onPassphraseNeeded?.('usb')).toBe(secret)
  })

  test('is not asked back where there is none', async () => {
    const { agent } = await callCommandLine(ask)
    expect(agent.onPassphraseNeeded).toBeUndefined()
  })
})

test('a take-over is confirmed by a person at a terminal', async () => {
  const line = ['vault', 'connect', 'usb', '--local', '/v', '--take-over', 'mars']
  const env = { THARSIS_PASSPHRASE: secret }
  expect((await callCommandLine(line, { env, typed: ['\r'] })).status).toBe(130)
  expect((await callCommandLine(line, { env, typed: ['yes\r'] })).status).toBe(0)
  expect((await callCommandLine([...line, '--yes'], { env, typed: [] })).status).toBe(0)
})
