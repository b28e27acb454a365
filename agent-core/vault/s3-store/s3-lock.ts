/** Object Lock in governance mode: locks are extended, never made shorter. */
import { AgentError } from '../../base/agent-error.ts'
import type { S3Connection } from './s3-connection.ts'
import { isAbsent, s3StatusOf } from './s3-errors.ts'
import { retainedUntil } from './s3-versions.ts'
import type { Guard } from './stall-guard.ts'

/** Locks the newest version of an object until then at least. Throws `store.not-found`. */
export async function extendLock(connection: S3Connection, name: string, untilMs: number, guard: Guard): Promise<void> {
  const { client, sdk, bucket, prefix } = connection
  const key = prefix + name
  const command = new sdk.PutObjectRetentionCommand({
    Bucket: bucket,
    Key: key,
    Retention: { Mode: 'GOVERNANCE', RetainUntilDate: new Date(untilMs) },
  })
  try {
    await client.send(command, { abortSignal: guard.signal })
  } catch (error) {
    // 405: the newest version is a mark of a deletion.
    if (isAbsent(error) || s3StatusOf(error) === 405) throw new AgentError('store.not-found', { object: name }, error)
    if (s3StatusOf(error) !== 403) throw error
    // A lock that ends later is not made shorter: what was asked for is true already.
    const lockedUntilMs = (await retainedUntil(connection, key, guard)) ?? 0
    if (lockedUntilMs < untilMs) throw error
  }
}
