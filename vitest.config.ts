import { defineConfig } from 'vitest/config'

/** The portable tier: no root, no network, any fresh machine. */
export default defineConfig({
  // Outside node_modules: what lies there is part of what the demo backs up.
  cacheDir: '.tmp/vite',
  test: {
    include: ['agent-core/**/*.test.ts', 'build/**/*.test.ts', 'test/**/*.test.ts'],
    exclude: ['**/node_modules/**', 'test/system/**'],
    pool: 'forks',
    allowOnly: false,
    passWithNoTests: false,
    expect: { requireAssertions: true },
    testTimeout: 20_000,
    hookTimeout: 20_000,
    reporters: ['default', './test/support/reporter/tally-reporter.ts'],
  },
})
