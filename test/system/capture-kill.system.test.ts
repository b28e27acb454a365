/**
 * `kill -9` at random moments of a first backup: the next run takes over every file that was finished, reads the others
 * only, and its point restores.
 */
import { randomBytes, randomInt } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { VerifyDocument } from '../../agent-core/api/agent-api.ts'
import { CliHome } from '../support/cli-home.ts'
import { seededRandom } from '../support/seeded-random.ts'
import { snapshotTree } from '../support/tree-snapshot.ts'

const kills = 20
const bigBytes = 110_000_000
const fileBytes = 8_000_000
const fileCount = 20
const smallCount = 300
const totalBytes = bigBytes + fileCount * fileBytes

let source: string

function writeOld(name: string, content: string | Buffer): void {
  const path = join(source, name)
  writeFileSync(path, content)
  utimesSync(path, 1_600_000_000, 1_600_000_000)
}

beforeEach(() => {
  source = mkdtempSync('/var/tmp/tharsis-first-')
  // More parts than an entry holds: they stand in a list of pages.
  writeOld('a-big', randomBytes(bigBytes))
  mkdirSync(join(source, 'b-small'))
  for (let number = 0; number < smallCount; number++) writeOld(join('b-small', `${number}`), `${number} `.repeat(200))
  for (let number = 0; number < fileCount; number++) writeOld(`c-${number}`, randomBytes(fileBytes))
})

afterEach(() => rmSync(source, { recursive: true }))

/** Bytes of complete chunk files in the cache and in the vault, each once. */
function completeBytes(cli: CliHome): number {
  const sizes = new Map<string, number>()
  // A run killed early enough has not made its cache yet.
  for (const folder of [join(cli.home, 'cache'), cli.vault].filter((folder) => existsSync(folder))) {
    for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
      if (name.endsWith('.tcf')) sizes.set(name.slice(-68), statSync(join(folder, name)).size)
    }
  }
  return [...sizes.values()].reduce((sum, size) => sum + size, 0)
}

test(`${kills} kills of a first backup`, { timeout: 900_000 }, async () => {
  const seed = Number(process.env['THARSIS_TEST_SEED'] ?? randomInt(2 ** 31))
  console.log(`seed ${seed} (THARSIS_TEST_SEED)`)
  const random = seededRandom(seed)
  const state = snapshotTree(source)
  let longestMs = 3000
  let killed = 0
  let takenOver = 0
  while (killed < kills) {
    using cli = new CliHome('/var/tmp')
    await cli.json(['vault', 'create', 'v', '--local', cli.vault])
    await cli.json(['item', 'enable', 'docs', '--vault', 'v', source])
    // In turn at any moment, and once so much is complete that files are finished, however slow the machine is.
    const delayMs = 300 + random() * longestMs
    const isByTime = killed % 2 === 0
    const killAtBytes = Math.round(totalBytes * (0.5 + 0.4 * random()))
    let timer: NodeJS.Timeout | undefined
    const result = await cli.run(['backup-now', 'docs'], {
      onStart: (child) => {
        const startMs = performance.now()
        timer = setInterval(() => {
          const isDue = isByTime ? performance.now() - startMs >= delayMs : completeBytes(cli) >= killAtBytes
          if (isDue) child.kill('SIGKILL')
        }, 10)
      },
    })
    clearInterval(timer)
    if (result.signal !== 'SIGKILL') {
      if (isByTime) longestMs *= 0.8
      continue
    }
    killed++
    const done = completeBytes(cli)
    const note = `kill ${killed} after ${isByTime ? `${Math.round(delayMs)} ms` : `${killAtBytes} bytes`}, ${done} bytes complete`
    const next = await cli.backUp(0, '--scheduled')
    expect(next.point?.confirmed, note).toBe(true)
    // What a file has in an open chunk file is lost, and so the whole file is read again: some for each thread, and the large
    // one too while the chunk file that has its end may be open, as it is until 64 MiB of it and others are written.
    const slackBytes = 6 * fileBytes + (done < totalBytes - 32_000_000 ? bigBytes : 0)
    expect(next.bytes.read, note).toBeLessThanOrEqual(totalBytes - done + slackBytes)
    if (next.files.read < fileCount + 1 + smallCount) takenOver++
    expect(readdirSync(join(cli.home, 'cache')).filter((name) => name.includes('.capture-'))).toEqual([])
    const verified = await cli.json<VerifyDocument>(['vault', 'verify', 'v', '--read-data', '100'])
    expect(verified.damaged, note).toEqual([])
    if (killed % 5 === 0) expect(snapshotTree(await cli.restore('latest')), note).toEqual(state)
  }
  expect(takenOver).toBeGreaterThan(kills / 4)
})
