/**
 * What a new machine must know to take over: docs/format/vault-layout.md. `keyspace` (written once)
 * names the machine and holds the hash of vault.json; `defs/<seq>` (the newest counts) holds the
 * machine's items, their policies and which home folder writes.
 */

import { fromHex, toHex } from '../base/bytes.ts'
import type { HomeId, ItemId } from '../contract/ids.ts'
import type { Policy } from '../contract/policy.ts'
import { CborFields, type CborMap, type CborValue, cborMap, decodeCbor, encodeCbor } from './cbor.ts'
import { ensure } from './invalid.ts'
import {
  policyFromCbor,
  policyKeys,
  policyToCbor,
  type ShortenedRules,
  shortenedFromCbor,
  shortenedKeys,
  shortenedToCbor,
} from './policy.ts'

export interface KeyspaceFacts {
  readonly machine: string
  readonly createdAtMs: number
  /** SHA-256 of vault.json. */
  readonly vaultSha256: Uint8Array
}

export function encodeKeyspaceFacts(facts: KeyspaceFacts): Uint8Array {
  return encodeCbor(
    cborMap([
      [1, facts.machine],
      [2, facts.createdAtMs],
      [3, facts.vaultSha256],
    ]),
  )
}

export function decodeKeyspaceFacts(bytes: Uint8Array, what: string): KeyspaceFacts {
  const fields = new CborFields(decodeCbor(bytes, what), what)
  return { machine: fields.text(1), createdAtMs: fields.integer(2), vaultSha256: fields.bytes(3, 32) }
}

/** Why and since when an item is not backed up; times in ms since 1970 UTC. */
export interface StoppedItem {
  readonly atMs: number
  /** What becomes of its points: kept as they are, or put into the trash. */
  readonly data: 'retained' | 'deleted'
  readonly who: string
  readonly reason?: string
  /** Until then deleted points can be brought back. */
  readonly untilMs?: number
}

/** Since when a machine is removed from its vault, with its points in the trash; times in ms since 1970 UTC. */
export interface RemovedMachine {
  readonly atMs: number
  /** Until then it can be brought back. */
  readonly untilMs: number
  readonly who: string
  readonly reason?: string
}

/** An item as every machine can read it. */
export interface ItemDefinition {
  readonly id: ItemId
  readonly name: string
  /** Absolute paths, raw bytes. */
  readonly folders: readonly Uint8Array[]
  readonly excludes: readonly string[]
  /** Whether the default exclusions apply. */
  readonly defaultExcludes: boolean
  /** Whether folders on other file systems below are entered. */
  readonly crossMounts: boolean
  readonly compression: 'lz4' | 'zstd'
  /** Name of its policy; absent in definitions from before there were policies. */
  readonly policy?: string
  /** Set while it is not backed up. */
  readonly stopped?: StoppedItem
  /** Its rules were made shorter: until that is in force, those of before keep its points too. Never empty. */
  readonly shortened?: readonly ShortenedRules[]
}

export interface Definitions {
  /** The home folder that may write to this keyspace. */
  readonly writer: HomeId
  readonly items: readonly ItemDefinition[]
  /** The policies of the items, each name once; absent as above. */
  readonly policies?: readonly Policy[]
  /** Set while the machine is removed: nothing is backed up into its keyspace. */
  readonly removed?: RemovedMachine
  /** A newer writer put in what this version cannot carry over: nothing may be written in their place. */
  readonly hasUnknownFields?: true
}

export function encodeDefinitions(definitions: Definitions): Uint8Array {
  return encodeCbor(
    cborMap([
      [1, fromHex(definitions.writer)],
      [
        2,
        definitions.items.map((item) =>
          cborMap([
            [1, fromHex(item.id)],
            [2, item.name],
            [3, [...item.folders]],
            [4, [...item.excludes]],
            [5, item.defaultExcludes],
            [6, item.crossMounts],
            [7, item.compression],
            [8, item.policy],
            [9, item.stopped && encodeStopped(item.stopped)],
            [10, item.shortened?.map(shortenedToCbor)],
          ]),
        ),
      ],
      [3, definitions.policies?.map(policyToCbor)],
      [4, definitions.removed && encodeRemoved(definitions.removed)],
    ]),
  )
}

export function decodeDefinitions(bytes: Uint8Array, what: string): Definitions {
  const fields = new CborFields(decodeCbor(bytes, what), what)
  const items = fields.array(2).map((value) => new CborFields(value, what))
  const policies = fields.has(3) ? fields.array(3) : undefined
  const hasUnknownFields =
    fields.hasOtherThan(1, 2, 3, 4) ||
    items.some((item) => item.hasOtherThan(1, 2, 3, 4, 5, 6, 7, 8, 9, 10)) ||
    items.flatMap(shortenedIn).some((rules) => new CborFields(rules, what).hasOtherThan(...shortenedKeys)) ||
    policies?.some((policy) => new CborFields(policy, what).hasOtherThan(...policyKeys)) ||
    (fields.has(4) && fields.fields(4).hasOtherThan(1, 2, 3, 4))
  return {
    writer: toHex(fields.bytes(1, 16)) as HomeId,
    items: items.map((item) => decodeItem(item, what)),
    ...(policies && { policies: policies.map((policy) => policyFromCbor(policy, what)) }),
    ...(fields.has(4) && { removed: decodeRemoved(fields.fields(4)) }),
    ...(hasUnknownFields && { hasUnknownFields }),
  }
}

function decodeItem(fields: CborFields, what: string): ItemDefinition {
  const compression = fields.text(7)
  ensure(compression === 'lz4' || compression === 'zstd', what, 0, 'unknown compression')
  return {
    id: toHex(fields.bytes(1, 16)) as ItemId,
    name: fields.text(2),
    folders: fields.array(3).map((folder) => {
      ensure(folder instanceof Uint8Array, what, 0, 'a folder is not bytes')
      return folder
    }),
    excludes: fields.array(4).map((pattern) => {
      ensure(typeof pattern === 'string', what, 0, 'an exclusion is not text')
      return pattern
    }),
    defaultExcludes: fields.boolean(5),
    crossMounts: fields.boolean(6),
    compression,
    ...(fields.has(8) && { policy: fields.text(8) }),
    ...(fields.has(9) && { stopped: decodeStopped(fields.fields(9)) }),
    ...(fields.has(10) && { shortened: shortenedIn(fields).map((rules) => shortenedFromCbor(rules, what)) }),
  }
}

function shortenedIn(item: CborFields): readonly CborValue[] {
  return item.has(10) ? item.array(10) : []
}

function encodeRemoved({ atMs, untilMs, who, reason }: RemovedMachine): CborMap {
  return cborMap([
    [1, atMs],
    [2, untilMs],
    [3, who],
    [4, reason],
  ])
}

function decodeRemoved(fields: CborFields): RemovedMachine {
  return {
    atMs: fields.integer(1),
    untilMs: fields.integer(2),
    who: fields.text(3),
    ...(fields.has(4) && { reason: fields.text(4) }),
  }
}

function encodeStopped({ atMs, data, who, reason, untilMs }: StoppedItem): CborMap {
  return cborMap([
    [1, atMs],
    [2, data === 'deleted'],
    [3, who],
    [4, reason],
    [5, untilMs],
  ])
}

function decodeStopped(fields: CborFields): StoppedItem {
  return {
    atMs: fields.integer(1),
    data: fields.boolean(2) ? 'deleted' : 'retained',
    who: fields.text(3),
    ...(fields.has(4) && { reason: fields.text(4) }),
    ...(fields.has(5) && { untilMs: fields.integer(5) }),
  }
}
