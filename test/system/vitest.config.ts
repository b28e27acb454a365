import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

const projectFolder = join(import.meta.dirname, '..', '..')

/** The system tier: loop file systems, FUSE, kills and full disks. One file at a time, since they share the machine. */
export default defineConfig({
  root: projectFolder,
  test: {
    include: ['test/system/**/*.system.test.ts'],
    pool: 'forks',
    // As agent-core/cli/tharsis.mjs does: V8 can crash where many worker threads have come and gone.
    execArgv: ['--wasm-wrapper-tiering-budget=2147483647'],
    fileParallelism: false,
    allowOnly: false,
    passWithNoTests: false,
    expect: { requireAssertions: true },
    testTimeout: 300_000,
    hookTimeout: 120_000,
    reporters: ['default', join(projectFolder, 'test/support/reporter/tally-reporter.ts')],
  },
})
