/** Where the objects of a vault, or of its replica, lie; and how a place of either kind stands in a row of state.db. */
import type { S3Abilities } from '../contract/s3-server.ts'

/** A folder of this machine. */
export interface LocalPlace {
  readonly kind: 'local'
  /** Absolute folder. */
  readonly address: string
}

/** A bucket, or a prefix in one, on an S3 server. */
export interface S3Place {
  readonly kind: 's3'
  /** `s3://bucket` or `s3://bucket/prefix`. */
  readonly address: string
  readonly settings: S3Settings
}

export type StorePlace = LocalPlace | S3Place

export interface S3Settings {
  /** URL of the server; left out: AWS. */
  readonly endpoint?: string
  readonly region?: string
  /** The bucket is named in the path of the URL, not in its host. */
  readonly pathStyle: boolean
  /** `stored`: in the secrets of this home; `standard`: the AWS environment variables, else the AWS files. */
  readonly credentials: 'stored' | 'standard'
  /** Which profile of the AWS files; only with `standard`. */
  readonly profile?: string
  /** What points need stays locked for so many days at least; left out: nothing is locked. */
  readonly lockDays?: number
  /** What the server was found to do when it was last tried; left out: not tried yet. */
  readonly abilities?: S3Abilities
}

/** The columns of a place. */
export interface PlaceRow {
  readonly kind: 'local' | 's3'
  readonly address: string
  /** JSON; NULL for a folder. */
  readonly settings: string | null
}

export function placeOf({ kind, address, settings }: PlaceRow): StorePlace {
  if (kind === 'local') return { kind, address }
  return { kind, address, settings: JSON.parse(settings ?? '{}') as S3Settings }
}

export function placeRowOf(place: StorePlace): PlaceRow {
  const { kind, address } = place
  return { kind, address, settings: kind === 's3' ? JSON.stringify(place.settings) : null }
}
