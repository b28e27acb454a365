/** AssemblyScript → WebAssembly, without a runtime: the source uses loads, stores and integers only. */
import { main } from 'assemblyscript/asc'

const options = ['--optimizeLevel', '3', '--noAssert', '--runtime', 'stub', '--enable', 'simd', '--noColors']

/** The module of one source file, and what the compiler remarks; throws Error with its words when it refuses. */
export async function compileModule(source: string): Promise<{ readonly wasm: Uint8Array; readonly messages: string }> {
  let wasm: Uint8Array | undefined
  let messages = ''
  const { error } = await main(['module.ts', ...options, '--outFile', 'module.wasm'], {
    readFile: (name) => (name === 'module.ts' ? source : null),
    writeFile: (_name, contents) => {
      if (typeof contents !== 'string') wasm = contents
    },
    listFiles: () => [],
    stderr: {
      write: (text) => {
        messages += text
      },
    },
  })
  if (error !== null) throw new Error(`the module does not compile\n${messages}`, { cause: error })
  if (wasm === undefined) throw new Error(`the compiler wrote no module\n${messages}`)
  return { wasm, messages }
}
