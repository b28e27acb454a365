/** Sources that are absent, emptied, unreadable, vanishing or changing: told, never taken for good. */
import {
  appendFileSync,
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ItemDocument, PointDetails } from '../../agent-core/api/agent-api.ts'
import { CliHome } from '../support/cli-home.ts'
import { needsThat } from '../support/needs.ts'
import { snapshotTree } from '../support/tree-snapshot.ts'

let cli: CliHome

beforeEach(() => {
  cli = new CliHome()
  for (let number = 0; number < 20; number++) writeFileSync(join(cli.source, `${number}`), `${number}`)
})

afterEach(() => {
  cli[Symbol.dispose]()
})

const numbers = async (): Promise<number[]> => (await cli.points()).map(({ seq }) => seq)

test('a missing, emptied or more than half lost source makes no point; --accept goes on', async () => {
  await cli.setUp()
  await cli.backUp()
  const away = `${cli.source} away`
  renameSync(cli.source, away)
  const missing = await cli.fails(['backup-now', 'docs'], 1)
  expect(missing.code).toBe('source.missing')
  expect(missing.advice).toContain('--accept')
  mkdirSync(cli.source)
  expect((await cli.fails(['backup-now', 'docs'], 1)).code).toBe('source.emptied')
  for (let number = 0; number < 9; number++) writeFileSync(join(cli.source, `${number}`), `${number}`)
  const emptied = await cli.fails(['backup-now', 'docs'], 1)
  expect(emptied.code).toBe('source.emptied')
  expect(emptied.message).toMatch(/20 before, 9 now/)
  expect(await numbers()).toEqual([1])
  expect(await cli.backUp(0, '--accept')).toMatchObject({ point: { seq: 2 }, files: { seen: 9, deleted: 11 } })
  rmSync(cli.source, { recursive: true })
  expect(await cli.backUp(0, '--accept')).toMatchObject({ point: { seq: 3 }, files: { seen: 0 } })
  renameSync(away, cli.source)
  expect(await cli.backUp()).toMatchObject({ point: { seq: 4 }, files: { seen: 20 } })
  expect(await numbers()).toEqual([1, 2, 3, 4])
  expect(snapshotTree(await cli.restore('latest'))).toEqual(snapshotTree(cli.source))
})

test('a source that is a file now, or a link, makes no point', async () => {
  await cli.setUp()
  await cli.backUp()
  rmSync(cli.source, { recursive: true })
  writeFileSync(cli.source, 'a file')
  expect((await cli.fails(['backup-now', 'docs'], 1)).code).toBe('source.missing')
  expect(await numbers()).toEqual([1])
})

test('vault and home inside a protected folder are left out, and that is said', async () => {
  const outer = cli.folder
  await cli.json(['vault', 'create', 'v', '--local', cli.vault])
  const item = await cli.json<ItemDocument>(['item', 'enable', 'docs', '--vault', 'v', outer])
  expect(item.remarks.join('\n')).toContain(`${cli.vault} lies in ${outer} and is left out: it is the vault "v".`)
  expect(item.remarks.join('\n')).toContain(`${cli.home} lies in ${outer} and is left out: it is the home folder.`)
  await cli.backUp()
  const second = await cli.backUp()
  expect(second.bytes.stored).toBeLessThan(20_000)
  const files = await cli.files('latest')
  expect(files.filter(({ path }) => /^(home|vault)\//.test(path))).toEqual([])
  expect(files.filter(({ path }) => path.startsWith('source/'))).toHaveLength(20)
})

test('excluded files stay out, the reasons are told', async () => {
  mkdirSync(join(cli.source, 'cache'))
  writeFileSync(join(cli.source, 'cache', 'CACHEDIR.TAG'), 'Signature: 8a477f597d28d172789f06886806bc55')
  writeFileSync(join(cli.source, 'cache', 'much'), 'x')
  writeFileSync(join(cli.source, 'film.iso'), 'x')
  await cli.setUp('--exclude', '*.iso')
  await cli.backUp()
  const paths = (await cli.files('latest')).map(({ path }) => path)
  expect(paths).not.toContain('film.iso')
  expect(paths).not.toContain('cache/much')
  expect(paths).toContain('19')
  await cli.json(['item', 'change', 'docs', '--remove-exclude', '*.iso', '--no-default-excludes'])
  await cli.backUp()
  const more = (await cli.files('latest')).map(({ path }) => path)
  expect(more).toEqual(expect.arrayContaining(['film.iso', 'cache/much']))
})

test('a file that changes all the time is kept with a warning', async () => {
  const log = join(cli.source, 'log')
  writeFileSync(log, Buffer.alloc(30_000_000, 'x'))
  await cli.setUp()
  let writing: NodeJS.Timeout | undefined
  const fd = openSync(log, 'a')
  try {
    const backup = await cli.json<Awaited<ReturnType<CliHome['backUp']>>>(['backup-now', 'docs'], 3, {
      onStart: () => {
        writing = setInterval(() => writeSync(fd, 'more'), 1)
      },
    })
    expect(backup.job.state).toBe('completed with warnings')
    expect(backup.warnings).toMatchObject([{ code: 'file.changing', path: log }])
    expect(backup.point?.confirmed).toBe(true)
  } finally {
    clearInterval(writing)
    closeSync(fd)
  }
  await cli.backUp()
  expect(snapshotTree(await cli.restore('latest'))).toEqual(snapshotTree(cli.source))
})

test('files and folders that vanish meanwhile are no failure', async () => {
  for (let number = 0; number < 4000; number++) appendFileSync(join(cli.source, `many ${number}`), `${number}`)
  await cli.setUp()
  let wasStarted = false
  const result = await cli.run(['backup-now', 'docs', '--output', 'json'], {
    onStart: (child) => {
      child.stderr?.once('data', () => {
        wasStarted = true
        for (const name of readdirSync(cli.source)) if (name.startsWith('many 3')) rmSync(join(cli.source, name))
      })
    },
  })
  expect(wasStarted).toBe(true)
  expect([0, 3]).toContain(result.status)
  const { warnings } = JSON.parse(result.stdout) as Awaited<ReturnType<CliHome['backUp']>>
  expect(new Set(warnings.map(({ code }) => code))).toEqual(new Set(result.status === 3 ? ['file.vanished'] : []))
  await cli.backUp()
  expect(snapshotTree(await cli.restore('latest'))).toEqual(snapshotTree(cli.source))
})

const asRoot = process.getuid?.() === 0

describe(
  'unreadable files',
  needsThat(!asRoot, 'root may read every file; the system tier runs this as another user'),
  () => {
    test('are named with code, words and advice, and the point says it is partial', async () => {
      mkdirSync(join(cli.source, 'closed'))
      chmodSync(join(cli.source, '3'), 0o000)
      chmodSync(join(cli.source, 'closed'), 0o000)
      try {
        await cli.setUp()
        const { warnings, files } = await cli.backUp(3)
        expect(warnings.map(({ code, path }) => ({ code, path }))).toEqual(
          expect.arrayContaining([
            { code: 'file.unreadable', path: join(cli.source, '3') },
            { code: 'file.unreadable', path: join(cli.source, 'closed') },
          ]),
        )
        expect(files.failed).toBe(2)
        const shown = await cli.json<PointDetails>(['point', 'show', 'docs', 'latest'])
        expect(shown.partial).toBe(true)
        expect(shown.missing).toHaveLength(2)
      } finally {
        chmodSync(join(cli.source, 'closed'), 0o700)
      }
      chmodSync(join(cli.source, '3'), 0o600)
      expect((await cli.backUp()).warnings).toEqual([])
      expect(existsSync(join(await cli.restore('latest'), '3'))).toBe(true)
    })
  },
)
