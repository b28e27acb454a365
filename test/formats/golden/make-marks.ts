/** Wrote the golden marks, tombstones and audit entries of version 1, once, as make.ts did the other objects. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sealObject } from '../../../agent-core/codec/seal-object.ts'
import { encodeAuditEntry } from '../../../agent-core/format/audit-entry.ts'
import { encodeMark } from '../../../agent-core/format/mark.ts'
import type { SealedKind } from '../../../agent-core/format/sealed-object.ts'
import { encodeTombstones } from '../../../agent-core/format/tombstones.ts'
import { keyspaceLayout } from '../../../agent-core/format/vault-layout.ts'
import * as samples from '../samples.ts'

const folder = join(import.meta.dirname, 'v1-marks')
const random = samples.fixedRandom('golden marks of version 1')
const layout = keyspaceLayout(samples.keyspace)
const expected: { file: string; kind: SealedKind; name: string; value: unknown }[] = []

mkdirSync(folder)
const save = (file: string, kind: SealedKind, name: string, payload: Uint8Array, value: unknown) => {
  writeFileSync(join(folder, file), sealObject(samples.keys, kind, name, payload, random), { flag: 'wx' })
  expected.push({ file, kind, name, value: samples.toJson(value) })
}
for (const [number, mark] of samples.marks.entries()) {
  save(`mark-${mark.kind}`, 'mark', layout.mark(mark.point, number), encodeMark(mark), mark)
}
save('tombstones', 'tombstone', layout.tombstone(8), encodeTombstones(samples.tombstones), samples.tombstones)
for (const [sequence, entry] of samples.auditEntries.entries()) {
  save(`audit-${sequence}`, 'audit', layout.auditEntry(sequence), encodeAuditEntry(entry), entry)
}
const keys = { masterKey: samples.toJson(samples.masterKey), keyspace: samples.keyspace }
writeFileSync(join(folder, 'expected.json'), `${JSON.stringify({ ...keys, objects: expected }, null, 1)}\n`, { flag: 'wx' })
