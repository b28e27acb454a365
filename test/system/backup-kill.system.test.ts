/**
 * `kill -9` at random moments of backup-now over a tree that changes: the next run succeeds, earlier points restore,
 * nothing is left behind.
 */
import { randomBytes, randomInt } from 'node:crypto'
import { mkdirSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { CacheDocument, VerifyDocument } from '../../agent-core/api/agent-api.ts'
import { CliHome } from '../support/cli-home.ts'
import { seededRandom } from '../support/seeded-random.ts'
import { snapshotTree, type TreeSnapshot } from '../support/tree-snapshot.ts'

const kills = Number(process.env['THARSIS_TEST_KILLS'] ?? 50)

let cli: CliHome

beforeEach(() => {
  cli = new CliHome('/var/tmp')
})

afterEach(() => {
  cli[Symbol.dispose]()
})

function writeOld(name: string, content: string | Buffer): void {
  const path = join(cli.source, name)
  writeFileSync(path, content)
  utimesSync(path, 1_600_000_000, 1_600_000_000)
}

/** Names of what no finished run may leave: open chunk files, temporary names. */
function leftovers(): string[] {
  const names = [cli.vault, join(cli.home, 'cache')].flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' }),
  )
  return names.filter((name) => /(^|\/)\.(open|tmp)-/.test(name))
}

test(`${kills} kills`, { timeout: 600_000 }, async () => {
  const seed = Number(process.env['THARSIS_TEST_SEED'] ?? randomInt(2 ** 31))
  console.log(`seed ${seed} (THARSIS_TEST_SEED)`)
  const random = seededRandom(seed)
  mkdirSync(join(cli.source, 'sub'))
  for (let number = 0; number < 300; number++) writeOld(join('sub', `${number}`), `${number} `.repeat(200))
  await cli.setUp()
  const started = performance.now()
  await cli.backUp(0, '--scheduled')
  let longest = performance.now() - started
  const states: TreeSnapshot[] = [snapshotTree(cli.source)]
  let killed = 0
  for (let attempt = 0; killed < kills; attempt++) {
    expect(attempt).toBeLessThan(kills * 3)
    for (let change = 0; change < 5; change++) {
      writeOld(join('sub', `${Math.floor(random() * 300)}`), randomBytes(Math.floor(random() * 20_000)))
    }
    writeOld('large', randomBytes(1_000_000 + Math.floor(random() * 3_000_000)))
    const delayMs = random() * longest
    let timer: NodeJS.Timeout | undefined
    const result = await cli.run(['backup-now', 'docs', '--scheduled'], {
      onStart: (child) => {
        timer = setTimeout(() => child.kill('SIGKILL'), delayMs)
      },
    })
    clearTimeout(timer)
    if (result.signal === 'SIGKILL') killed++
    else expect(result.status, result.stderr).toBe(0)
    const began = performance.now()
    const next = await cli.backUp(0, '--scheduled')
    longest = Math.max(longest * 0.9, performance.now() - began)
    expect(next.point?.confirmed, `after ${killed} kills`).toBe(true)
    expect(leftovers(), `after ${killed} kills`).toEqual([])
    expect((await cli.json<CacheDocument>(['cache', 'show'])).waiting.files, `after ${killed} kills`).toBe(0)
    states[(next.point?.seq ?? 0) - 1] = snapshotTree(cli.source)
    if (killed % 10 !== 0) continue
    const verified = await cli.json<VerifyDocument>(['vault', 'verify', 'v', '--read-data', '100'])
    expect(verified.damaged).toEqual([])
    expect(verified.remarks).toEqual([])
  }
  const points = await cli.points()
  expect(points.length).toBeGreaterThan(kills)
  expect(points.map(({ seq }) => seq)).toEqual(points.map((_, index) => index + 1))
  const stateOf = new Map(points.map(({ id, seq }) => [id, states[seq - 1]]))
  let restored = 0
  for (const [id, state] of stateOf) {
    // The point of a killed run that was captured has no state that was noted.
    if (state === undefined || restored++ % 5 !== 0) continue
    const target = await cli.restore(id)
    expect(snapshotTree(target)).toEqual(state)
    rmSync(target, { recursive: true })
  }
  expect(restored).toBeGreaterThan(kills)
})
