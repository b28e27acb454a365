/**
 * The small objects of a keyspace: vault.json against its sealed hash, key slots, definitions, points and
 * their confirmations, index segments, and the chains between them.
 */
import { toHex } from '../base/bytes.ts'
import { VaultIndex } from '../cache/vault-index.ts'
import { sha256 } from '../codec/block-id.ts'
import { openObject } from '../codec/seal-object.ts'
import type { ChunkFileName, ItemId, KeyspaceId, PointId } from '../contract/ids.ts'
import { decodeBlockTable } from '../format/block-table.ts'
import { decodeDefinitions, decodeKeyspaceFacts } from '../format/definitions.ts'
import { decodeIndexSegment, type IndexedChunkFile } from '../format/index-segment.ts'
import { ensure } from '../format/invalid.ts'
import { decodeKeySlot } from '../format/key-slot.ts'
import { decodeConfirmation, decodePointManifest, type PointManifest } from '../format/point.ts'
import { decodeVaultFile } from '../format/vault-file.ts'
import { keyspaceLayout, type PointObjectName, parsePointName, vaultFileName } from '../format/vault-layout.ts'
import { inLanes } from '../vault/in-lanes.ts'
import { machineClaim } from '../vault/machine-claims.ts'
import type { NumberedObject } from '../vault/numbered-objects.ts'
import { readAhead } from '../vault/read-ahead.ts'
import { checkLedger } from './check-records.ts'
import type { VaultView } from './vault-view.ts'

/** Points that are opened at the same time: a vault may be far away. */
const lanes = 16

/** A point that is to be whole. */
export interface CheckedPoint {
  readonly manifest: PointManifest
  readonly name: string
  /** The sealed manifest. */
  readonly object: Buffer
}

/** Checks vault.json, the keyspace's facts and its key slots. */
export async function checkVaultFacts(view: VaultView): Promise<void> {
  const { vault } = view
  const { layout, keys } = vault
  const facts = await view.read(layout.facts, (bytes) =>
    decodeKeyspaceFacts(openObject(keys, 'keyspace', layout.facts, bytes), layout.facts),
  )
  await view.read(vaultFileName, (bytes) => {
    const isSealed = facts === undefined || sha256(bytes).equals(facts.vaultSha256)
    ensure(isSealed, vaultFileName, 0, 'its SHA-256 is not the one that the keyspace has sealed')
    const isOurs = decodeVaultFile(bytes).vaultId === vault.id
    ensure(isOurs, vaultFileName, 0, 'it is that of another vault')
  })
  if (facts !== undefined) await checkClaim(view, facts.machine)
  const slots = await view.listUnder(layout.keys)
  await view.readAll(slots, (bytes, name) => {
    const slot = decodeKeySlot(bytes, name)
    ensure(toHex(slot.keyspace) === keys.keyspace, name, 16, 'the slot is that of another keyspace')
  })
  if (slots.length === 0) {
    view.log.add(layout.keys.slice(0, -1), 0, 'no key slot is left: no passphrase opens the vault')
  }
}

/** The claim of the machine's name, where there is one: vaults from before there were any and replicas have none. */
async function checkClaim(view: VaultView, machine: string): Promise<void> {
  const { store, id, keys } = view.vault
  const name = machineClaim(id, machine)
  if ((await store.stat(name)) === undefined) return
  const claimant = await view.read(name, (bytes) => {
    ensure(bytes.length === 16, name, 0, 'it is no claim')
    return toHex(bytes) as KeyspaceId
  })
  // Of two machines that had one name before there were claims, the other may have it.
  if (claimant === undefined || claimant === keys.keyspace) return
  const isThere = (await store.stat(keyspaceLayout(claimant).facts)) !== undefined
  if (!isThere) view.log.add(name, 0, 'it claims the name of this machine for one that the vault does not have')
}

/** Opens all definitions; answers the items' names as the newest give them. */
export async function checkDefinitions(view: VaultView): Promise<ReadonlyMap<ItemId, string>> {
  const { layout, keys } = view.vault
  const numbered = await view.numberedUnder(layout.definitions)
  const sequences = numbered.map(({ sequence }) => sequence)
  const read = await view.readAll(numbered, (bytes, name) =>
    decodeDefinitions(openObject(keys, 'definitions', name, bytes), name).items.map(
      (item): readonly [ItemId, string] => [item.id, item.name],
    ),
  )
  const names = new Map(read.flatMap((items) => items ?? []))
  if (sequences.length === 0) view.log.add(layout.definitions.slice(0, -1), 0, 'no definitions are left')
  for (const missing of gapsOf(sequences)) view.log.add(layout.definition(missing), 0, 'the object is missing')
  return names
}

interface OpenedPoint {
  readonly parsed: PointObjectName
  readonly name: string
  readonly manifest: PointManifest | undefined
  readonly object: Buffer | undefined
  readonly isConfirmed: boolean
}

export interface PointsCheck {
  /** Points that can be read and are confirmed, or were. */
  readonly confirmed: readonly CheckedPoint[]
  readonly provisional: number
}

/** A point that was once seen confirmed in the vault. */
export type SeenPoint = Pick<PointManifest, 'id' | 'item' | 'sequence'>

/** Opens all points and confirmations; those that were `seen` confirmed must be there, unless they were removed. */
export async function checkPoints(
  view: VaultView,
  itemNames: ReadonlyMap<ItemId, string>,
  seen: readonly SeenPoint[],
): Promise<PointsCheck> {
  const listed = new Set((await view.listUnder(view.vault.layout.points)).map(({ name }) => name))
  const named = [...listed].flatMap((name) => {
    const parsed = parsePointName(name)
    return parsed === undefined ? [] : [{ name, parsed }]
  })
  const points = named.filter(({ parsed }) => !parsed.confirmation)
  for (const { name, parsed } of named.filter((one) => one.parsed.confirmation)) {
    const pointName = name.slice(0, -'.ok'.length)
    // It may have been put after the listing had passed its name.
    if (listed.has(pointName) || (await view.vault.store.stat(pointName)) !== undefined) continue
    hurtPoint(view, view.log.add(pointName, 0, 'the object is missing, though it was confirmed'), parsed, itemNames)
  }
  const read = await inLanes(points, lanes, async (point) => await openPoint(view, point, listed, itemNames))
  const opened = new Map(read.map((point) => [point.parsed.point, point]))
  // After the points: what was removed meanwhile has its tombstone by now.
  const removed = await checkLedger(view)
  const kept = seen.filter(({ id }) => !removed.has(id))
  const wereConfirmed = checkParents(view, opened, removed).union(checkSeen(view, opened, kept, itemNames))
  const isToBeWhole = ({ isConfirmed, parsed: { point } }: OpenedPoint) => isConfirmed || wereConfirmed.has(point)
  const all = [...opened.values()]
  return {
    confirmed: all
      .filter(isToBeWhole)
      .flatMap(({ manifest, name, object }) => (manifest && object ? [{ manifest, name, object }] : [])),
    provisional: all.filter((point) => !isToBeWhole(point)).length,
  }
}

async function openPoint(
  view: VaultView,
  { name, parsed }: { readonly name: string; readonly parsed: PointObjectName },
  listed: ReadonlySet<string>,
  itemNames: ReadonlyMap<ItemId, string>,
): Promise<OpenedPoint> {
  const { keys } = view.vault
  const isConfirmed = listed.has(`${name}.ok`)
  const onDamage = (damage: number) => {
    if (isConfirmed) hurtPoint(view, damage, parsed, itemNames)
    else view.log.get(damage).points.add(parsed.point)
  }
  let object: Buffer | undefined
  const manifest = await view.read(
    name,
    (bytes) => {
      const content = decodePointManifest(openObject(keys, 'point', name, bytes), name)
      const isNamed =
        content.id === parsed.point && content.sequence === parsed.sequence && content.item === parsed.item
      ensure(isNamed, name, 0, 'the manifest is of another point')
      object = bytes
      return content
    },
    onDamage,
  )
  if (isConfirmed) {
    const okName = `${name}.ok`
    await view.read(
      okName,
      (bytes) => {
        const confirmation = decodeConfirmation(openObject(keys, 'confirmation', okName, bytes), okName)
        const isSame = object === undefined || sha256(object).equals(confirmation.sha256)
        const isOurs = confirmation.point === parsed.point && isSame
        ensure(isOurs, okName, 0, 'it confirms another manifest')
      },
      onDamage,
    )
  }
  return { parsed, name, manifest, object, isConfirmed }
}

/**
 * Each point names the one before it and its hash; points are confirmed in their order. Answers the points whose confirmation
 * is lost.
 */
function checkParents(
  view: VaultView,
  opened: ReadonlyMap<PointId, OpenedPoint>,
  removed: ReadonlySet<PointId>,
): ReadonlySet<PointId> {
  const wereConfirmed = new Set<PointId>()
  for (const { manifest, name, isConfirmed } of opened.values()) {
    const link = manifest?.parent
    if (link === undefined || !isConfirmed || removed.has(link.id)) continue
    const parent = opened.get(link.id)
    const hurt = (object: string, reason: string) => {
      view.log.get(view.log.add(object, 0, reason)).points.add(link.id)
    }
    if (parent === undefined) {
      hurt(name, `the point before it, ${link.id}, is missing without a tombstone`)
    } else if (parent.object !== undefined && !sha256(parent.object).equals(link.sha256)) {
      hurt(parent.name, 'it is not the object that the point after it names')
    } else if (!parent.isConfirmed) {
      hurt(`${parent.name}.ok`, 'the confirmation is missing, though the point after it is confirmed')
      wereConfirmed.add(link.id)
    }
  }
  return wereConfirmed
}

/** Nothing in the vault names an item's newest point, so that only who saw it knows that it is missing. Answers as `checkParents`. */
function checkSeen(
  view: VaultView,
  opened: ReadonlyMap<PointId, OpenedPoint>,
  seen: readonly SeenPoint[],
  itemNames: ReadonlyMap<ItemId, string>,
): ReadonlySet<PointId> {
  const wereConfirmed = new Set<PointId>()
  for (const { id, item, sequence } of seen) {
    const name = view.vault.layout.point(item, sequence, id)
    const there = opened.get(id)
    if (there?.isConfirmed === true) continue
    const object = there === undefined ? name : `${there.name}.ok`
    const what = there === undefined ? 'the object' : 'the confirmation'
    const damage = view.log.add(object, 0, `${what} is missing, though this home has seen the point confirmed`)
    hurtPoint(view, damage, { item, sequence, point: id, confirmation: false }, itemNames)
    if (there !== undefined) wereConfirmed.add(id)
  }
  return wereConfirmed
}

/** Everything in a point that cannot be opened counts as affected. */
function hurtPoint(
  view: VaultView,
  damage: number,
  point: PointObjectName,
  itemNames: ReadonlyMap<ItemId, string>,
): void {
  view.log.get(damage).points.add(point.point)
  view.log.get(damage).files.add(`${itemNames.get(point.item) ?? point.item}:…`)
}

/** Opens all index segments; answers the index without `gone`, and the numbers of damages that made it incomplete. */
export async function checkIndex(
  view: VaultView,
  gone: ReadonlySet<ChunkFileName>,
): Promise<{ readonly index: VaultIndex; readonly damages: readonly number[] }> {
  const { layout, keys } = view.vault
  const damaged: { readonly sequence: number; readonly damage: number }[] = []
  const sequences: number[] = []
  const superseded = new Set<number>()
  const chunkFiles = new Map<string, { readonly file: IndexedChunkFile; readonly sequences: number[] }>()
  const read = async ({ name, sequence, sizeBytes }: NumberedObject) =>
    await view.read(
      name,
      (bytes) => {
        const content = decodeIndexSegment(openObject(keys, 'index', name, bytes), name)
        for (const { table } of content.chunkFiles) decodeBlockTable(table, name)
        return content
      },
      (damage) => damaged.push({ sequence, damage }),
      sizeBytes,
    )
  for await (const { input, result } of readAhead(await view.numberedUnder(layout.index), read)) {
    const { sequence } = input
    sequences.push(sequence)
    const segment = await result
    for (const repeated of segment?.supersedes ?? []) superseded.add(repeated)
    for (const file of segment?.chunkFiles ?? []) {
      const known = chunkFiles.get(file.name)
      // A copy of the table: the segment's other bytes need not stay in memory.
      if (known === undefined) {
        chunkFiles.set(file.name, { file: { ...file, table: Buffer.from(file.table) }, sequences: [sequence] })
      } else known.sequences.push(sequence)
    }
  }
  for (const missing of gapsOf(sequences)) {
    if (superseded.has(missing)) continue
    const damage = view.log.add(layout.indexSegment(missing), 0, 'the object is missing')
    damaged.push({ sequence: missing, damage })
  }
  // Another segment repeats what it held.
  for (const { sequence, damage } of damaged) if (superseded.has(sequence)) view.log.get(damage).state = 'harmless'
  const damages = damaged.filter(({ sequence }) => !superseded.has(sequence)).map(({ damage }) => damage)
  const live = [...chunkFiles.values()].filter(
    ({ file, sequences: from }) => !gone.has(file.name) && from.some((sequence) => !superseded.has(sequence)),
  )
  return {
    index: new VaultIndex(
      keys.keyspace,
      live.map(({ file }) => file),
    ),
    damages,
  }
}

/** Numbers below the highest that nobody has; they are given without gaps, from 0 on. */
function gapsOf(sequences: readonly number[]): number[] {
  const gaps: number[] = []
  let next = 0
  for (const sequence of sequences) {
    // A forged name must not make a list of a million million gaps.
    for (; next < sequence && gaps.length < 10_000; next++) gaps.push(next)
    next = sequence + 1
  }
  return gaps
}
