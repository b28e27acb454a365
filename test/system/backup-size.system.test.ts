/** Many small files and large images: memory, time and bytes stored, each printed as it was measured. */
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { closeSync, mkdirSync, openSync, readFileSync, utimesSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { BackupDocument } from '../../agent-core/api/agent-api.ts'
import { CliHome } from '../support/cli-home.ts'

const MiB = 1024 * 1024

let cli: CliHome

beforeEach(() => {
  cli = new CliHome('/var/tmp')
})

afterEach(() => {
  execFileSync('rm', ['-rf', cli.folder])
})

interface Measured {
  readonly backup: BackupDocument
  readonly tookMs: number
  readonly peakMiB: number
}

/** Backs up and reads the process's peak memory as the system counts it, threads included. */
async function measure(): Promise<Measured> {
  let peakKb = 0
  let watch: NodeJS.Timeout | undefined
  const started = performance.now()
  const backup = await cli.json<BackupDocument>(['backup-now', 'docs', '--scheduled'], 0, {
    onStart: ({ pid }) => {
      watch = setInterval(() => {
        peakKb = Math.max(peakKb, peakOf(pid as number))
      }, 10)
    },
  })
  clearInterval(watch)
  return { backup, tookMs: performance.now() - started, peakMiB: peakKb / 1024 }
}

function peakOf(pid: number): number {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0)
  } catch (error) {
    // It has ended meanwhile.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' || (error as NodeJS.ErrnoException).code === 'ESRCH') {
      return 0
    }
    throw error
  }
}

function writeSmallFiles(folder: string, from: number, until: number): void {
  mkdirSync(folder, { recursive: true })
  for (let number = from; number < until; number++) {
    const path = join(folder, `file ${number}`)
    writeFileSync(path, `${number} `.repeat(100 + (number % 300)))
    utimesSync(path, 1_600_000_000, 1_600_000_000)
  }
}

function say(what: string, { backup, tookMs, peakMiB }: Measured): void {
  const { bytes, transferred } = backup
  console.log(
    `${what}: ${(tookMs / 1000).toFixed(2)} s, peak ${peakMiB.toFixed(0)} MiB, stored ${bytes.stored}, transferred ${transferred}`,
  )
}

test('10,000 and 100,000 small files: memory, growth, one changed', { timeout: 400_000 }, async () => {
  writeSmallFiles(join(cli.source, 'flat'), 0, 10_000)
  await cli.setUp()
  await cli.letTimesSettle()
  const small = await measure()
  say('10,000 files, first backup', small)
  writeSmallFiles(join(cli.source, 'flat'), 10_000, 110_000)
  await cli.letTimesSettle()
  const large = await measure()
  say('100,000 files more in one folder', large)
  expect(large.backup.files.read).toBe(100_000)
  expect(large.peakMiB).toBeLessThan(300)
  expect(large.tookMs).toBeLessThan(small.tookMs * 25)
  const same = await measure()
  say('110,000 files, nothing changed', same)
  expect(same.backup.files.read).toBe(0)
  expect(same.peakMiB).toBeLessThan(300)
  writeFileSync(join(cli.source, 'flat', 'file 54321'), 'changed')
  const one = await measure()
  say('110,000 files in one folder, one changed', one)
  expect(one.backup.files).toMatchObject({ read: 1, changed: 1 })
  expect(one.backup.bytes.stored).toBeLessThan(60_000)
  expect(one.backup.transferred).toBeLessThan(60_000)
})

test('64 KiB overwritten inside a disk image', { timeout: 400_000 }, async () => {
  const sizeMiB = Number(process.env['THARSIS_TEST_IMAGE_MIB'] ?? 256)
  const image = join(cli.source, 'disk.img')
  const fd = openSync(image, 'w')
  for (let number = 0; number < sizeMiB; number++) writeSync(fd, randomBytes(MiB))
  await cli.setUp()
  say(`image of ${sizeMiB} MiB, first backup`, await measure())
  writeSync(fd, randomBytes(64 * 1024), 0, 64 * 1024, (sizeMiB / 2) * MiB + 12_345)
  closeSync(fd)
  const changed = await measure()
  say('64 KiB of it overwritten', changed)
  expect(changed.backup.bytes.stored).toBeLessThan(300_000)
  expect(changed.backup.transferred).toBeLessThan(300_000)
  const target = await cli.restore('latest')
  execFileSync('cmp', [image, join(target, 'disk.img')])
})
