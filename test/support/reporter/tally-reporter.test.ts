import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const projectFolder = join(import.meta.dirname, '..', '..', '..')

const reporterPath = JSON.stringify(join(import.meta.dirname, 'tally-reporter.ts'))

const files: Readonly<Record<string, string>> = {
  'mixed.test.ts': `
    import { beforeAll, describe, expect, test } from 'vitest'
    test('passes', () => { expect(1).toBe(1) })
    test('fails', () => { expect(1).toBe(2) })
    test('asserts nothing', () => {})
    test.skip('skipped, no reason', () => { expect(1).toBe(1) })
    test('skipped in the test', (context) => { context.skip('needs a second disk') })
    describe('a group', { skip: true, meta: { skipReason: 'missing tool: mkfs.none' } }, () => {
      test('in the group', () => { expect(1).toBe(1) })
    })
    describe('broken hook', () => {
      beforeAll(() => { throw new Error('hook') })
      test('kept from running', () => { expect(1).toBe(1) })
    })`,
  'vitest.config.mjs': `
    export default {
      test: { include: ['*.test.ts'], expect: { requireAssertions: true }, reporters: ['default', ${reporterPath}] },
    }`,
  'unloadable.test.ts': `import './is-not-there.ts'`,
}

describe('TallyReporter', () => {
  let folder: string

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tharsis-reporter-'))
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
  })
  afterAll(() => rm(folder, { recursive: true }))

  test('ends with the count of everything that failed, also of what could not be loaded', async () => {
    const { output, exitCode } = await runVitest(folder, 'false')
    // Failed: the test, the one without assertion, the skip without reason, the hook and its test, the file.
    expect(output.trimEnd().split('\n').at(-1)).toBe('1 passed, 6 failed')
    expect(output).toContain('skipped: mixed.test.ts > skipped in the test (needs a second disk)')
    expect(output).toContain('skipped: mixed.test.ts > a group > in the group (missing tool: mkfs.none)')
    expect(output).toContain('skipped without a reason, counted as failed: mixed.test.ts > skipped, no reason')
    expect(exitCode).toBe(1)
  })

  test('counts a missing tool as failed in CI', async () => {
    const { output } = await runVitest(folder, 'true')
    expect(output.trimEnd().split('\n').at(-1)).toBe('1 passed, 7 failed')
  })
})

function runVitest(root: string, ci: string): Promise<{ output: string; exitCode: number }> {
  const parameters = [join(projectFolder, 'node_modules/vitest/vitest.mjs'), 'run']
  const env = { ...process.env, CI: ci, NO_COLOR: '1' }
  return new Promise((resolve) => {
    const child = execFile(process.execPath, parameters, { env, cwd: root }, (_error, stdout, stderr) => {
      resolve({ output: `${stderr}${stdout}`, exitCode: child.exitCode ?? -1 })
    })
  })
}
