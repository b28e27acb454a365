/**
 * `npm run bench:s3 -- [FOLDER] [ROUNDS]`: a first backup into a bucket of the strict server on loopback, beside one into a
 * local folder, in turn; and the requests of each kind. The server runs in a process of its own: its processor time is
 * subtracted from the wall time. Without FOLDER, 256 MiB of half-compressible data in files of 1 MiB are made.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { PlaceRequest } from '../../agent-core/api/agent-api.ts'
import { backupNow } from '../../agent-core/api/backup-verbs.ts'
import { enableItem } from '../../agent-core/api/item-verbs.ts'
import { createNewVault } from '../../agent-core/api/vault-verbs.ts'
import type { StubReport } from '../support/s3-stub/stub-process.ts'
import { plainSettings, TestFolder, TestHome, testPassphrase } from '../support/test-home.ts'

const [given = '', rounds = '3'] = process.argv.slice(2)
const madeFiles = 256
/** First backup into a bucket, against the local one (quality.md). */
const mostRatio = 1.3

using made = new TestFolder('s3-bench-')
const source = given === '' ? makeSource(made.at('source')) : given
const local: number[] = []
const remote: number[] = []
let requests: StubReport['requests'] = {}
let sentBytes = 0
let peakBytes = 0
for (let round = 0; round < Number(rounds); round++) {
  local.push(await measure(made.at(`vault-${round}`)))
  const folder = made.at(`bucket-${round}`)
  mkdirSync(folder)
  const server = fork(join(import.meta.dirname, '..', 'support', 's3-stub', 'stub-process.ts'), [folder])
  const { endpoint } = await nextReport(server)
  const before = await ask(server)
  const wallMs = await measure({
    url: 's3://vaults/bench',
    endpoint,
    pathStyle: true,
    credentials: { keys: { accessKeyId: 'TESTACCESSKEY', secretAccessKey: 'test/secret+key' } },
  })
  const after = await ask(server)
  remote.push(wallMs - (after.cpuMs - before.cpuMs))
  requests = after.requests
  sentBytes = after.receivedBytes
  peakBytes = Math.max(peakBytes, process.resourceUsage().maxRSS * 1024)
  const ended = new Promise((resolve) => server.once('exit', resolve))
  server.kill('SIGKILL')
  await ended
}
const ratio = median(remote) / median(local)
console.log(
  `first backup, median of ${rounds}: local ${seconds(median(local))}, S3 without its server ${seconds(median(remote))}`,
)
console.log(`ratio ${ratio.toFixed(2)} (at most ${mostRatio}): ${ratio <= mostRatio ? 'met' : 'not met'}`)
console.log(
  `requests, with vault create: ${Object.entries(requests)
    .map(([kind, count]) => `${kind} ${count}`)
    .join(', ')}`,
)
console.log(
  `bodies sent: ${(sentBytes / 1024 ** 2).toFixed(1)} MiB; peak memory of this process: ${Math.round(peakBytes / 1024 ** 2)} MiB`,
)

function makeSource(folder: string): string {
  mkdirSync(folder)
  for (let number = 0; number < madeFiles; number++) {
    const half = randomBytes(512 * 1024)
    writeFileSync(join(folder, `file-${number}`), Buffer.concat([half, Buffer.alloc(512 * 1024, half.subarray(0, 64))]))
  }
  return folder
}

/** Wall time of a first backup from a home of its own. */
async function measure(place: PlaceRequest): Promise<number> {
  using home = new TestHome()
  await createNewVault(home.deps, 'v', place, testPassphrase)
  await enableItem(home.deps, 'item', ['v'], { ...plainSettings, folders: [source] })
  const startMs = performance.now()
  const { point } = await backupNow(home.deps, 'item', { accept: false }, {})
  if (point?.confirmed !== true) throw new Error('the point was not confirmed')
  return performance.now() - startMs
}

async function ask(server: ChildProcess): Promise<StubReport> {
  const answer = nextReport(server)
  server.send('report')
  return await answer
}

async function nextReport(server: ChildProcess): Promise<StubReport> {
  return await new Promise((resolve, reject) => {
    server.once('message', (report) => resolve(report as StubReport))
    server.once('exit', (status) => reject(new Error(`the server ended with ${status}`)))
  })
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`
}
