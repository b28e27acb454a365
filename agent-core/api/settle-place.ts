/** From the place that a person names to the one that is stored: checked, written in one way, with the keys that came with it. */
import { statSync } from 'node:fs'
import { AgentError } from '../base/agent-error.ts'
import type { S3Keys } from '../contract/s3-server.ts'
import type { S3Place, S3Settings, StorePlace } from '../state/store-place.ts'
import type { ObjectStore, StoreCapabilities } from '../vault/object-store.ts'
import { formatS3Address, parseS3Address } from '../vault/s3-store/s3-address.ts'
import type { PlaceRequest, S3Credentials, S3PlaceRequest } from './agent-api.ts'
import type { AgentDeps } from './agent-deps.ts'
import { realVaultFolder } from './folder-checks.ts'
import type { Barrier } from './item-surroundings.ts'
import { rememberS3Keys } from './open-store.ts'

export interface SettledPlace {
  readonly place: StorePlace
  /** To be stored once the place was found to be good. */
  readonly keys?: S3Keys
}

const mostLockDays = 36_500

/** A new place: a folder apart from `barriers`, or a bucket. Throws `usage.invalid`. */
export function settlePlace(request: PlaceRequest, barriers: readonly Barrier[]): SettledPlace {
  if (typeof request !== 'string') return settleS3Place(request)
  return { place: { kind: 'local', address: realVaultFolder(request, barriers) } }
}

/** The place of a vault that is there already. Throws `vault.none` for what is no folder, `usage.invalid`. */
export function settleExistingPlace(request: PlaceRequest): SettledPlace {
  if (typeof request !== 'string') return settleS3Place(request)
  if (isOtherThanFolder(request)) throw new AgentError('vault.none', { address: request, reason: 'it is not a folder' })
  return { place: { kind: 'local', address: request } }
}

function isOtherThanFolder(path: string): boolean {
  try {
    return !statSync(path).isDirectory()
  } catch (error) {
    // Whoever opens it says what is the matter.
    if (error instanceof Error && 'code' in error) return false
    throw error
  }
}

/** Throws `usage.invalid`. */
export function settleS3Place(request: S3PlaceRequest): SettledPlace & { readonly place: S3Place } {
  const { endpoint, region, pathStyle, lockDays, credentials } = request
  if (endpoint !== undefined) checkEndpoint(endpoint)
  if (lockDays !== undefined && !(Number.isInteger(lockDays) && lockDays >= 1 && lockDays <= mostLockDays)) {
    throw new AgentError('usage.invalid', {
      problem: `Objects cannot be locked for ${lockDays} days.`,
      advice: `Give 1 to ${mostLockDays} days.`,
    })
  }
  const settings: S3Settings = {
    pathStyle,
    ...(endpoint !== undefined && { endpoint: endpoint.replace(/\/+$/, '') }),
    ...(region !== undefined && { region }),
    ...(lockDays !== undefined && { lockDays }),
    ...settingsOf(credentials),
  }
  const place: S3Place = { kind: 's3', address: formatS3Address(parseS3Address(request.url)), settings }
  return { place, ...('keys' in credentials && { keys: credentials.keys }) }
}

export function settingsOf(credentials: S3Credentials): Pick<S3Settings, 'credentials' | 'profile'> {
  if ('keys' in credentials) return { credentials: 'stored' }
  const { profile } = credentials
  return { credentials: 'standard', ...(profile !== undefined && { profile }) }
}

function checkEndpoint(endpoint: string): void {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined
  const isPlain = url !== undefined && /^https?:$/.test(url.protocol) && url.username === '' && url.search === ''
  if (isPlain) return
  throw new AgentError('usage.invalid', {
    problem: `"${endpoint.slice(0, 200)}" is no address of a server.`,
    advice: 'Write it like https://s3.example.org or http://127.0.0.1:9000, without keys in it.',
  })
}

/** The place with what its probe found. Throws `usage.invalid` when locks were asked for and the bucket has none. */
export function placeAfterProbe<Place extends StorePlace>(place: Place, { s3 }: StoreCapabilities): Place {
  if (place.kind === 'local' || s3 === undefined) return place
  if (place.settings.lockDays !== undefined && !s3.objectLock) {
    throw new AgentError('usage.invalid', {
      problem: `The bucket of ${place.address} has no Object Lock.`,
      advice: 'Make a bucket with Object Lock (it is chosen when a bucket is made), or leave out --lock-days.',
    })
  }
  return { ...place, settings: { ...place.settings, abilities: s3 } }
}

/** Puts overwritten and deleted objects right; returns sentences on it. Throws `usage.invalid` where no versions are kept. */
export async function repairRemarks(store: ObjectStore): Promise<string[]> {
  if (store.repairVersions === undefined) {
    throw new AgentError('usage.invalid', {
      problem: `${store.address} keeps no versions that could be put right.`,
      advice: 'Leave out --repair-versions.',
    })
  }
  const { repaired, lost } = await store.repairVersions()
  const named = (names: readonly string[]): string => `${names.slice(0, 20).join(', ')}${names.length > 20 ? ' …' : ''}`
  return [
    repaired.length === 0
      ? 'No object was overwritten or deleted by somebody else.'
      : `Overwritten or deleted by somebody else, and right again (${repaired.length}): ${named(repaired)}.`,
    ...(lost.length === 0 ? [] : [`No version is true any more (${lost.length}): ${named(lost)}.`]),
  ]
}

/** Stores the keys that came with the place. */
export async function rememberKeysOf(deps: AgentDeps, { place, keys }: SettledPlace): Promise<void> {
  if (place.kind === 's3' && keys !== undefined) await rememberS3Keys(deps, place, keys)
}
