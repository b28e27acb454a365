import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

/** The portable tier: no root, no network, any fresh machine. */
export default defineConfig({
  // Outside node_modules: what lies there is part of what the demo backs up.
  cacheDir: '.tmp/vite',
  test: {
    include: [
      'agent-core/**/*.test.ts',
      'build/**/*.test.ts',
      'main/**/*.test.ts',
      'renderer/**/*.test.ts',
      'test/**/*.test.ts',
    ],
    exclude: ['**/node_modules/**', 'test/system/**'],
    pool: 'forks',
    // Left to itself, one processor is not used: on two, the tier takes twice the time.
    maxWorkers: availableParallelism(),
    // As agent-core/cli/tharsis.mjs does: V8 can crash where many worker threads have come and gone.
    execArgv: ['--wasm-wrapper-tiering-budget=2147483647'],
    allowOnly: false,
    passWithNoTests: false,
    expect: { requireAssertions: true },
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: ['default', './test/support/reporter/tally-reporter.ts'],
  },
})
