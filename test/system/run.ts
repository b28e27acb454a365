/**
 * `npm run test:system [-- --install] [-- vitest arguments]`: the tier that needs Linux, root, loop devices and FUSE.
 *
 *   1. says what is missing on this machine and which tests that leaves out; installs it only with --install
 *   2. runs test/system/**\/*.system.test.ts, one file at a time
 *   3. fails in CI (CI=true) when anything was missing, whatever the tests said
 */

import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { installOldElectron } from './old-electron.ts'
import { missingSystemTools } from './system-tools.ts'

const projectFolder = join(import.meta.dirname, '..', '..')
const isCi = process.env['CI'] === 'true'
const passedOn = process.argv.slice(2).filter((argument) => argument !== '--install')

if (process.platform !== 'linux') endWith(`the system tier runs on Linux; this is ${process.platform}`)
if (process.getuid?.() !== 0) endWith('the system tier needs root: it makes loop devices and mounts')
if (process.argv.includes('--install')) installMissing()

const missing = missingSystemTools()
for (const tool of missing) {
  console.log(`missing: ${tool.name} (apt package ${tool.aptPackage}); without it not run: ${tool.neededFor}`)
}
if (missing.length > 0) console.log('install all of it with: npm run test:system -- --install')

const run = spawnSync('vitest', ['run', '--config', 'test/system/vitest.config.ts', ...passedOn], {
  cwd: projectFolder,
  stdio: ['ignore', 'inherit', 'inherit'],
})
if (run.error) throw run.error
process.exitCode = run.status === 0 && isCi && missing.length > 0 ? 1 : (run.status ?? 1)

function installMissing(): void {
  const packages = [...new Set(missingSystemTools().map((tool) => tool.aptPackage))]
  if (packages.length > 0) {
    console.log(`installing ${packages.join(' ')}`)
    const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    apt(['update', '-q'], environment)
    apt(['install', '-q', '-y', '--no-install-recommends', ...packages], environment)
    for (const tool of missingSystemTools()) tool.installMore?.()
  }
  installOldElectron()
}

/** A failed apt-get ends nothing here: what is missing afterwards is reported by name. */
function apt(parameters: readonly string[], environment: NodeJS.ProcessEnv): void {
  const run = spawnSync('apt-get', parameters, { env: environment, stdio: ['ignore', 'inherit', 'inherit'] })
  if (run.status !== 0) console.error(`apt-get ${parameters[0]} ended with ${run.status ?? run.signal}`)
}

function endWith(reason: string): never {
  console.log(reason)
  console.log('0 passed, 1 failed')
  process.exit(1)
}
