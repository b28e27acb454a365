/** `npm run wasm` compiles agent-core/codec/wasm/lz4-encoder.ts; the same source gives the same bytes. */

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { compileModule } from './compile-module.ts'

const folder = join(import.meta.dirname, '..', '..', 'agent-core', 'codec', 'wasm')
const { wasm, messages } = await compileModule(readFileSync(join(folder, 'lz4-encoder.ts'), 'utf8'))
if (messages !== '') console.log(messages)
writeFileSync(join(folder, 'lz4-encoder.wasm'), wasm)
console.log(`agent-core/codec/wasm/lz4-encoder.wasm: ${wasm.length} bytes`)
