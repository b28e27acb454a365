/**
 * The long tests: the files that know of THARSIS_CAMPAIGN do more of the same where it is 1 (ten years instead of one, all
 * time zones, every bit). Parameters choose among the files by a part of their names.
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

const files = [
  'test/integration/follow-rules.test.ts',
  'test/integration/year-of-backups.test.ts',
  'agent-core/schedule/next-run.test.ts',
  'agent-core/verify/heal-vault.test.ts',
]

const wanted = process.argv.slice(2)
const chosen = wanted.length === 0 ? files : files.filter((file) => wanted.some((part) => file.includes(part)))
if (chosen.length === 0) {
  console.log(`none of ${files.join(', ')} is called like that`)
  console.log('0 passed, 1 failed')
  process.exit(1)
}
const run = spawnSync('vitest', ['run', '--testTimeout=14400000', ...chosen], {
  cwd: join(import.meta.dirname, '..'),
  env: { ...process.env, THARSIS_CAMPAIGN: '1' },
  stdio: ['ignore', 'inherit', 'inherit'],
})
if (run.error) throw run.error
process.exitCode = run.status ?? 1
