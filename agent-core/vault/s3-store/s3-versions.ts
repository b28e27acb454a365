/** Buckets that keep versions: deleting for good, and what Object Lock holds back. */
import { AgentError } from '../../base/agent-error.ts'
import type { S3Connection } from './s3-connection.ts'
import { isAbsent, s3StatusOf } from './s3-errors.ts'
import { decodeKey } from './s3-list.ts'
import type { Guard } from './stall-guard.ts'

export interface KeyVersion {
  readonly key: string
  readonly versionId: string
  /** True for the mark that a deletion leaves. */
  readonly isMarker: boolean
  readonly isLatest: boolean
  readonly sizeBytes: number
  readonly modifiedAtMs: number
}

/** Versions and delete markers of keys below `prefix`, key by key in ascending order, each newest first. */
export async function* listVersions(
  { client, sdk, bucket }: S3Connection,
  prefix: string,
  guard: Guard,
): AsyncGenerator<KeyVersion, void, undefined> {
  let marker: { readonly KeyMarker?: string; readonly VersionIdMarker?: string } | undefined = {}
  while (marker !== undefined) {
    const command: InstanceType<typeof sdk.ListObjectVersionsCommand> = new sdk.ListObjectVersionsCommand({
      Bucket: bucket,
      Prefix: prefix,
      EncodingType: 'url',
      ...marker,
    })
    const page = await client.send(command, { abortSignal: guard.signal })
    guard.beat()
    const entries = [
      ...(page.Versions ?? []).map((entry) => ({ ...entry, isMarker: false })),
      ...(page.DeleteMarkers ?? []).map((entry) => ({ ...entry, Size: 0, isMarker: true })),
    ].map(({ Key = '', VersionId = 'null', IsLatest, Size = 0, LastModified, isMarker }) => ({
      key: decodeKey(Key, page.EncodingType),
      versionId: VersionId,
      isMarker,
      isLatest: IsLatest === true,
      sizeBytes: Size,
      modifiedAtMs: LastModified?.getTime() ?? 0,
    }))
    // The two kinds come in lists of their own. The sort keeps the server's order within a key but for that.
    entries.sort(
      (a, b) =>
        (a.key < b.key ? -1 : a.key > b.key ? 1 : 0) ||
        Number(b.isLatest) - Number(a.isLatest) ||
        b.modifiedAtMs - a.modifiedAtMs,
    )
    yield* entries
    const { IsTruncated, NextKeyMarker, NextVersionIdMarker, EncodingType } = page
    marker =
      IsTruncated === true && NextKeyMarker !== undefined
        ? {
            KeyMarker: decodeKey(NextKeyMarker, EncodingType),
            ...(NextVersionIdMarker !== undefined && { VersionIdMarker: NextVersionIdMarker }),
          }
        : undefined
  }
}

/** Deletes a key with all its versions and marks. Throws `store.retained` where a lock holds one. */
export async function removeEveryVersion(connection: S3Connection, key: string, guard: Guard): Promise<void> {
  const versions: KeyVersion[] = []
  for await (const version of listVersions(connection, key, guard)) {
    if (version.key === key) versions.push(version)
  }
  for (const version of versions) await removeVersion(connection, version, guard)
}

async function removeVersion(connection: S3Connection, { key, versionId }: KeyVersion, guard: Guard): Promise<void> {
  const { client, sdk, bucket } = connection
  try {
    const command = new sdk.DeleteObjectCommand({ Bucket: bucket, Key: key, VersionId: versionId })
    await client.send(command, { abortSignal: guard.signal })
  } catch (error) {
    const untilMs = s3StatusOf(error) === 403 ? await retainedUntil(connection, key, guard, versionId) : undefined
    if (untilMs === undefined) throw error
    const object = key.slice(connection.prefix.length)
    throw new AgentError('store.retained', { object, until: new Date(untilMs).toISOString() }, error)
  }
}

/**
 * Until when Object Lock keeps a version (left out: the newest); undefined: it does not, or nobody may know. Asked for with HEAD,
 * which every server answers; GetObjectRetention is not known to all that lock.
 */
export async function retainedUntil(
  { client, sdk, bucket }: S3Connection,
  key: string,
  guard: Guard,
  versionId?: string,
): Promise<number | undefined> {
  const version = versionId === undefined ? {} : { VersionId: versionId }
  try {
    const command = new sdk.HeadObjectCommand({ Bucket: bucket, Key: key, ...version })
    const { ObjectLockRetainUntilDate: until } = await client.send(command, { abortSignal: guard.signal })
    return until?.getTime()
  } catch (error) {
    // 405: a mark of a deletion.
    if (isAbsent(error) || [400, 403, 405].includes(s3StatusOf(error) ?? 0)) return undefined
    throw error
  }
}
