import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { compileModule, moduleNames, modulePath } from './compile-modules.ts'

test.each(moduleNames)('%s in use is what "npm run wasm" makes of its source, without a warning', (name) => {
  const folder = mkdtempSync(join(tmpdir(), 'tharsis-wasm-'))
  try {
    const compiled = join(folder, `${name}.wasm`)
    expect(compileModule(name, compiled)).toBe('')
    expect(readFileSync(compiled).equals(readFileSync(modulePath(name)))).toBe(true)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
