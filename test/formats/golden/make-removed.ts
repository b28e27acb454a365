/** Wrote the golden definitions of a removed machine, once (golden/removed-v1); see make.ts, which has the keys. It refuses to overwrite. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sealObject } from '../../../agent-core/codec/seal-object.ts'
import { encodeDefinitions } from '../../../agent-core/format/definitions.ts'
import { keyspaceLayout } from '../../../agent-core/format/vault-layout.ts'
import * as samples from '../samples.ts'

const folder = join(import.meta.dirname, 'removed-v1')
const random = samples.fixedRandom('golden definitions of a removed machine')
const name = keyspaceLayout(samples.keyspace).definition(4)
const value = samples.definitionsOfRemoved

mkdirSync(folder)
const save = (file: string, bytes: Uint8Array) => writeFileSync(join(folder, file), bytes, { flag: 'wx' })
save('definitions', sealObject(samples.keys, 'definitions', name, encodeDefinitions(value), random))
save('expected.json', Buffer.from(`${JSON.stringify({ name, value: samples.toJson(value) }, null, 1)}\n`))
