/** Builds the pages of the user interface into renderer/dist, from where agent and desktop shell serve them. */
import { join } from 'node:path'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

const projectFolder = join(import.meta.dirname, '..', '..')

export default defineConfig({
  root: join(projectFolder, 'renderer'),
  // Relative: the shell serves the pages under an address of its own.
  base: './',
  cacheDir: join(projectFolder, '.tmp', 'vite-renderer'),
  plugins: [react()],
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2023',
    // The pages' Content-Security-Policy takes no inlined files but pictures.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1200,
  },
})
