import { spawn } from 'node:child_process'
import type { ShellPaths } from './shell-paths.ts'

/**
 * Starts the agent as a process of its own, which outlives the shell. Resolves once it was started, not once it answers;
 * rejects with the system's error. One that runs already ends the new one at once.
 */
export async function startAgent({
  node,
  tharsis,
  home,
}: Pick<ShellPaths, 'node' | 'tharsis' | 'home'>): Promise<void> {
  const child = spawn(node, [tharsis, 'agent', 'run', '--home', home], {
    detached: true,
    stdio: 'ignore',
    windowsHide: true,
  })
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve)
    child.once('error', reject)
  })
  child.unref()
}
