import { homedir } from 'node:os'
import type { OpenAgent } from '../api/agent-api.ts'
import { systemClock } from '../base/clock.ts'
import { productVersion } from '../base/package-folder.ts'
import { systemRandom } from '../base/random.ts'
import { runCommandLine } from './command-line.ts'
import type { RunAgent } from './command-line-deps.ts'

export interface StartOptions {
  readonly openAgent: OpenAgent
  readonly runAgent: RunAgent
}

/** Runs the command line on this process's own arguments, streams and signals, and sets its exit status. */
export async function startProcess({ openAgent, runAgent }: StartOptions): Promise<void> {
  process.exitCode = await runCommandLine(process.argv.slice(2), {
    openAgent,
    runAgent,
    // A getter, because merely touching process.stdin opens it.
    get stdin() {
      return process.stdin
    },
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    cwd: process.cwd(),
    platform: process.platform,
    userHome: homedir(),
    clock: systemClock,
    random: systemRandom,
    version: productVersion(),
    onStop: (stop) => onSignals(['SIGINT', 'SIGTERM'], stop),
    // SIGUSR1 opens Node's inspector.
    onWake: (wake) => onSignals(process.platform === 'win32' ? [] : ['SIGUSR2'], wake),
    exitNow: (exitStatus) => process.exit(exitStatus),
  })
}

function onSignals(signals: readonly NodeJS.Signals[], listener: () => void): Disposable {
  for (const signal of signals) process.on(signal, listener)
  return {
    [Symbol.dispose]: () => {
      for (const signal of signals) process.off(signal, listener)
    },
  }
}
