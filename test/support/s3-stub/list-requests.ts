/** Listings, in pages. */
import { type StubBucket, sizeOf } from './stub-bucket.ts'
import { StubError } from './stub-error.ts'
import { type StubAnswer, type StubRequest, xmlAnswer } from './stub-request.ts'

export function listObjects({ bucket, query, pageSize }: StubRequest): StubAnswer {
  const prefix = query.get('prefix') ?? ''
  const after = tokenKey(query.get('continuation-token')) ?? query.get('start-after') ?? ''
  const count = Math.min(pageSize, Number(query.get('max-keys') ?? pageSize))
  const keys: string[] = []
  for (const key of bucket.keysFrom(prefix, after)) {
    if (bucket.current(key) !== undefined) keys.push(key)
    if (keys.length > count) break
  }
  const shown = keys.slice(0, count)
  const isTruncated = keys.length > shown.length
  return xmlAnswer('ListBucketResult', {
    Prefix: prefix,
    KeyCount: shown.length,
    EncodingType: query.get('encoding-type') ?? undefined,
    IsTruncated: isTruncated,
    NextContinuationToken: isTruncated ? Buffer.from(shown.at(-1) ?? '').toString('base64') : undefined,
    Contents: shown.map((key) => ({ Key: encoded(key, query), ...entryOf(bucket, key) })),
  })
}

function tokenKey(token: string | null): string | undefined {
  return token === null ? undefined : Buffer.from(token, 'base64').toString()
}

function entryOf(bucket: StubBucket, key: string) {
  const version = bucket.current(key)
  if (version === undefined) throw new StubError(500, 'InternalError')
  return { LastModified: new Date(version.modifiedMs).toISOString(), ETag: version.etag, Size: sizeOf(version.body) }
}

export function listVersions({ bucket, query, pageSize }: StubRequest): StubAnswer {
  const prefix = query.get('prefix') ?? ''
  const marker = `${query.get('key-marker') ?? ''}\0${query.get('version-id-marker') ?? ''}`
  const all = bucket
    .keys()
    .filter((key) => key.startsWith(prefix))
    .flatMap((key) => bucket.versionsOf(key).map((version, at) => ({ key, version, isLatest: at === 0 })))
  const from = marker === '\0' ? 0 : all.findIndex(({ key, version }) => `${key}\0${version.id}` === marker) + 1
  const shown = all.slice(from, from + pageSize)
  const last = shown.at(-1)
  const entries = (isMarker: boolean) =>
    shown
      .filter(({ version }) => version.isMarker === isMarker)
      .map(({ key, version, isLatest }) => ({
        Key: encoded(key, query),
        VersionId: version.id,
        IsLatest: isLatest,
        LastModified: new Date(version.modifiedMs).toISOString(),
        ...(!isMarker && { Size: sizeOf(version.body), ETag: version.etag }),
      }))
  return xmlAnswer('ListVersionsResult', {
    EncodingType: query.get('encoding-type') ?? undefined,
    IsTruncated: all.length > from + shown.length,
    NextKeyMarker: last && encoded(last.key, query),
    NextVersionIdMarker: last?.version.id,
    Version: entries(false),
    DeleteMarker: entries(true),
  })
}

export function listUploads({ bucket, query, pageSize }: StubRequest): StubAnswer {
  const prefix = query.get('prefix') ?? ''
  const marker = [query.get('key-marker') ?? '', query.get('upload-id-marker') ?? ''].join('\0')
  const order = ({ key, id }: { readonly key: string; readonly id: string }): string => `${key}\0${id}`
  const uploads = [...bucket.uploads.values()]
    .filter((upload) => upload.key.startsWith(prefix) && order(upload) > marker)
    .sort((a, b) => (order(a) < order(b) ? -1 : 1))
  const shown = uploads.slice(0, pageSize)
  return xmlAnswer('ListMultipartUploadsResult', {
    EncodingType: query.get('encoding-type') ?? undefined,
    IsTruncated: uploads.length > shown.length,
    NextKeyMarker: shown.at(-1)?.key,
    NextUploadIdMarker: shown.at(-1)?.id,
    Upload: shown.map(({ key, id, begunMs }) => ({
      Key: encoded(key, query),
      UploadId: id,
      Initiated: new Date(begunMs).toISOString(),
    })),
  })
}

function encoded(key: string, query: URLSearchParams): string {
  return query.get('encoding-type') === 'url'
    ? encodeURIComponent(key).replaceAll('%2F', '/').replaceAll('%20', '+')
    : key
}
