/** Uploads cut off at random bytes by `kill -9`: each goes on where it was, and nothing that arrived whole is sent again. */
import { spawn } from 'node:child_process'
import { createHash, randomInt } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startS3Stub } from '../support/s3-stub/s3-stub.ts'
import { bytesOf } from '../support/s3-stub/stub-bucket.ts'
import { seededRandom } from '../support/seeded-random.ts'
import { TestFolder } from '../support/test-home.ts'

const kills = Number(process.env['THARSIS_TEST_KILLS'] ?? 50)
const MIB = 1024 * 1024
const sizes = [17 * MIB + 5, 3 * MIB, 41 * MIB, 5 * MIB + 1]
const totalBytes = sizes.reduce((sum, size) => sum + size, 0)
const putter = join(import.meta.dirname, '..', 'support', 's3-putter.ts')
/** Three parts of 5 MiB are on their way at once. */
const inFlightBytes = 15 * MIB

test(`${kills} kills`, { timeout: 900_000 }, async () => {
  const seed = Number(process.env['THARSIS_TEST_SEED'] ?? randomInt(2 ** 31))
  console.log(`seed ${seed} (THARSIS_TEST_SEED)`)
  const random = seededRandom(seed)
  using folder = new TestFolder()
  const files = sizes.map((sizeBytes, number) => {
    const bytes = Buffer.alloc(sizeBytes)
    for (let at = 0; at + 4 <= sizeBytes; at += 4096) bytes.writeUInt32LE((at ^ (number * 7919) ^ seed) >>> 0, at)
    writeFileSync(folder.at(`file-${number}`), bytes)
    return { name: `file-${number}`, sha256: createHash('sha256').update(bytes).digest('hex') }
  })
  let left = Number.POSITIVE_INFINITY
  let onCut: () => void = () => {}
  let stub = await startS3Stub({ onReceived: received })
  function received(sizeBytes: number): void {
    left -= sizeBytes
    if (left <= 0) onCut()
  }
  let killed = 0
  let uploads = 0
  while (killed < kills) {
    // A new bucket for each upload that has come to its end.
    uploads++
    let sentAgain = 0
    for (let isDone = false; !isDone; ) {
      const mayKill = killed < kills
      left = mayKill ? 1 + Math.floor(random() * inFlightBytes * 1.5) : Number.POSITIVE_INFINITY
      const child = spawn(process.execPath, [putter, stub.endpoint, stub.bucketName, folder.path], {
        stdio: ['ignore', 'inherit', 'inherit'],
        env: {
          PATH: process.env['PATH'],
          AWS_ACCESS_KEY_ID: stub.credentials.accessKeyId,
          AWS_SECRET_ACCESS_KEY: stub.credentials.secretAccessKey,
        },
      })
      onCut = () => child.kill('SIGKILL')
      const [status, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
        child.on('error', reject)
        child.on('exit', (exit, by) => resolve([exit, by]))
      })
      if (signal === 'SIGKILL') killed++
      else expect(status).toBe(0)
      isDone = signal === null
      sentAgain += signal === null ? 0 : inFlightBytes
    }
    for (const { name, sha256 } of files) {
      const stored = stub.bucket.current(name)
      expect(stored && createHash('sha256').update(bytesOf(stored.body)).digest('hex')).toBe(sha256)
    }
    expect(stub.bucket.uploads.size).toBe(0)
    const arrived = stub.journal.filter(
      ({ operation, status }) => (operation === 'UploadPart' || operation === 'PutObject') && status === 200,
    )
    const places = arrived.map(({ key, partNumber }) => `${key} ${partNumber ?? 'whole'}`)
    expect(places.toSorted()).toEqual([...new Set(places)].sort())
    const receivedBytes = stub.journal.reduce((sum, entry) => sum + entry.receivedBytes, 0)
    expect(receivedBytes).toBeLessThanOrEqual(totalBytes + sentAgain + MIB)
    await stub[Symbol.asyncDispose]()
    stub = await startS3Stub({ onReceived: received })
  }
  await stub[Symbol.asyncDispose]()
  console.log(`${killed} kills in ${uploads} uploads of ${totalBytes} bytes`)
})
