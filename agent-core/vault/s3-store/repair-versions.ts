/**
 * Sees through what was done to a bucket that keeps versions: an object that was overwritten or deleted by somebody else gets
 * its true version back on top. Nothing is deleted, so that credentials without that right do, and what was done stays visible.
 *
 * Names are written once: the oldest version is the object; of a chunk file, the oldest whose SHA-256 is its name.
 */
import { parseChunkName, probePrefix } from '../../format/vault-layout.ts'
import { isObjectName } from '../object-name.ts'
import type { VersionRepair } from '../object-store.ts'
import type { S3Connection } from './s3-connection.ts'
import { hashOfKey } from './s3-look.ts'
import { type KeyVersion, listVersions } from './s3-versions.ts'
import type { Guard } from './stall-guard.ts'

export async function repairVersions(connection: S3Connection, guard: Guard): Promise<VersionRepair> {
  const repaired: string[] = []
  const lost: string[] = []
  for await (const versions of versionsByKey(connection, guard)) {
    const name = versions[0]?.key.slice(connection.prefix.length) ?? ''
    if (versions.length < 2 || !isObjectName(name) || name.startsWith(probePrefix)) continue
    const truth = await findTruth(connection, name, versions, guard)
    if (truth === undefined) lost.push(name)
    else if (!(await isOnTop(connection, truth, versions, guard))) {
      await putOnTop(connection, truth, guard)
      repaired.push(name)
    }
  }
  return { repaired, lost }
}

async function* versionsByKey(
  connection: S3Connection,
  guard: Guard,
): AsyncGenerator<readonly KeyVersion[], void, undefined> {
  let versions: KeyVersion[] = []
  for await (const version of listVersions(connection, connection.prefix, guard)) {
    if (versions[0] !== undefined && versions[0].key !== version.key) {
      yield versions
      versions = []
    }
    versions.push(version)
  }
  if (versions.length > 0) yield versions
}

/** Versions come newest first. */
async function findTruth(
  connection: S3Connection,
  name: string,
  versions: readonly KeyVersion[],
  guard: Guard,
): Promise<KeyVersion | undefined> {
  const oldestFirst = versions.filter(({ isMarker }) => !isMarker).toReversed()
  const sha256 = parseChunkName(name)
  if (sha256 === undefined) return oldestFirst[0]
  for (const version of oldestFirst) {
    const hash = await hashOfKey(connection, version.key, guard, version.versionId)
    if (hash.toString('hex') === sha256) return version
  }
  return undefined
}

/** True when the newest version has the bytes of the true one: it is that, or the copy of an earlier repair. */
async function isOnTop(
  connection: S3Connection,
  truth: KeyVersion,
  versions: readonly KeyVersion[],
  guard: Guard,
): Promise<boolean> {
  const newest = versions.find(({ isLatest }) => isLatest)
  if (newest === undefined || newest.isMarker || newest.sizeBytes !== truth.sizeBytes) return false
  if (newest.versionId === truth.versionId) return true
  const [now, then] = [newest, truth].map(({ key, versionId }) => hashOfKey(connection, key, guard, versionId))
  return (await then)?.equals((await now) ?? Buffer.alloc(0)) === true
}

/** The bytes do not pass through this machine. */
async function putOnTop(
  { client, sdk, bucket }: S3Connection,
  { key, versionId }: KeyVersion,
  guard: Guard,
): Promise<void> {
  const source = `${bucket}/${key}`.split('/').map(encodeURIComponent).join('/')
  const command = new sdk.CopyObjectCommand({
    Bucket: bucket,
    Key: key,
    CopySource: `${source}?versionId=${encodeURIComponent(versionId)}`,
  })
  await client.send(command, { abortSignal: guard.signal })
  guard.beat()
}
