/** From a place to its open store: the one function that knows every kind of place, and the credentials of those that need some. */
import { createHash } from 'node:crypto'
import { AgentError } from '../base/agent-error.ts'
import type { S3Keys } from '../contract/s3-server.ts'
import { isLockable } from '../format/vault-layout.ts'
import type { S3Place, StorePlace } from '../state/store-place.ts'
import { openDirectoryStore } from '../vault/directory-store.ts'
import type { ObjectStore } from '../vault/object-store.ts'
import type { AgentDeps } from './agent-deps.ts'

type OpenStoreDeps = Pick<AgentDeps, 'clock' | 'random' | 'secrets' | 's3Keys' | 'uploadPace'>

const dayMs = 86_400_000
/** A lock is so many times as long as it must be, so that each is extended once in half of `lockDays`. */
const lockShare = 1.5

/**
 * Opens the store of a vault or of a replica. `keys`: those of a place whose keys are not stored yet. Throws
 * `vault.unreachable` for a folder that is absent, `vault.credentials` when the stored keys are gone, `secrets.failed`;
 * whether a server answers shows with the first call.
 */
export async function openStoreAt(deps: OpenStoreDeps, place: StorePlace, keys?: S3Keys): Promise<ObjectStore> {
  if (place.kind === 'local') return await openDirectoryStore(place.address, deps)
  const { address, settings } = place
  const { endpoint, region, pathStyle, profile, abilities, lockDays } = settings
  const used = keys ?? (await keysFor(deps, place))
  // Loaded here: a verb on a folder needs none of it.
  const { openS3Store } = await import('../vault/s3-store.ts')
  const { createRetryingStore } = await import('../vault/retrying-store.ts')
  const { createThrottledStore } = await import('../vault/throttled-store.ts')
  const store = await openS3Store(
    {
      url: address,
      pathStyle,
      ...(endpoint !== undefined && { endpoint }),
      ...(region !== undefined && { region }),
      ...(profile !== undefined && { profile }),
      ...(used !== undefined && { keys: used }),
      ...(abilities !== undefined && { abilities }),
      ...(lockDays !== undefined && {
        lock: { leastMs: lockDays * dayMs, lengthMs: lockDays * lockShare * dayMs, appliesTo: isLockable },
      }),
    },
    deps,
  )
  const retrying = createRetryingStore(store, deps)
  const { uploadPace } = deps
  return uploadPace === undefined ? retrying : createThrottledStore(retrying, uploadPace)
}

/** Undefined: the SDK looks in the AWS files. */
async function keysFor(deps: OpenStoreDeps, place: S3Place): Promise<S3Keys | undefined> {
  const { credentials, profile } = place.settings
  if (credentials === 'standard') return profile === undefined ? deps.s3Keys : undefined
  const secrets = await deps.secrets()
  const stored = await secrets.get(secretNameOf(place))
  if (stored === undefined) {
    throw new AgentError('vault.credentials', { address: place.address, reason: 'they are not stored here any more' })
  }
  return JSON.parse(stored.toString()) as S3Keys
}

/** Stores the keys of a place; returns where, in words for people. */
export async function rememberS3Keys(deps: OpenStoreDeps, place: S3Place, keys: S3Keys): Promise<string> {
  const secrets = await deps.secrets()
  await secrets.set(secretNameOf(place), Buffer.from(JSON.stringify(keys)))
  return secrets.place
}

/** The same for a vault and a replica at the same place: they are opened with the same keys. */
function secretNameOf({ address, settings }: S3Place): string {
  const digest = createHash('sha256')
    .update(`${settings.endpoint ?? ''}\n${address}`)
    .digest('hex')
  return `s3-keys-${digest.slice(0, 32)}`
}
