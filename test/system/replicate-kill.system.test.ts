/**
 * `kill -9` at random moments of vault replicate, while points come, expire and are cleaned away day after day: what the replica
 * holds is whole at any time, and the next run makes it what the vault is.
 */
import { randomBytes, randomInt } from 'node:crypto'
import { cpSync, globSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { PruneDocument, ReplicationDocument, VerifyDocument } from '../../agent-core/api/agent-api.ts'
import { CliHome } from '../support/cli-home.ts'
import { needs } from '../support/needs.ts'
import { seededRandom } from '../support/seeded-random.ts'
import { snapshotTree } from '../support/tree-snapshot.ts'

const kills = Number(process.env['THARSIS_TEST_KILLS'] ?? 20)

let cli: CliHome
let replica: string

beforeEach(() => {
  cli = new CliHome('/var/tmp')
  replica = join(cli.folder, 'replica')
})

afterEach(() => {
  cli[Symbol.dispose]()
})

/** The clock is so many days ahead; by the library itself, as a signal to the `faketime` program would end that alone. */
function onDay(day: number): { readonly env: Readonly<Record<string, string>> } {
  const [library] = globSync('/usr/lib/*/faketime/libfaketimeMT.so.1')
  if (library === undefined) throw new Error('libfaketime is not where Debian puts it')
  return { env: { LD_PRELOAD: library, FAKETIME: `+${day}d`, DONT_FAKE_MONOTONIC: '1' } }
}

/** Contents by name, without what says what somebody does in that very place, and claims of names, which a replica has none of. */
function objectsIn(folder: string): Map<string, string> {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8', withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !path.includes('/intents/') && !path.startsWith(join(folder, 'machines')))
  return new Map(files.toSorted().map((path) => [path.slice(folder.length), readFileSync(path, 'base64')]))
}

/** The replica as it lies there, opened by another home as the vault it is a copy of. */
async function verifyReplica(): Promise<void> {
  const copy = join(cli.folder, 'copy')
  cpSync(replica, copy, { recursive: true })
  const other = cli.secondHome('other')
  await other.json(['vault', 'connect', 'r', '--local', copy])
  const { damaged } = await other.json<VerifyDocument>(['vault', 'verify', 'r', '--read-data', '100'])
  expect(damaged).toEqual([])
  rmSync(copy, { recursive: true })
  rmSync(other.home, { recursive: true })
}

describe('vault replicate', needs('faketime'), () => {
  test(`${kills} kills`, { timeout: 1_200_000 }, async () => {
    const seed = Number(process.env['THARSIS_TEST_SEED'] ?? randomInt(2 ** 31))
    console.log(`seed ${seed} (THARSIS_TEST_SEED)`)
    const random = seededRandom(seed)
    mkdirSync(join(cli.source, 'sub'))
    await cli.json(['policy', 'create', 'week', '--keep-daily', '7', '--keep-at-least', '1', '--no-schedule'])
    await cli.setUp('--policy', 'week')
    await cli.json(['vault', 'set', 'v', '--replica-local', replica, '--replica-grace', '0'])
    let longest = 3000
    let removed = 0
    let killed = 0
    for (let day = 0; killed < kills; day += 3) {
      expect(day).toBeLessThan(kills * 9)
      writeFileSync(join(cli.source, 'large'), randomBytes(500_000 + Math.floor(random() * 2_000_000)))
      for (let number = 0; number < 20; number++) {
        writeFileSync(join(cli.source, 'sub', `${Math.floor(random() * 100)}`), randomBytes(2000))
      }
      await cli.json(['backup-now', 'docs', '--scheduled'], 0, onDay(day))
      await cli.json<PruneDocument>(['vault', 'prune', 'v', '--grace', '0', '--yes'], 0, onDay(day))
      let timer: NodeJS.Timeout | undefined
      const delayMs = random() * longest
      const result = await cli.run(['vault', 'replicate', 'v'], {
        ...onDay(day),
        onStart: (child) => {
          timer = setTimeout(() => child.kill('SIGKILL'), delayMs)
        },
      })
      clearTimeout(timer)
      if (result.signal === 'SIGKILL') killed++
      else expect(result.status, result.stderr).toBe(0)
      if (day > 0 && result.signal === 'SIGKILL' && killed % 5 === 0) await verifyReplica()
      const began = performance.now()
      const next = await cli.json<ReplicationDocument>(['vault', 'replicate', 'v'], 0, onDay(day))
      longest = performance.now() - began
      removed += next.removed.chunkFiles
      expect([next.lost, next.heldBack, next.damaged, next.refusal], `after ${killed} kills`).toEqual([
        0,
        0,
        [],
        undefined,
      ])
      expect(objectsIn(replica), `after ${killed} kills`).toEqual(objectsIn(cli.vault))
    }
    expect(removed).toBeGreaterThan(0)
    const state = snapshotTree(cli.source)
    rmSync(cli.vault, { recursive: true })
    rmSync(join(cli.home, 'cache'), { recursive: true })
    expect(snapshotTree(await cli.restore('latest'))).toEqual(state)
  })
})
