/**
 * Wrote the golden files of what a clean-up leaves, once (golden/clean-up-v1); see make.ts, which has the keys. It refuses
 * to overwrite.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sealObject } from '../../../agent-core/codec/seal-object.ts'
import type { IntentId } from '../../../agent-core/contract/ids.ts'
import { encodeIndexGone, encodeIntent, encodeIntentEnd } from '../../../agent-core/format/clean-up.ts'
import { encodeIndexSegment } from '../../../agent-core/format/index-segment.ts'
import type { SealedKind } from '../../../agent-core/format/sealed-object.ts'
import { keyspaceLayout } from '../../../agent-core/format/vault-layout.ts'
import * as samples from '../samples.ts'

const folder = join(import.meta.dirname, 'clean-up-v1')
const random = samples.fixedRandom('golden files of a clean-up')
const layout = keyspaceLayout(samples.keyspace)
const id = 'e0e1e2e3e4e5e6e7e8e9eaebecedeeef' as IntentId
const file = samples.buildChunkFile({
  kind: 'data',
  extents: [[Buffer.from('merged')]],
  compression: 'lz4',
  random,
})
const segment = samples.compactedOf([file])

const objects: readonly (readonly [file: string, SealedKind, name: string, payload: Uint8Array, value: unknown])[] = [
  ['intent', 'intent', layout.intent(id), encodeIntent(samples.intent), samples.intent],
  ['intent-end', 'intent', layout.intentEnd(id), encodeIntentEnd(samples.intentEnd), samples.intentEnd],
  ['index-gone', 'index-gone', layout.indexGoneObject(1), encodeIndexGone(samples.indexGone), samples.indexGone],
  ['index', 'index', layout.indexSegment(8), encodeIndexSegment(segment), segment],
]

mkdirSync(folder)
const save = (name: string, bytes: Uint8Array) => writeFileSync(join(folder, name), bytes, { flag: 'wx' })
const expected: Record<string, unknown> = {}
for (const [saved, kind, name, payload, value] of objects) {
  save(saved, sealObject(samples.keys, kind, name, payload, random))
  expected[saved] = { name, value: samples.toJson(value) }
}
save('expected.json', Buffer.from(`${JSON.stringify(expected, null, 1)}\n`))
