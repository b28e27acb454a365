import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

const projectFolder = join(import.meta.dirname, '..', '..')

/** The system tier: loop file systems, FUSE, kills and full disks. One file at a time, since they share the machine. */
export default defineConfig({
  root: projectFolder,
  test: {
    include: ['test/system/**/*.system.test.ts'],
    pool: 'forks',
    fileParallelism: false,
    allowOnly: false,
    passWithNoTests: false,
    expect: { requireAssertions: true },
    testTimeout: 300_000,
    hookTimeout: 120_000,
    reporters: ['default', join(projectFolder, 'test/support/reporter/tally-reporter.ts')],
  },
})
