/**
 * A process that puts files into a bucket one after the other, in parts, until it is done or killed:
 * `node s3-putter.ts ENDPOINT BUCKET FOLDER`. Each file becomes an object of its name. Keys come by the environment.
 */
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '../../agent-core/base/clock.ts'
import { systemRandom } from '../../agent-core/base/random.ts'
import { createRetryingStore } from '../../agent-core/vault/retrying-store.ts'
import { openS3Store } from '../../agent-core/vault/s3-store.ts'

const [endpoint = '', bucket = '', folder = ''] = process.argv.slice(2)
const { AWS_ACCESS_KEY_ID: accessKeyId = '', AWS_SECRET_ACCESS_KEY: secretAccessKey = '' } = process.env
const store = createRetryingStore(
  await openS3Store(
    { url: `s3://${bucket}`, endpoint, pathStyle: true, keys: { accessKeyId, secretAccessKey } },
    { clock: systemClock },
  ),
  { clock: systemClock, random: systemRandom },
)
// As on a slow line: everything over 5 MiB goes in parts. Nothing waits.
const pace = { bytesPerSecond: 1, pieceBytes: 64 * 1024, take: async () => {} }
for (const name of readdirSync(folder).sort()) {
  const path = join(folder, name)
  await store.put(name, { path, sizeBytes: statSync(path).size }, { pace })
}
await store.close()
