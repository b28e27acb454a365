/** An S3 store over a server of its own, as the object-store contract wants its place. */
import { systemClock } from '../../agent-core/base/clock.ts'
import type { ObjectStore } from '../../agent-core/vault/object-store.ts'
import { openS3Store, type S3StoreOptions } from '../../agent-core/vault/s3-store.ts'
import type { StorePlace } from '../contracts/object-store.contract.ts'
import { type S3Stub, type StubOptions, startS3Stub } from './s3-stub/s3-stub.ts'

export interface S3PlaceOptions extends StubOptions {
  readonly prefix?: string
  readonly store?: Partial<S3StoreOptions>
}

export function stubStoreOptions(stub: S3Stub, prefix = 'some/prefix'): S3StoreOptions {
  const { accessKeyId, secretAccessKey, sessionToken } = stub.credentials
  return {
    url: `s3://${stub.bucketName}/${prefix}`,
    endpoint: stub.endpoint,
    pathStyle: true,
    keys: { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) },
  }
}

export async function createS3Place(options: S3PlaceOptions = {}): Promise<StorePlace & { readonly stub: S3Stub }> {
  const stub = await startS3Stub(options)
  const stores: ObjectStore[] = []
  const openAnother = async () => {
    const settings = { ...stubStoreOptions(stub, options.prefix), ...options.store }
    const store = await openS3Store(settings, { clock: systemClock })
    stores.push(store)
    return store
  }
  return {
    stub,
    store: await openAnother(),
    openAnother,
    takeAway: async () => stub.setAbsent(true),
    leaveTemporary: async (name, ageMs) => {
      const key = `${options.prefix ?? 'some/prefix'}/${name}`
      stub.bucket.startUpload({ key, hasChecksums: true, begunMs: Date.now() - ageMs, retainUntilMs: undefined })
    },
    dispose: async () => {
      for (const store of stores) await store.close()
      await stub[Symbol.asyncDispose]()
    },
  }
}
