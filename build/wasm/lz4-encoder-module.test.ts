import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const projectFolder = join(import.meta.dirname, '..', '..')
const moduleFolder = join('agent-core', 'codec', 'wasm')

test('the LZ4 encoder in use is what "npm run wasm" makes of its source, without a warning', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tharsis-wasm-'))
  try {
    const compiled = join(folder, 'lz4-encoder.wasm')
    const compiler = join(projectFolder, 'node_modules', 'assemblyscript', 'bin', 'asc.js')
    const words = [compiler, '--config', join(moduleFolder, 'asconfig.json'), '--outFile', compiled]
    const messages = execFileSync(process.execPath, words, { cwd: projectFolder, encoding: 'utf8', stdio: 'pipe' })
    expect(messages).toBe('')
    const inUse = readFileSync(join(projectFolder, moduleFolder, 'lz4-encoder.wasm'))
    expect(readFileSync(compiled).equals(inUse)).toBe(true)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
