/**
 * `npm run bench:s3-memory -- [GB …]` (Linux): peak memory of first backups of more and more data, in files of 8 MiB of which
 * half can be compressed, into a bucket of the strict server on loopback and into a local folder. Each backup is a process of
 * its own, which is asked, until it ends, for its peak and for how much of that is its own (heaps and stacks) and how much is files that
 * it maps. With `--restore` each point is restored, too, from the vault alone; with
 * `--latency=MS` the server answers each request so much later.
 */
import { type ChildProcess, fork, spawn, spawnSync } from 'node:child_process'
import { randomFillSync } from 'node:crypto'
import { appendFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { StubReport } from '../support/s3-stub/stub-process.ts'
import { TestFolder, testPassphrase } from '../support/test-home.ts'

const fileSizeBytes = 8 * 1024 * 1024
const gigabyte = 1_000_000_000
const pollMs = 20

const parameters = process.argv.slice(2)
const restores = parameters.includes('--restore')
const latency = parameters.find((one) => one.startsWith('--latency='))?.slice('--latency='.length) ?? '0'
const sizes = parameters.filter((one) => !one.startsWith('-')).map(Number)
if (sizes.length === 0) sizes.push(0.5, 1, 2, 4)

const program = join(import.meta.dirname, '..', '..', 'dist', 'agent-core', 'tharsis.mjs')
using made = new TestFolder('s3-memory-')
const environment = {
  ...process.env,
  THARSIS_PASSPHRASE: testPassphrase,
  AWS_ACCESS_KEY_ID: 'TESTACCESSKEY',
  AWS_SECRET_ACCESS_KEY: 'test/secret+key',
}

console.log('| data | vault | what | seconds | peak MiB | own MiB | of files MiB |')
console.log('|---|---|---|---|---|---|---|')
const source = made.at('source')
mkdirSync(source)
let files = 0
for (const size of sizes.toSorted((a, b) => a - b)) {
  for (; files * fileSizeBytes < size * gigabyte; files++) writeHalfRandom(join(source, `file-${files}`))
  await measure(size, 'local', ['--local', made.at('vault')])
  const bucket = made.at('bucket')
  mkdirSync(bucket)
  const server = fork(join(import.meta.dirname, '..', 'support', 's3-stub', 'stub-process.ts'), [bucket, latency])
  const { endpoint } = await new Promise<StubReport>((resolve) => {
    server.once('message', (report) => resolve(report as StubReport))
  })
  await measure(size, 'S3', ['--s3', 's3://vaults/bench', '--endpoint', endpoint, '--path-style'])
  await ended(server)
}

function writeHalfRandom(path: string): void {
  const half = randomFillSync(Buffer.allocUnsafe(fileSizeBytes / 2))
  writeFileSync(path, half)
  appendFileSync(path, Buffer.alloc(fileSizeBytes / 2, half.subarray(0, 64)))
}

/** A home and a vault of their own, which are gone afterwards. */
async function measure(size: number, vault: string, place: readonly string[]): Promise<void> {
  const home = made.at('home')
  const run = (...words: string[]) => [program, '--home', home, ...words]
  for (const words of [
    ['vault', 'create', 'v', ...place],
    ['item', 'enable', 'data', '--vault', 'v', '--no-default-excludes', source],
  ]) {
    const { status, stderr } = spawnSync(process.execPath, run(...words), { env: environment })
    if (status !== 0) throw new Error(`tharsis ${words.join(' ')} ended with ${status}: ${stderr.toString()}`)
  }
  const told = async (what: string, words: readonly string[]) => {
    const { seconds, peak, own, mapped } = await watched(words)
    console.log(`| ${size} GB | ${vault} | ${what} | ${seconds.toFixed(1)} | ${peak} | ${own} | ${mapped} |`)
  }
  await told('backup', run('backup-now', 'data', '--quiet'))
  if (restores) {
    // As on another machine: nothing of it is in the cache.
    rmSync(join(home, 'cache', 'chunks'), { recursive: true })
    await told('restore', run('restore', 'files', 'data', 'latest', '--to', made.at('target'), '--quiet'))
    rmSync(made.at('target'), { recursive: true })
  }
  for (const folder of [home, made.at('vault'), made.at('bucket')]) rmSync(folder, { recursive: true, force: true })
}

/** Runs a process to its end: its peaks in MiB. */
async function watched(words: readonly string[]) {
  const startMs = performance.now()
  const child = spawn(process.execPath, words, { env: environment, stdio: ['ignore', 'ignore', 'inherit'] })
  const exit = new Promise<number | null>((resolve) => child.once('exit', resolve))
  const most = { peak: 0, own: 0, mapped: 0 }
  while (child.exitCode === null && child.signalCode === null) {
    const status = readStatus(child)
    most.peak = Math.max(most.peak, status('VmHWM'))
    most.own = Math.max(most.own, status('RssAnon'))
    most.mapped = Math.max(most.mapped, status('RssFile'))
    await delay(pollMs)
  }
  const exitStatus = await exit
  if (exitStatus !== 0) throw new Error(`tharsis ${words.join(' ')} ended with ${exitStatus}`)
  return { ...most, seconds: (performance.now() - startMs) / 1000 }
}

/** A line of the kernel's status of a process in MiB; 0 once it has ended. */
function readStatus({ pid }: ChildProcess): (line: string) => number {
  let text = ''
  try {
    text = readFileSync(`/proc/${pid}/status`, 'utf8')
  } catch {
    // It ended just now: its peaks were seen before.
  }
  return (line) => Math.round(Number(new RegExp(`^${line}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0) / 1024)
}

async function ended(server: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => server.once('exit', resolve))
  server.kill('SIGKILL')
  await gone
}
