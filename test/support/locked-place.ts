/** A home with a vault whose objects are locked, on the strict server, with the clock of both in the test's hand. */
import { writeFileSync } from 'node:fs'
import type { S3PlaceRequest } from '../../agent-core/api/agent-api.ts'
import { backupNow } from '../../agent-core/api/backup-verbs.ts'
import { enableItem } from '../../agent-core/api/item-verbs.ts'
import { extendDueLocks } from '../../agent-core/api/keep-locks.ts'
import { createNewVault } from '../../agent-core/api/vault-verbs.ts'
import { systemClock } from '../../agent-core/base/clock.ts'
import { type S3Stub, startS3Stub } from './s3-stub/s3-stub.ts'
import { plainSettings, TestFolder, TestHome, testPassphrase } from './test-home.ts'

const dayMs = 86_400_000
export const lockDays = 30
export const startMs = Date.parse('2026-03-01T12:00:00Z')

export class LockedPlace implements AsyncDisposable {
  readonly home: TestHome
  readonly stub: S3Stub
  readonly #folder: TestFolder
  readonly #time: { nowMs: number }

  private constructor(stub: S3Stub, time: { nowMs: number }) {
    this.stub = stub
    this.#time = time
    this.#folder = new TestFolder()
    // Pauses before a retry pass at once; the deadline of a request that stalls does not.
    const delay = async (ms: number, signal?: AbortSignal) => await systemClock.delay(ms < 30_000 ? 0 : ms, signal)
    this.home = new TestHome({ clock: { nowMs: () => time.nowMs, delay } })
  }

  /** `vault`: a folder, where it does not lie in the bucket. */
  static async make(settings: { readonly lockDays?: number } = { lockDays }, vault?: string): Promise<LockedPlace> {
    const time = { nowMs: startMs }
    const stub = await startS3Stub({ lock: true, nowMs: () => time.nowMs })
    const place = new LockedPlace(stub, time)
    const { deps } = place.home
    await createNewVault(deps, 'v', vault ?? place.request(settings), testPassphrase)
    await enableItem(deps, 'docs', ['v'], { ...plainSettings, folders: [place.#folder.path] })
    return place
  }

  /** The vault's place, or another below a prefix of its own in the same bucket. */
  request(settings: { readonly lockDays?: number } = { lockDays }, prefix = 'laptop'): S3PlaceRequest {
    const { bucketName, endpoint, credentials } = this.stub
    const { accessKeyId, secretAccessKey } = credentials
    const keys = { accessKeyId, secretAccessKey }
    return { url: `s3://${bucketName}/${prefix}`, endpoint, pathStyle: true, credentials: { keys }, ...settings }
  }

  get nowMs(): number {
    return this.#time.nowMs
  }

  goOn(days: number): void {
    this.#time.nowMs += days * dayMs
  }

  /** A backup with one more file; true when the vault has confirmed it. */
  async backUp(name: string): Promise<boolean> {
    writeFileSync(this.#folder.at(name), `content of ${name}`)
    this.stub.journal.length = 0
    const { point } = await backupNow(this.home.deps, 'docs', { accept: false, scheduled: true }, {})
    return point?.confirmed === true
  }

  /** One round of what the agent does; what it has locked. */
  async upkeep(): Promise<string[]> {
    const before = this.requests('PutObjectRetention').length
    await extendDueLocks(this.home.deps, new AbortController().signal)
    return this.requests('PutObjectRetention').slice(before)
  }

  keys(part: string): string[] {
    return this.stub.bucket.keys().filter((key) => key.includes(part))
  }

  /** Days from now for which the object is locked. */
  lockOf(key: string): number {
    return ((this.stub.bucket.current(key)?.retainUntilMs ?? 0) - this.nowMs) / dayMs
  }

  /** Kinds of requests in their order, with the ends of the names of what they were about. */
  requests(operation: string): string[] {
    return this.stub.journal.filter((entry) => entry.operation === operation).map(({ key }) => key)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.home[Symbol.dispose]()
    this.#folder[Symbol.dispose]()
    await this.stub[Symbol.asyncDispose]()
  }
}
