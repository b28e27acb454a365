/**
 * What the use of a large vault costs in requests, bytes and time, over the strict server, which works in this process too:
 *
 *   npm run bench:vault -- points [10000] [1000]    that many points of so many files
 *   npm run bench:vault -- files [1000000]          one point of that many files, by a first backup
 */
import { createHash } from 'node:crypto'
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { S3PlaceRequest } from '../../agent-core/api/agent-api.ts'
import { backupNow } from '../../agent-core/api/backup-verbs.ts'
import { enableItem } from '../../agent-core/api/item-verbs.ts'
import { listPoints, pointFiles } from '../../agent-core/api/point-verbs.ts'
import { pruneVault } from '../../agent-core/api/prune-verbs.ts'
import { connectToVault, createNewVault } from '../../agent-core/api/vault-verbs.ts'
import { systemClock } from '../../agent-core/base/clock.ts'
import { systemRandom } from '../../agent-core/base/random.ts'
import { deriveKeys } from '../../agent-core/codec/key-derivation.ts'
import type { HomeId } from '../../agent-core/contract/ids.ts'
import { createMemoryStore } from '../../agent-core/vault/memory-store.ts'
import { Vault } from '../../agent-core/vault/vault.ts'
import { createVault } from '../../agent-core/vault/vault-keys.ts'
import { type S3Stub, startS3Stub } from '../support/s3-stub/s3-stub.ts'
import { plainSettings, TestFolder, TestHome, testPassphrase } from '../support/test-home.ts'
import { testItem } from '../support/test-keys.ts'
import { makeManyPoints } from './many-points.ts'

const machine = 'machine'
const item = 'docs'
const prefix = 'vault'
const filesPerFolder = 100

const [kind = 'points', first, second] = process.argv.slice(2)
using work = new TestFolder('vault-cost-')
// As AWS lists them.
await using stub = await startS3Stub({ pageSize: 1000 })
const source = work.at('source')
const place: S3PlaceRequest = {
  url: `s3://${stub.bucketName}/${prefix}`,
  endpoint: stub.endpoint,
  pathStyle: true,
  credentials: { keys: stub.credentials },
}
if (kind === 'points') await measurePoints(Number(first ?? 10_000), Number(second ?? 1_000))
else if (kind === 'files') await measureFiles(Number(first ?? 1_000_000))
else throw new Error(`points or files, not ${kind}`)

async function measurePoints(points: number, files: number): Promise<void> {
  await measure(`${points} points of ${files} files made`, async () => await makeVault(points, files))
  using home = new TestHome({ machine })
  const { deps } = home
  await measure('first connect, to go on as that machine', async () => {
    await connectToVault(deps, 'v', place, testPassphrase, { takeOver: machine })
  })
  for (const time of ['first', 'second']) {
    await measure(`the points listed for the ${time} time`, async () => {
      const listed = (await listPoints(deps, item)).length
      if (listed !== points) throw new Error(`${listed} points`)
    })
  }
  await measure('a backup that reads every file anew', async () => await backUp(home))
  await measure('one in which nothing has changed', async () => await backUp(home))
  appendFileSync(join(source, 'folder 0', 'file 0'), 'more')
  await measure('one file changed', async () => await backUp(home))
}

async function measureFiles(files: number): Promise<void> {
  makeFiles(files)
  using home = new TestHome({ machine })
  const { deps } = home
  await measure('vault create', async () => {
    await createNewVault(deps, 'v', place, testPassphrase)
    await enableItem(deps, item, ['v'], { ...plainSettings, folders: [source] })
  })
  await measure(`first backup of ${files} files`, async () => await backUp(home))
  await measure('one in which nothing has changed', async () => await backUp(home))
  appendFileSync(join(source, 'folder 0', 'file 0'), 'more')
  await measure('one file changed', async () => await backUp(home))
  await measure('vault prune --plan', async () => await pruneVault(deps, 'v', { plan: true }, {}))
  using other = new TestHome({ machine: 'another' })
  await measure('first connect, to read', async () => {
    await connectToVault(other.deps, 'v', place, testPassphrase, { read: machine })
  })
  await measure('the points listed, and one folder', async () => {
    await listPoints(other.deps, item)
    const path = join(source, 'folder 1')
    const entries = await Array.fromAsync(pointFiles(other.deps, item, 'latest', path, 1))
    if (entries.length < Math.min(files, filesPerFolder)) throw new Error(`${entries.length} entries`)
  })
}

async function backUp({ deps }: TestHome): Promise<void> {
  const { point } = await backupNow(deps, item, { accept: true, scheduled: true }, {})
  if (point?.confirmed !== true) throw new Error('the point was not confirmed')
}

/** Points are made in memory, and the vault is put into the bucket as it is then; the source is as its last point has it. */
async function makeVault(points: number, files: number): Promise<void> {
  const store = createMemoryStore({ clock: systemClock })
  const home = 'c'.repeat(32) as HomeId
  const owner = { machine, home }
  const scrypt = { log2N: 14, r: 8, p: 1 }
  const made = await createVault(store, testPassphrase, owner, { clock: systemClock, random: systemRandom, scrypt })
  const keys = deriveKeys(made.masterKey, made.keyspace)
  const vault = new Vault({ store, id: made.vaultId, keys, random: systemRandom })
  const folders = [Buffer.from(source)]
  const definition = { ...plainSettings, compression: 'lz4' as const, id: testItem, name: item, folders }
  await vault.writeDefinitions(await vault.readDefinitions(), { writer: home, items: [definition] })
  const last = await makeManyPoints(vault, { points, files, source, workFolder: work.path })
  for (const { folder, name, content } of last) {
    mkdirSync(join(source, folder), { recursive: true })
    writeFileSync(join(source, folder, name), content)
  }
  for await (const { name } of store.list('')) await putInto(stub, name, await store.get(name))
}

async function putInto({ bucket }: S3Stub, name: string, bytes: Buffer): Promise<void> {
  const digest = createHash('sha256').update(bytes).digest()
  bucket.add(`${prefix}/${name}`, {
    body: { bytes },
    etag: `"${digest.toString('hex').slice(0, 32)}"`,
    checksum: digest.toString('base64'),
    modifiedMs: systemClock.nowMs(),
    retainUntilMs: undefined,
  })
}

function makeFiles(count: number): void {
  for (let file = 0; file < count; file++) {
    const folder = join(source, `folder ${Math.floor(file / filesPerFolder)}`)
    if (file % filesPerFolder === 0) mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, `file ${file}`), `${file} `.repeat(1 + (file % 40)))
  }
}

/** Prints what `act` took: seconds, requests of each kind, and bodies in both directions. */
async function measure(what: string, act: () => Promise<unknown>): Promise<void> {
  stub.journal.length = 0
  const startMs = performance.now()
  const cpu = process.cpuUsage()
  await act()
  const { user, system } = process.cpuUsage(cpu)
  const requests = Object.entries(stub.counts()).map(([operation, count]) => `${operation} ${count}`)
  const mib = (of: 'receivedBytes' | 'sentBytes') =>
    (stub.journal.reduce((sum, entry) => sum + entry[of], 0) / 2 ** 20).toFixed(2)
  console.log(
    `${what}: ${((performance.now() - startMs) / 1000).toFixed(1)} s, CPU ${((user + system) / 1e6).toFixed(1)} s; ` +
      `${requests.length === 0 ? 'no request' : requests.join(', ')}; sent ${mib('receivedBytes')} MiB, got ${mib('sentBytes')} MiB`,
  )
}
