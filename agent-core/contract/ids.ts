/**
 * Branded identifiers. An id is random, lower-case hex and means nothing by itself; it is safe in
 * object names of every store (exFAT and S3 included).
 */
declare const brand: unique symbol
type Id<Name extends string> = string & { readonly [brand]: Name }

/** 32 hex digits (16 random bytes). */
export type VaultId = Id<'vault'>
/** 32 hex digits (16 random bytes): one machine's keys in a vault. */
export type KeyspaceId = Id<'keyspace'>
/** 32 hex digits (16 random bytes). */
export type ItemId = Id<'item'>
/** 32 hex digits (16 random bytes); people may type any unambiguous prefix. */
export type PointId = Id<'point'>
/** 32 hex digits (16 random bytes). */
export type JobId = Id<'job'>
/** 32 hex digits (16 random bytes): one clean-up of a vault. */
export type IntentId = Id<'intent'>
/** 32 hex digits (16 random bytes): one home folder's cache and state. */
export type HomeId = Id<'home'>
/** 64 hex digits: SHA-256 of a whole chunk file, which is also its name in a vault. */
export type ChunkFileName = Id<'chunk-file'>
