#!/usr/bin/env node
// Starts the command line on Node 24. This file alone must load on any Node: an older one would end inside a native
// module without a word, so it is replaced by the Node that the package brought along, or told to the user.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import module from 'node:module'
import { constants, homedir } from 'node:os'
import { dirname, isAbsolute, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import v8 from 'node:v8'

const leastNodeVersion = 24

if (Number.parseInt(process.versions.node, 10) >= leastNodeVersion) await run()
else runOnOwnNode()

async function run() {
  process.umask(0o077)
  // V8 sizes its heap by the machine's memory. A backup of 100,000 files makes much short-lived garbage and keeps
  // little: with these its peak is 230 MiB instead of 400. The young generation grows once, while the modules load
  // (docs/adr/0005-heap-growth.md).
  v8.setFlagsFromString('--semi-space-growth-factor=4')
  v8.setFlagsFromString('--heap-growing-percent=20')
  v8.setFlagsFromString('--min-semi-space-size=2')
  // Node strips types, and codec/ compresses, with WebAssembly, in each worker thread anew. V8 13.6 can crash when it
  // frees a wrapper that was optimised in a thread that has ended (Runtime_TierUpWasmToJSWrapper); with this budget none
  // ever is.
  v8.setFlagsFromString('--wasm-wrapper-tiering-budget=2147483647')
  // Not the shared folder for temporary files: what another user compiled would be run from there.
  const cacheHome = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache')
  if (isAbsolute(cacheHome)) module.enableCompileCache(join(cacheHome, 'tharsis', 'compiled'))
  const { startProcess } = await import('./start-process.ts')
  v8.setFlagsFromString('--semi-space-growth-factor=1')
  await startProcess({
    openAgent: async (options) => await (await import('../open-agent.ts')).openAgentOf(options),
    runAgent: async (options) => await (await import('../background-agent.ts')).runBackgroundAgent(options),
  })
}

function runOnOwnNode() {
  const ownNode = findUpwards(join('node_modules', '.bin', process.platform === 'win32' ? 'node.exe' : 'node'))
  // The variable is set where that was tried: an old binary there must not start itself for ever.
  if (ownNode === undefined || process.env['THARSIS_OWN_NODE'] === '1') {
    process.stderr.write(
      `Error: Tharsis needs Node ${leastNodeVersion} or newer; this is Node ${process.versions.node}.\n` +
        '  Run it with "npx tharsis" or "npm run", which bring their own Node 24, or update Node.\n',
    )
    process.exitCode = 1
    return
  }
  const environment = { ...process.env, THARSIS_OWN_NODE: '1' }
  const child = spawn(ownNode, process.argv.slice(1), { stdio: 'inherit', env: environment })
  // Ctrl-C at a terminal reaches the child too; to pass it on would be to ask for it twice, which stops at once.
  const hasTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY
  process.on('SIGINT', () => hasTerminal || child.kill('SIGINT'))
  for (const signal of /** @type {const} */ (['SIGTERM', 'SIGHUP'])) process.on(signal, () => child.kill(signal))
  child.on('error', (error) => {
    process.stderr.write(`Error: ${ownNode} cannot be started: ${error.message}\n`)
    process.exitCode = 1
  })
  child.on('exit', (exitStatus, signal) => {
    process.exitCode = exitStatus ?? 128 + (signal === null ? 0 : constants.signals[signal])
  })
}

/** @param {string} relativePath */
function findUpwards(relativePath) {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const path = join(folder, relativePath)
    if (existsSync(path)) return path
    if (folder === dirname(folder)) return undefined
  }
}
