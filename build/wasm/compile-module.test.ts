import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { compileModule } from './compile-module.ts'

const folder = join(import.meta.dirname, '..', '..', 'agent-core', 'codec', 'wasm')

test('the LZ4 encoder in use is what its source compiles to, without a remark', async () => {
  const { wasm, messages } = await compileModule(readFileSync(join(folder, 'lz4-encoder.ts'), 'utf8'))
  expect(messages).toBe('')
  expect(Buffer.from(wasm).equals(readFileSync(join(folder, 'lz4-encoder.wasm')))).toBe(true)
})

test('a module that does not compile says why', async () => {
  await expect(compileModule('export function f(): i32 { return missing }')).rejects.toThrow(/missing/)
})
