/** Bundles the shell: Electron's main process and its preload script, which runs in the sandbox and can import nothing. */
import { join } from 'node:path'
import { defineConfig } from 'vite'

const outDir = join(import.meta.dirname, '..', 'dist', 'shell')

export default defineConfig(({ mode }) => ({
  define: { 'import.meta.dirname': '__dirname' },
  // Node's own modules, and packages as Node sees them.
  resolve: { conditions: ['node', 'import', 'default'], mainFields: ['module', 'main'] },
  ssr: { noExternal: true, external: ['electron'] },
  build: {
    outDir,
    emptyOutDir: false,
    target: 'es2021',
    minify: false,
    ssr: join(import.meta.dirname, mode === 'preload' ? 'preload.ts' : 'main.ts'),
    rolldownOptions: {
      external: ['electron'],
      output: { format: 'cjs', entryFileNames: mode === 'preload' ? 'preload.cjs' : 'main.cjs' },
    },
  },
}))
