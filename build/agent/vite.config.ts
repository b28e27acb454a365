/** Bundles agent and command line into dist/agent-core, as packages and benchmarks run them (docs/adr/0046-bundled-agent.md). */
import { join } from 'node:path'
import { defineConfig } from 'vite'
import { besideModules } from './beside-modules.ts'

const projectFolder = join(import.meta.dirname, '..', '..')

export default defineConfig({
  plugins: [besideModules()],
  publicDir: false,
  build: {
    outDir: join(projectFolder, 'dist', 'agent-core'),
    emptyOutDir: true,
    target: 'node24',
    minify: false,
    emitAssets: true,
    ssr: join(projectFolder, 'agent-core', 'cli', 'tharsis.mjs'),
    rolldownOptions: {
      output: { entryFileNames: 'tharsis.mjs', chunkFileNames: '[name]-[hash].js' },
    },
  },
})
