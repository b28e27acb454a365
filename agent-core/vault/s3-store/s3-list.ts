/** Listings: pages in key order, names made of keys, and the proof that no page was left out or came twice. */
import type { _Object, ListObjectsV2CommandOutput } from '@aws-sdk/client-s3'
import { AgentError } from '../../base/agent-error.ts'
import { isObjectName } from '../object-name.ts'
import type { ObjectInfo } from '../object-store.ts'
import type { S3Connection } from './s3-connection.ts'

export interface ListQuery {
  readonly prefix: string
  readonly startAfter: string
  readonly signal: AbortSignal | undefined
}

/** Names in ascending byte order (rule 6). Keys that are no object names are left out. */
export async function* listObjects(
  connection: S3Connection,
  query: ListQuery,
): AsyncGenerator<ObjectInfo, void, undefined> {
  const { prefix: root, address } = connection
  let token: string | undefined
  let last = ''
  do {
    const page = await readPage(connection, query, token)
    for (const entry of page.Contents ?? []) {
      const key = decodeKey(entry.Key ?? '', page.EncodingType)
      if (key <= last) throw listingFailed(address, `"${key}" comes after "${last}"`)
      last = key
      const name = key.slice(root.length)
      if (!key.startsWith(root) || !isObjectName(name)) continue
      yield infoOf(name, entry)
    }
    if (page.IsTruncated !== true) return
    const next = page.NextContinuationToken
    if (next === undefined || next === token) throw listingFailed(address, 'a page does not lead to the next')
    token = next
  } while (true)
}

async function readPage(
  connection: S3Connection,
  { prefix, startAfter, signal }: ListQuery,
  token: string | undefined,
): Promise<ListObjectsV2CommandOutput> {
  const { client, sdk, bucket, prefix: root } = connection
  return await connection.run(`listing ${prefix === '' ? 'the vault' : prefix}`, signal, (guard) =>
    client.send(
      new sdk.ListObjectsV2Command({
        Bucket: bucket,
        Prefix: root + prefix,
        EncodingType: 'url',
        ...(token !== undefined && { ContinuationToken: token }),
        ...(token === undefined && startAfter !== '' && { StartAfter: root + startAfter }),
      }),
      { abortSignal: guard.signal },
    ),
  )
}

/** Keys of other programs may hold what XML cannot, so they come encoded. */
export function decodeKey(key: string, encoding: string | undefined): string {
  return encoding === 'url' ? decodeURIComponent(key.replaceAll('+', ' ')) : key
}

function infoOf(name: string, { Size: sizeBytes = 0, LastModified: modifiedAt }: _Object): ObjectInfo {
  return { name, sizeBytes, modifiedAtMs: modifiedAt?.getTime() ?? 0 }
}

function listingFailed(address: string, reason: string): AgentError {
  return new AgentError('store.failed', { address, reason: `its listing cannot be trusted: ${reason}` })
}
