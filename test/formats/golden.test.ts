/** Every file of version 1 opens for ever, with the values that were put in (golden/v1/expected.json). */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { blockId, sha256 } from '../../agent-core/codec/block-id.ts'
import { deriveKeys, openKeySlot } from '../../agent-core/codec/key-derivation.ts'
import { openObject } from '../../agent-core/codec/seal-object.ts'
import type { KeyspaceId } from '../../agent-core/contract/ids.ts'
import { decodeIndexGone, decodeIntent, decodeIntentEnd } from '../../agent-core/format/clean-up.ts'
import { decodeDefinitions, decodeKeyspaceFacts } from '../../agent-core/format/definitions.ts'
import { decodeIndexSegment } from '../../agent-core/format/index-segment.ts'
import { decodePage } from '../../agent-core/format/paged-list.ts'
import { decodeConfirmation, decodePointManifest } from '../../agent-core/format/point.ts'
import type { SealedKind } from '../../agent-core/format/sealed-object.ts'
import { decodeEntry } from '../../agent-core/format/tree.ts'
import { decodeVaultFile } from '../../agent-core/format/vault-file.ts'
import { openChunkFile, toJson } from './samples.ts'

const folder = join(import.meta.dirname, 'golden', 'v1')
const read = (name: string) => readFileSync(join(folder, name))

interface Expected {
  readonly keys: { passphrase: string; recoveryCode: string; masterKey: string; derived: { keyspace: KeyspaceId } }
  readonly blocks: Record<string, readonly string[]>
  readonly page: { id: string; entries: readonly unknown[] }
  readonly list: { ref: { id: string; level: number; count: number }; entries: readonly unknown[] }
  readonly objects: Record<string, unknown> & { names: Record<string, string> }
  readonly data: unknown
  readonly tree: unknown
}
const expected = JSON.parse(read('expected.json').toString('utf8')) as Expected
const masterKey = Buffer.from(expected.keys.masterKey.slice('hex:'.length), 'hex')
const keys = deriveKeys(masterKey, expected.keys.derived.keyspace)

test('both slots give the master key, and a wrong secret gives nothing', async () => {
  const { passphrase, recoveryCode } = expected.keys
  expect(await openKeySlot(read('slot-passphrase'), passphrase, 'slot')).toEqual(masterKey)
  expect(await openKeySlot(read('slot-passphrase'), passphrase.normalize('NFKC'), 'slot')).toEqual(masterKey)
  expect(await openKeySlot(read('slot-recovery-code'), recoveryCode, 'slot')).toEqual(masterKey)
  expect(await openKeySlot(read('slot-passphrase'), `${passphrase} `, 'slot')).toBeUndefined()
})

test('the master key gives the keys', () => {
  expect(toJson(keys)).toEqual(expected.keys.derived)
})

test.each(['data', 'tree'] as const)('the %s chunk file has its header, footer, table and blocks', (kind) => {
  const bytes = read(`${kind}.tcf`)
  const { header, footer, table, blocks } = openChunkFile(bytes, keys)
  expect(toJson({ header, footer, table, name: sha256(bytes).toString('hex') })).toEqual(expected[kind])
  expect(toJson(blocks)).toEqual(expected.blocks[kind])
  expect(Buffer.concat(blocks.map((block) => blockId(keys.id, block)))).toEqual(table.ids)
})

test('the page has its entries', () => {
  const bytes = read('page.cbor')
  const page = decodePage(bytes, 0, 'page')
  if (!('elements' in page)) throw new Error('not a page of entries')
  expect(toJson(blockId(keys.id, bytes))).toBe(expected.page.id)
  expect(toJson(page.elements.map(({ value }) => decodeEntry(value, 'entry')))).toEqual(expected.page.entries)
})

test('the list of several pages has its entries in order', () => {
  const { blocks } = openChunkFile(read('tree.tcf'), keys)
  const byId = new Map(blocks.map((block) => [toJson(blockId(keys.id, block)), block]))
  const walk = (id: unknown, level: number): unknown[] => {
    const page = decodePage(byId.get(id) as Uint8Array, level, 'page')
    if ('links' in page) return page.links.flatMap((link) => walk(toJson(link.id), level - 1))
    return page.elements.map(({ value }) => toJson(decodeEntry(value, 'entry')))
  }
  const { ref, entries } = expected.list
  expect(ref.level).toBe(1)
  expect(walk(ref.id, ref.level)).toEqual(entries)
})

const decoders: readonly (readonly [SealedKind, (bytes: Uint8Array, what: string) => unknown])[] = [
  ['point', decodePointManifest],
  ['confirmation', decodeConfirmation],
  ['index', decodeIndexSegment],
  ['definitions', decodeDefinitions],
  ['keyspace', decodeKeyspaceFacts],
]

test.each(decoders)('the sealed %s object has its value', (kind, decode) => {
  const payload = openObject(keys, kind, expected.objects.names[kind] as string, read(kind))
  expect(toJson(decode(payload, kind))).toEqual(expected.objects[kind])
})

test('vault.json has its value', () => {
  expect(decodeVaultFile(read('vault.json'))).toEqual(expected.objects['vault'])
})

const cleanUp = join(import.meta.dirname, 'golden', 'clean-up-v1')
const leftByCleanUp = JSON.parse(readFileSync(join(cleanUp, 'expected.json'), 'utf8')) as Record<
  string,
  { readonly name: string; readonly value: unknown }
>
const cleanUpDecoders: readonly (readonly [string, SealedKind, (bytes: Uint8Array, what: string) => unknown])[] = [
  ['intent', 'intent', decodeIntent],
  ['intent-end', 'intent', decodeIntentEnd],
  ['index-gone', 'index-gone', decodeIndexGone],
  ['index', 'index', decodeIndexSegment],
]

test.each(cleanUpDecoders)('what a clean-up leaves: %s has its value', (file, kind, decode) => {
  const { name, value } = leftByCleanUp[file] as (typeof leftByCleanUp)[string]
  const payload = openObject(keys, kind, name, readFileSync(join(cleanUp, file)))
  expect(toJson(decode(payload, name))).toEqual(value)
})

test.each(['policies-v1', 'shortened-v1', 'removed-v1'])('definitions of %s have their value', (version) => {
  const place = join(import.meta.dirname, 'golden', version)
  const { name, value } = JSON.parse(readFileSync(join(place, 'expected.json'), 'utf8')) as Record<string, unknown>
  const payload = openObject(keys, 'definitions', String(name), readFileSync(join(place, 'definitions')))
  expect(toJson(decodeDefinitions(payload, 'definitions'))).toEqual(value)
})
