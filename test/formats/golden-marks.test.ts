/** Every mark, tombstone and audit entry of version 1 opens for ever, with the values that were put in (golden/v1-marks). */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { deriveKeys } from '../../agent-core/codec/key-derivation.ts'
import { openObject } from '../../agent-core/codec/seal-object.ts'
import type { KeyspaceId } from '../../agent-core/contract/ids.ts'
import { decodeAuditEntry } from '../../agent-core/format/audit-entry.ts'
import { decodeMark } from '../../agent-core/format/mark.ts'
import { decodeTombstones } from '../../agent-core/format/tombstones.ts'
import { toJson } from './samples.ts'

const folder = join(import.meta.dirname, 'golden', 'v1-marks')
const expected = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as {
  readonly masterKey: string
  readonly keyspace: KeyspaceId
  readonly objects: readonly { file: string; kind: 'mark' | 'tombstone' | 'audit'; name: string; value: unknown }[]
}
const keys = deriveKeys(Buffer.from(expected.masterKey.slice('hex:'.length), 'hex'), expected.keyspace)
const decoders = { mark: decodeMark, tombstone: decodeTombstones, audit: decodeAuditEntry }

test('there are objects of every kind', () => {
  expect(new Set(expected.objects.map(({ kind }) => kind))).toEqual(new Set(Object.keys(decoders)))
})

test.each(expected.objects)('$file has its value', ({ file, kind, name, value }) => {
  const payload = openObject(keys, kind, name, readFileSync(join(folder, file)))
  expect(toJson(decoders[kind](payload, file))).toEqual(value)
})
