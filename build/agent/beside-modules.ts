import { readFileSync } from 'node:fs'
import { basename, dirname, extname, join } from 'node:path'
import type { Plugin } from 'vite'

/** How a module names a file beside it: a worker's entry, a process's, a WebAssembly module. */
const besideModule = /new URL\('(\.\/[^']+)', import\.meta\.url\)/g

/**
 * Takes along what a bundled module names by its address. Code becomes an entry of its own, anything else a copy; all
 * of it lies in one folder with the chunk that names it.
 */
export function besideModules(): Plugin {
  return {
    name: 'beside-modules',
    // Before the types are stripped: that turns the quotation marks.
    enforce: 'pre',
    transform(code, importer) {
      return code.replaceAll(besideModule, (_, address: string) => {
        const path = join(dirname(importer), address)
        const isCode = /^\.m?[jt]s$/.test(extname(path))
        const fileName = isCode ? `${basename(path, extname(path))}.js` : basename(path)
        if (isCode) this.emitFile({ type: 'chunk', id: path, fileName })
        else this.emitFile({ type: 'asset', source: readFileSync(path), fileName })
        return `new URL('./${fileName}', import.meta.url)`
      })
    },
  }
}
