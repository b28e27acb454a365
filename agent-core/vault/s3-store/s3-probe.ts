/**
 * Finds out what a server and the credentials for it can do. It writes two small objects below `test/` and removes them;
 * where the credentials may not delete, they stay, always the same two (docs/format/vault-layout.md).
 */
import { createHash } from 'node:crypto'
import type { S3Abilities } from '../../contract/s3-server.ts'
import type { S3Connection } from './s3-connection.ts'
import { isAbsent, isNotImplemented, s3CodeOf, s3StatusOf } from './s3-errors.ts'
import { removeEveryVersion } from './s3-versions.ts'
import type { Guard } from './stall-guard.ts'

const conditionName = 'test/condition'
const checksumName = 'test/checksum'
const probeNames = [conditionName, checksumName]
const first = Buffer.from('a conditional put must keep this\n')
const second = Buffer.from('and must not put this\n')

function sha256(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest()
}

/** Throws the port's errors when the place cannot be written to at all. */
export async function probeServer(connection: S3Connection, guard: Guard): Promise<S3Abilities> {
  const versions = await keepsVersions(connection, guard)
  const mayDelete = await tryToDelete(connection, guard)
  const checksums = await takesChecksums(connection, guard)
  const conditionalPut = await keepsFirst(connection, checksums, guard)
  const checksPayload = await refusesWrongBody(connection, checksums, guard)
  if (mayDelete) {
    for (const name of probeNames) await removeKey(connection, connection.prefix + name, versions, guard)
  }
  return { conditionalPut, checksums, checksPayload, versions, objectLock: await hasLock(connection, guard), mayDelete }
}

async function keepsVersions({ client, sdk, bucket }: S3Connection, guard: Guard): Promise<boolean> {
  const command = new sdk.GetBucketVersioningCommand({ Bucket: bucket })
  const found = await allowed(() => client.send(command, { abortSignal: guard.signal }))
  return found?.Status === 'Enabled' || found?.Status === 'Suspended'
}

async function hasLock({ client, sdk, bucket }: S3Connection, guard: Guard): Promise<boolean> {
  const command = new sdk.GetObjectLockConfigurationCommand({ Bucket: bucket })
  const found = await allowed(() => client.send(command, { abortSignal: guard.signal }))
  return found?.ObjectLockConfiguration?.ObjectLockEnabled === 'Enabled'
}

/** The answer to a question that a server need not know, or the credentials need not be allowed to ask; else undefined. */
async function allowed<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask()
  } catch (error) {
    const status = s3StatusOf(error)
    const isUnknown = isNotImplemented(error) || isAbsent(error) || status === 400 || status === 405
    if (isUnknown || (status === 403 && s3CodeOf(error) === 'AccessDenied')) return undefined
    throw error
  }
}

/** Deletes what is left of an earlier probe, most often nothing: that is refused like any other. */
async function tryToDelete(connection: S3Connection, guard: Guard): Promise<boolean> {
  try {
    for (const name of probeNames) await removeKey(connection, connection.prefix + name, false, guard)
    return true
  } catch (error) {
    if (s3StatusOf(error) === 403 && s3CodeOf(error) === 'AccessDenied') return false
    throw error
  }
}

async function removeKey(connection: S3Connection, key: string, versions: boolean, guard: Guard): Promise<void> {
  const { client, sdk, bucket } = connection
  if (versions) return await removeEveryVersion(connection, key, guard)
  await client.send(new sdk.DeleteObjectCommand({ Bucket: bucket, Key: key }), { abortSignal: guard.signal })
}

interface ProbePut {
  readonly name: string
  readonly bytes: Buffer
  readonly isConditional?: boolean
  /** Of other bytes: a server that looks refuses the body. */
  readonly hash?: Buffer
  readonly checksums: boolean
}

async function putProbe(connection: S3Connection, put: ProbePut, guard: Guard): Promise<void> {
  const { client, sdk, bucket, prefix } = connection
  const hash = put.hash ?? sha256(put.bytes)
  const command = new sdk.PutObjectCommand({
    Bucket: bucket,
    Key: prefix + put.name,
    // A copy: two requests may carry the same bytes with different hashes.
    Body: connection.signed(Buffer.from(put.bytes), hash),
    ...(put.isConditional && { IfNoneMatch: '*' }),
    ...(put.checksums && { ChecksumSHA256: hash.toString('base64') }),
  })
  await client.send(command, { abortSignal: guard.signal })
}

/** Puts the object that `keepsFirst` needs; the same again where it was left. */
async function takesChecksums(connection: S3Connection, guard: Guard): Promise<boolean> {
  const put = { name: conditionName, bytes: first }
  try {
    await putProbe(connection, { ...put, checksums: true }, guard)
    return true
  } catch (error) {
    const status = s3StatusOf(error)
    if (!isNotImplemented(error) && status !== 400) throw error
    await putProbe(connection, { ...put, checksums: false }, guard)
    return false
  }
}

async function keepsFirst(connection: S3Connection, checksums: boolean, guard: Guard): Promise<boolean> {
  try {
    await putProbe(connection, { name: conditionName, bytes: second, isConditional: true, checksums }, guard)
    return false
  } catch (error) {
    const status = s3StatusOf(error)
    if (status === 412) return true
    if (isNotImplemented(error) || status === 400) return false
    throw error
  }
}

async function refusesWrongBody(connection: S3Connection, checksums: boolean, guard: Guard): Promise<boolean> {
  try {
    await putProbe(connection, { name: checksumName, bytes: first, hash: sha256(second), checksums }, guard)
    return false
  } catch (error) {
    const status = s3StatusOf(error)
    // With another body the signature does not fit either, on servers that sign what they got.
    if (status === 400 || status === 403) return true
    throw error
  }
}

/** Sentences for people on what the server lacks. */
export function remarksOn(abilities: S3Abilities): string[] {
  const remarks: string[] = []
  if (!abilities.conditionalPut) {
    remarks.push(
      'This server does not know conditional puts: two copies of one machine that back up at the same instant would not notice each other.',
    )
  }
  if (!abilities.checksPayload) {
    remarks.push(
      'This server does not check what it receives: only "vault verify --read-data" finds what was damaged on the way.',
    )
  }
  if (!abilities.mayDelete) {
    remarks.push(
      'These credentials may not delete: backups work, and what is no longer needed waits in the vault for others that may.',
    )
  }
  return remarks
}
