/**
 * Wrote the golden files of version 1, once. Golden files are never written again: a reader that no
 * longer opens them is wrong, not the files. So this refuses to overwrite; a later version gets a
 * folder of its own.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { blockId, sha256 } from '../../../agent-core/codec/block-id.ts'
import { createKeySlot } from '../../../agent-core/codec/key-derivation.ts'
import { sealObject } from '../../../agent-core/codec/seal-object.ts'
import { encodeDefinitions, encodeKeyspaceFacts } from '../../../agent-core/format/definitions.ts'
import { encodeIndexSegment } from '../../../agent-core/format/index-segment.ts'
import { encodeConfirmation, encodePointManifest } from '../../../agent-core/format/point.ts'
import { encodeVaultFile } from '../../../agent-core/format/vault-file.ts'
import { keyspaceLayout } from '../../../agent-core/format/vault-layout.ts'
import * as samples from '../samples.ts'

const folder = join(import.meta.dirname, 'v1')
const random = samples.fixedRandom('golden files of version 1')
const passphrase = 'correct horse battery staple ﬁne'
const recoveryCode = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
const expected: Record<string, unknown> = {}

mkdirSync(folder)
const save = (name: string, bytes: Uint8Array) => writeFileSync(join(folder, name), bytes, { flag: 'wx' })
const layout = keyspaceLayout(samples.keyspace)

const text = Buffer.from('Tharsis keeps what was.\n'.repeat(100))
const dataBlocks = [[Buffer.from('a'), Buffer.from('a small file\n'), text], [random.bytes(2_000)], [Buffer.alloc(5_000, 0x2a)]]
const data = samples.buildChunkFile({ kind: 'data', extents: dataBlocks, compression: 'lz4', random })
save('data.tcf', data.bytes)
const directory = samples.buildDirectory(samples.entries)
if (directory.ref === undefined) throw new Error('a directory without entries')
const long = samples.buildDirectory(samples.plainEntries(130))
const pages = [...directory.pages.values(), ...long.pages.values()]
const tree = samples.buildChunkFile({ kind: 'tree', extents: [pages], compression: 'zstd', random })
save('tree.tcf', tree.bytes)
for (const [name, file] of Object.entries({ data, tree })) {
  const { header, footer, table, indexed } = file
  expected[name] = { header, footer, table, name: indexed.name }
}
expected['blocks'] = { data: dataBlocks.flat(), tree: pages }

const page = pages[0] as Uint8Array
save('page.cbor', page)
expected['list'] = { ref: long.ref, entries: samples.plainEntries(130) }
expected['page'] = { id: blockId(samples.keys.id, page), entries: samples.entries }

const vaultFile = encodeVaultFile(samples.vault)
save('vault.json', vaultFile)
const manifest = samples.manifestOf(directory.ref)
const { item, sequence, id } = manifest
const facts = { ...samples.facts, vaultSha256: sha256(vaultFile) }
const segment = samples.segmentOf([data, tree])
const names = {
  point: layout.point(item, sequence, id),
  confirmation: layout.confirmation(item, sequence, id),
  index: layout.indexSegment(7),
  definitions: layout.definition(2),
  keyspace: layout.facts,
}
const sealedPoint = sealObject(samples.keys, 'point', names.point, encodePointManifest(manifest), random)
const confirmation = { ...samples.confirmation, sha256: sha256(sealedPoint) }
save('point', sealedPoint)
save('confirmation', sealObject(samples.keys, 'confirmation', names.confirmation, encodeConfirmation(confirmation), random))
save('index', sealObject(samples.keys, 'index', names.index, encodeIndexSegment(segment), random))
save('definitions', sealObject(samples.keys, 'definitions', names.definitions, encodeDefinitions(samples.definitions), random))
save('keyspace', sealObject(samples.keys, 'keyspace', names.keyspace, encodeKeyspaceFacts(facts), random))
const { definitions, vault } = samples
expected['objects'] = { names, point: manifest, confirmation, index: segment, definitions, keyspace: facts, vault }

const slot = { masterKey: samples.masterKey, keyspace: samples.keyspace, nowMs: samples.createdAtMs, random, scrypt: { log2N: 14, r: 8, p: 1 } }
save('slot-passphrase', await createKeySlot({ ...slot, kind: 'passphrase', secret: passphrase }))
save('slot-recovery-code', await createKeySlot({ ...slot, kind: 'recovery-code', secret: recoveryCode }))
expected['keys'] = { passphrase, recoveryCode, masterKey: samples.masterKey, derived: samples.keys }

save('expected.json', Buffer.from(`${JSON.stringify(samples.toJson(expected), null, 1)}\n`))
