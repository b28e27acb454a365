import { z } from 'zod'
import { bytes, count, id, list, name, optional, path, text, time, type Value } from '../bounds.ts'
import type { PointId, VaultId } from '../ids.ts'
import type { S3Abilities, S3Keys } from '../s3-server.ts'
import { vaultDamage } from './overview.ts'

export const vaultDocument = z.object({
  name,
  id: id<VaultId>(),
  kind: z.enum(['local', 's3']),
  address: path,
  /** The machine whose keys this home uses there. */
  machine: text,
  access: z.enum(['owner', 'read-only']),
  secretPlace: text,
  state: z.enum(['reachable', 'unreachable']),
  reason: optional(text),
})
export type VaultDocument = Value<typeof vaultDocument>

/** The byte of a vault that was not verified for longest. */
export const unverifiedDocument = z.object({
  /** When it was last read and proven, or, never proven, since when it lies there. */
  since: time,
  /** Whole days since then. */
  days: count,
  everVerified: z.boolean(),
})
export type UnverifiedDocument = Value<typeof unverifiedDocument>

/** Object Lock of a place. */
export const lockDocument = z.object({
  /** What points need stays locked for so many days at least. */
  days: count,
  /**
   * The earliest that a lock on what points need ends, if nobody extends it; null: not known, the next backup (of a replica, the next
   * replication) extends all.
   */
  nextExpiry: time.nullable(),
})
export type LockDocument = Value<typeof lockDocument>

/** The second place of a vault. */
export const replicaDocument = z.object({
  kind: z.enum(['local', 's3']),
  address: path,
  /** It is due to be brought up to date so often, in milliseconds. */
  everyMs: z.number(),
  /** It keeps what was removed from the vault so long, in milliseconds. */
  graceMs: z.number(),
  /** When it was last brought up to date as a whole; null: never. */
  completedAt: time.nullable(),
  isDue: z.boolean(),
  state: z.enum(['reachable', 'unreachable', 'not asked']),
  reason: optional(text),
  /** Confirmed points, and bytes of all objects, that the vault has and the replica lacks; absent: not known. */
  behind: optional(z.object({ points: count, bytes })),
  /** Left out where its objects are not locked. */
  lock: optional(lockDocument),
})
export type ReplicaDocument = Value<typeof replicaDocument>

export const replicationDocument = z.object({
  vault: name,
  address: path,
  copied: z.object({ objects: count, points: count, bytes }),
  /** Objects of the vault that are damaged or missing there and that the replica does not hold either. */
  damaged: list(z.object({ object: path, reason: text })),
  /** Points that the vault has lost, without a tombstone, and that the replica still holds. */
  lost: count,
  /** Points that were not copied because of what is damaged. */
  heldBack: count,
  /** What clean-ups had removed from the vault, and the replica has let go now. */
  removed: z.object({ points: count, chunkFiles: count, bytes }),
  /** The same that it still keeps, and until when at least; null: nothing. */
  waiting: z.object({ points: count, chunkFiles: count, due: time }).nullable(),
  /** Why the replica did not let go of something. */
  refusal: optional(text),
})
export type ReplicationDocument = Value<typeof replicationDocument>

/** What only the place tells is null while it is not reachable. */
export const vaultDetails = vaultDocument.extend({
  points: count.nullable(),
  /** null: there is no chunk file, too. */
  oldestUnverified: unverifiedDocument.nullable(),
  objects: count.nullable(),
  storedBytes: bytes.nullable(),
  /** Points that are captured here, and wait for the vault. */
  waitingPoints: count,
  freeBytes: optional(bytes),
  items: list(name),
  replica: optional(replicaDocument),
  /** Left out where objects are not locked. */
  lock: optional(lockDocument),
  /** Left out where nothing is known to be damaged. */
  damage: optional(vaultDamage),
})
export type VaultDetails = Value<typeof vaultDetails>

export const createdVault = vaultDocument.extend({
  /** Shown once; opens the vault like the passphrase. */
  recoveryCode: text,
  remarks: list(text),
})
export type CreatedVault = Value<typeof createdVault>

export const connectedVault = vaultDocument.extend({ items: list(name), remarks: list(text) })

const s3Keys = z.object({
  accessKeyId: text,
  secretAccessKey: text,
  sessionToken: optional(text),
}) satisfies z.ZodType<S3Keys>

/**
 * Keys: they are stored among the secrets of this home. Otherwise those of the environment are used (AWS_ACCESS_KEY_ID …),
 * else a profile of the AWS files.
 */
export const s3Credentials = z.union([z.object({ keys: s3Keys }), z.object({ profile: optional(text) })])
export type S3Credentials = Value<typeof s3Credentials>

/** A bucket that is to become a vault, or is one. */
export const s3PlaceRequest = z.object({
  /** `s3://bucket/prefix` */
  url: text,
  endpoint: optional(text),
  region: optional(text),
  pathStyle: z.boolean(),
  credentials: s3Credentials,
  /** What points need stays locked for so many days at least. */
  lockDays: optional(count),
})
export type S3PlaceRequest = Value<typeof s3PlaceRequest>

/** A folder, or a bucket. */
export const placeRequest = z.union([path, s3PlaceRequest])
export type PlaceRequest = Value<typeof placeRequest>

export const replicaChange = z.object({
  /** An empty or new folder or prefix, or one with a replica of this vault; left out: it stays where it is. */
  place: optional(placeRequest),
  everyMs: optional(z.number().min(60_000)),
  graceMs: optional(z.number().min(0)),
  /** Takes the place of a replica that is elsewhere. */
  replace: optional(z.boolean()),
})
export type ReplicaChange = Value<typeof replicaChange>

const s3Abilities = z.object({
  conditionalPut: z.boolean(),
  checksums: z.boolean(),
  checksPayload: z.boolean(),
  versions: z.boolean(),
  objectLock: z.boolean(),
  mayDelete: z.boolean(),
}) satisfies z.ZodType<S3Abilities>

export const storeCapabilities = z.object({
  /** How a complete object gets its final name without replacing another. */
  publish: z.enum(['link', 'rename', 'conditional-put', 'put']),
  /** True when file modes keep other users of the machine out. */
  keepsModes: z.boolean(),
  /** True when the folder itself can be synced (else durability of names is the file system's word). */
  syncsFolders: z.boolean(),
  /** What protects nothing here, in plain words; empty when all is well. */
  remarks: list(text),
  /** What a server was found to do; absent for other places. */
  s3: optional(s3Abilities),
})
export type StoreCapabilities = Value<typeof storeCapabilities>

export const vaultTest = z.object({
  name,
  kind: z.enum(['local', 's3']),
  address: path,
  capabilities: storeCapabilities,
  freeBytes: optional(bytes),
  putMs: z.number(),
  getMs: z.number(),
})
export type VaultTest = Value<typeof vaultTest>

/** A bucket that can become a vault. */
export const bucketTest = vaultTest.pick({ address: true, capabilities: true })
export type BucketTest = Value<typeof bucketTest>

export const damagedObject = z.object({
  object: path,
  offset: z.number(),
  reason: text,
  /** Ids of the points it affects. */
  points: list(id<PointId>()),
  /** Every affected file, as `<item>:<path>`. */
  files: list(path, 10_000_000),
  /**
   * `open`: something that the vault must have is damaged; `harmless`: what points need of it is whole elsewhere; `healed`:
   * it was open when this verification began.
   */
  state: z.enum(['open', 'harmless', 'healed']),
  /** What was done, in words. */
  done: optional(text),
})
export type DamagedObject = Value<typeof damagedObject>

/** How deep a verification looks; each does what those before it do. */
export const verifyLevel = z.enum(['listing', 'hash', 'open', 'restore'])
export type VerifyLevel = Value<typeof verifyLevel>

export const verifyOptions = z.object({
  /** `open` when left out. */
  level: optional(verifyLevel),
  /** Share of the data chunk files that is read; left out: those whose turn it is. */
  readDataPercent: optional(z.number().min(0).max(100)),
  /** A machine of the vault, or the beginning of its keyspace's id, that this home need not be; asks for its passphrase. */
  keyspace: optional(name),
  /** Mends what can be mended; needs the home lock, and a vault that this machine writes to. */
  heal: optional(z.boolean()),
})
export type VerifyOptions = Value<typeof verifyOptions>

export const verifyDocument = z.object({
  level: verifyLevel,
  objects: count,
  bytesRead: bytes,
  chunkFiles: count,
  /** Chunk files that were read whole. */
  chunkFilesRead: count,
  points: count,
  /** Files that were restored as a sample and compared; only at level `restore`. */
  filesRestored: optional(count),
  oldestUnverified: unverifiedDocument.nullable(),
  damaged: list(damagedObject),
  /** Objects that were healed. */
  healed: count,
  /** Points that lack files for good and were marked so just now; only with `heal`. */
  markedPartial: optional(count),
  remarks: list(text),
  /** What helps against damage that is open, in sentences. */
  advice: list(text),
})
export type VerifyDocument = Value<typeof verifyDocument>
