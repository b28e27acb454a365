/** `npm run wasm`: compiles the WebAssembly modules, which are checked in, from their sources in AssemblyScript. */
import { execFileSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const projectFolder = join(import.meta.dirname, '..', '..')
const require = createRequire(import.meta.url)
const compiler = require.resolve('assemblyscript/bin/asc.js')
const modulesFolder = join(projectFolder, 'agent-core', 'codec', 'wasm')

export const moduleNames = ['lz4-encoder', 'gear-scan'] as const

/** Where the module of that name is checked in. */
export function modulePath(name: string): string {
  return join(modulesFolder, `${name}.wasm`)
}

/** Compiles a module into `file`; answers what the compiler had to say. Throws Error when it fails. */
export function compileModule(name: string, file: string): string {
  const words = [join(modulesFolder, `${name}.ts`), '--config', join(modulesFolder, 'asconfig.json'), '--outFile', file]
  return execFileSync(process.execPath, [compiler, ...words], { cwd: projectFolder, encoding: 'utf8', stdio: 'pipe' })
}

if (process.argv[1] === import.meta.filename) {
  for (const name of moduleNames) process.stdout.write(compileModule(name, modulePath(name)))
}
