/**
 * The main verbs in a process of their own and through a running agent: the same exit status and the same words, for what
 * goes well and for what is refused. One description, run both ways, and what was told compared line by line.
 */
import { readdirSync, renameSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CliHome, type RunOptions } from '../support/cli-home.ts'
import { type Told, toldWords } from '../support/told-words.ts'

const ways = ['in its own process', 'through an agent'] as const
type Way = (typeof ways)[number]

/** What was told, by chapter, each way. */
const told: Record<Way, Map<string, Told[]>> = { 'in its own process': new Map(), 'through an agent': new Map() }

/** Asks a verb that must end with `status`. */
type Ask = (status: number, parameters: readonly string[], options?: RunOptions) => Promise<void>

/** Asks a verb for people and for programs: for what changes nothing. */
async function look(ask: Ask, ...parameters: readonly string[]): Promise<void> {
  await ask(0, parameters)
  await ask(0, [...parameters, '--output', 'json'])
}

const pin = { env: { THARSIS_PIN: '4711', THARSIS_NEW_PIN: '4711' } }
const wrongPin = { env: { THARSIS_PIN: '0815' } }

const chapters: Readonly<Record<string, (ask: Ask, cli: CliHome) => Promise<void>>> = {
  'vault, policy and item': async (ask, cli) => {
    await ask(0, ['vault', 'create', 'v', '--local', cli.vault])
    await ask(2, ['vault', 'create', 'v', '--local', `${cli.vault}-2`])
    await ask(0, ['policy', 'create', 'office', '--daily', '02:00', '--time-zone', 'UTC', '--keep-weekly', '8'])
    await ask(0, ['item', 'enable', 'docs', '--vault', 'v', '--policy', 'office', cli.source])
    await ask(2, ['item', 'enable', 'docs', '--vault', 'v', cli.source])
    await ask(4, ['item', 'enable', 'more', '--vault', 'nowhere', cli.source])
    await ask(2, ['item', 'enable', 'more', '--vault', 'v', join(cli.source, 'not there')])
    await ask(0, ['item', 'change', 'docs', '--exclude', '*.tmp'])
    await ask(2, ['item', 'change', 'docs', '--exclude', '[z-a'])
  },
  backups: async (ask, cli) => {
    await ask(0, ['backup-now', 'docs'])
    writeFileSync(join(cli.source, 'second'), 'written later')
    await ask(0, ['backup-now', 'docs', '--retain-days', '3'])
    await ask(4, ['backup-now', 'nobody'])
    await ask(2, ['backup-now', 'docs', '--retain-days', '0'])
    renameSync(cli.source, `${cli.source}-away`)
    await ask(1, ['backup-now', 'docs'])
    renameSync(`${cli.source}-away`, cli.source)
  },
  'what is there': async (ask) => {
    await look(ask, 'vault', 'list')
    await look(ask, 'vault', 'machines', 'v')
    await look(ask, 'item', 'list')
    await look(ask, 'item', 'show', 'docs')
    await look(ask, 'point', 'list', 'docs')
    await look(ask, 'point', 'show', 'docs', 'latest')
    await look(ask, 'point', 'files', 'docs', 'latest')
    await ask(4, ['point', 'files', 'docs', 'latest', 'no such folder'])
    await ask(4, ['point', 'show', 'docs', 'ffffffff'])
    await look(ask, 'job', 'list')
  },
  restores: async (ask, cli) => {
    const target = join(cli.folder, 'restored')
    await ask(0, ['restore', 'files', 'docs', 'latest', '--to', target, '--plan'])
    await ask(0, ['restore', 'files', 'docs', 'latest', '--to', target])
    writeFileSync(join(target, 'first'), 'changed since')
    await ask(0, ['restore', 'files', 'docs', 'latest', '--to', target, '--conflict', 'skip'])
    await ask(0, ['restore', 'files', 'docs', 'latest', 'first', '--to', target, '--conflict', 'overwrite', '--yes'])
    await ask(4, ['restore', 'files', 'docs', 'latest', 'missing', '--to', target])
    await ask(4, ['restore', 'files', 'docs', '1999-01-01', '--to', target])
  },
  policies: async (ask) => {
    await ask(0, ['policy', 'set', 'office', '--keep-weekly', '4'])
    await ask(0, ['policy', 'set', 'office', '--keep-weekly', '12'])
    await ask(2, ['policy', 'set', 'office', '--keep-weekly', '2'])
    await ask(4, ['policy', 'set', 'nothing', '--keep-weekly', '5'])
    await look(ask, 'policy', 'list')
    await ask(0, ['policy', 'simulate', 'office', '--item', 'docs'])
  },
  'hold, delete and undelete': async (ask, cli) => {
    const [first] = (await cli.points()).map(({ id }) => id)
    if (first === undefined) throw new Error('no point')
    await ask(0, ['point', 'hold', 'docs', first, '--reason', 'for the tax office'])
    await ask(5, ['point', 'delete', 'docs', first, '--yes'])
    await ask(2, ['point', 'release', 'docs', first])
    await ask(0, ['point', 'release', 'docs', first, '--yes'])
    await ask(2, ['point', 'delete', 'docs', first])
    await ask(0, ['point', 'delete', 'docs', first, '--yes'])
    await look(ask, 'point', 'list', 'docs')
    await ask(0, ['point', 'undelete', 'docs', first])
    await ask(2, ['point', 'undelete', 'docs', first])
  },
  'the PIN': async (ask) => {
    await ask(0, ['pin', 'set'], pin)
    await ask(5, ['point', 'delete', 'docs', 'latest'])
    await ask(5, ['point', 'delete', 'docs', 'latest'], wrongPin)
    await ask(5, ['policy', 'set', 'office', '--keep-weekly', '4'])
    await ask(5, ['vault', 'prune', 'v', '--grace', '0', '--yes'])
    await ask(0, ['policy', 'set', 'office', '--keep-weekly', '4'], pin)
    await ask(0, ['pin', 'remove'], pin)
  },
  'clean-ups and verifications': async (ask, cli) => {
    await ask(0, ['vault', 'prune', 'v', '--plan'])
    await ask(0, ['vault', 'prune', 'v'])
    await ask(4, ['vault', 'prune', 'nothing'])
    await ask(0, ['vault', 'verify', 'v', '--read-data', '100'])
    await ask(2, ['vault', 'verify', 'v', '--read-data', '101'])
    shortenChunkFile(cli.vault)
    await ask(8, ['vault', 'verify', 'v', '--read-data', '100'])
    await ask(3, ['vault', 'verify', 'v', '--read-data', '100', '--heal'])
  },
  'a vault that is away, and one that is locked': async (ask, cli) => {
    renameSync(cli.vault, `${cli.vault}-away`)
    await ask(6, ['vault', 'verify', 'v'])
    await ask(6, ['vault', 'prune', 'v'])
    await look(ask, 'vault', 'list')
    await look(ask, 'item', 'list')
    renameSync(`${cli.vault}-away`, cli.vault)
    rmSync(join(cli.home, 'secrets'), { recursive: true, force: true })
    const wrong = { env: { THARSIS_PASSPHRASE: 'quite another passphrase' } }
    await ask(7, ['vault', 'verify', 'v', '--level', 'listing'], wrong)
    await ask(0, ['vault', 'verify', 'v', '--level', 'listing'])
  },
  'another machine of the vault': async (ask, cli) => {
    const second = cli.secondHome()
    second.passphrase = 'the passphrase of the second'
    await second.json(['vault', 'join', 'v', '--local', cli.vault, '--machine-name', 'desk'])
    await second.json(['item', 'enable', 'docs', '--vault', 'v', cli.source])
    await second.backUp()
    const ofSecond = { env: { THARSIS_PASSPHRASE: second.passphrase } }
    await look(ask, 'vault', 'machines', 'v')
    await ask(0, ['vault', 'machines', 'v', '--unlock'], ofSecond)
    await ask(0, ['vault', 'verify', 'v', '--keyspace', 'desk'], ofSecond)
    await ask(7, ['vault', 'verify', 'v', '--keyspace', 'desk'], {
      env: { THARSIS_PASSPHRASE: 'not this one, surely' },
    })
    await ask(4, ['vault', 'remove-machine', 'v', 'nobody', '--yes'], ofSecond)
    await ask(4, ['vault', 'remove-machine', 'v', 'desk', '--yes'])
    await ask(0, ['vault', 'remove-machine', 'v', 'desk', '--yes', '--reason', 'sold'], ofSecond)
    await ask(0, ['vault', 'machines', 'v', '--unlock'], ofSecond)
    await ask(0, ['vault', 'undelete-machine', 'v', 'desk'], ofSecond)
    await ask(0, ['vault', 'prune', 'v', '--keyspace', 'desk', '--plan'], ofSecond)
  },
  'the end of protection': async (ask) => {
    await ask(0, ['item', 'stop', 'docs', '--retain-data'])
    await ask(5, ['backup-now', 'docs'])
    await ask(0, ['item', 'resume', 'docs'])
    await ask(2, ['item', 'stop', 'docs', '--delete-data'])
    await ask(0, ['item', 'stop', 'docs', '--delete-data', '--yes'])
    await ask(0, ['item', 'undelete', 'docs'])
    // What was asked for a passphrase or a PIN first is one job, and none where it was not given.
    await look(ask, 'job', 'list')
  },
}

describe.each(ways)('the main verbs %s', (way) => {
  let cli: CliHome

  beforeAll(async () => {
    cli = new CliHome()
    writeFileSync(join(cli.source, 'first'), 'content '.repeat(1000))
    writeFileSync(join(cli.source, 'left out.tmp'), 'not worth keeping')
    if (way === 'through an agent') await cli.startAgent()
  })

  afterAll(() => {
    cli[Symbol.dispose]()
  })

  test.for(Object.entries(chapters))('%s', { timeout: 180_000 }, async ([name, chapter]) => {
    const words: Told[] = []
    await chapter(async (status, parameters, options) => {
      const result = await cli.run(parameters, options)
      words.push(toldWords(parameters, result, cli.folder))
      expect.soft(result, parameters.join(' ')).toMatchObject({ status })
    }, cli)
    told[way].set(name, words)
  })
})

test.for(Object.keys(chapters))('both ways tell the same: %s', (name) => {
  const [own, agent] = ways.map((way) => told[way].get(name))
  expect(agent).toEqual(own)
  expect(own?.length).toBeGreaterThan(4)
})

/** Cuts off the largest chunk file: that with the content of the files. */
function shortenChunkFile(vault: string): void {
  const files = readdirSync(vault, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.tcf'))
    .map((name) => ({ path: join(vault, name), sizeBytes: statSync(join(vault, name)).size }))
  const [largest] = files.toSorted((a, b) => b.sizeBytes - a.sizeBytes)
  truncateSync(largest?.path ?? '', 300)
}
