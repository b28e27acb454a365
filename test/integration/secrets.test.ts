/** After a whole cycle, every byte that was written anywhere is searched for what must not be there. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { CliHome } from '../support/cli-home.ts'

let cli: CliHome
let printed: string

beforeEach(() => {
  cli = new CliHome()
  printed = ''
})

afterEach(() => {
  cli[Symbol.dispose]()
})

async function run(...parameters: readonly string[]): Promise<void> {
  const result = await cli.run(parameters, { env: { THARSIS_NEW_PASSPHRASE: 'canary-the-new-passphrase' } })
  expect(`${parameters.join(' ')}: ${result.status} ${result.stderr}`).toMatch(/: [03] /)
  printed += result.stdout + result.stderr
}

/** Files below `folder` whose bytes hold `text`, in any of the usual spellings. */
function filesWith(folder: string, secret: string | Buffer): string[] {
  const bytes = Buffer.from(secret)
  const utf16 = typeof secret === 'string' ? [Buffer.from(secret, 'utf16le')] : []
  const spellings = [bytes, ...utf16, bytes.toString('hex'), bytes.toString('base64').slice(0, -4)]
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => {
      const found = readFileSync(path)
      return path.includes(String(secret)) || spellings.some((spelling) => found.includes(spelling))
    })
}

test('the passphrase is nowhere; names, folders and contents are not in the vault', async () => {
  cli.passphrase = 'canary-the-first-passphrase'
  mkdirSync(join(cli.source, 'canary-folder'))
  writeFileSync(join(cli.source, 'canary-folder', 'canary-file'), 'canary-content '.repeat(100))
  await run('vault', 'create', 'canary-vault', '--local', cli.vault)
  await run('item', 'enable', 'canary-item', '--vault', 'canary-vault', cli.source, '--exclude', 'canary-pattern')
  await run('backup-now', 'canary-item')
  writeFileSync(join(cli.source, 'canary-second'), 'canary-content')
  await run('backup-now', 'canary-item')
  await run('point', 'show', 'canary-item', 'latest')
  await run('restore', 'files', 'canary-item', 'latest', '--to', join(cli.folder, 'out'))
  await run('vault', 'verify', 'canary-vault', '--read-data', '100')
  await run('vault', 'set-passphrase', 'canary-vault')
  cli.passphrase = 'canary-a-wrong-passphrase'
  const second = cli.secondHome()
  await second.fails(['vault', 'connect', 'other', '--local', cli.vault], 7)

  for (const passphrase of ['canary-the-first-passphrase', 'canary-the-new-passphrase', 'canary-a-wrong-passphrase']) {
    expect(filesWith(cli.folder, passphrase)).toEqual([])
    expect(printed).not.toContain(passphrase)
  }
  for (const secret of ['canary', cli.source, 'canary-content']) {
    expect(filesWith(cli.vault, secret)).toEqual([])
  }
  // The search does find what is there.
  expect(filesWith(cli.source, 'canary-content')).toHaveLength(2)
  expect(printed).toContain('canary-item')
})

test('the master key lies in a private file alone', async () => {
  await cli.setUp()
  await cli.backUp()
  const [name] = readdirSync(join(cli.home, 'secrets')).filter((file) => file.startsWith('master-key'))
  const stored = readFileSync(join(cli.home, 'secrets', name as string))
  expect(stored.length).toBeGreaterThanOrEqual(32)
  expect(filesWith(cli.folder, stored)).toEqual([join(cli.home, 'secrets', name as string)])
})
