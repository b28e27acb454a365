/** Where things are: in a checkout, and in an installed app, whose resources folder holds Node and the agent. */

import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import type { App } from 'electron'

export interface ShellPaths {
  /** The agent's home folder. */
  readonly home: string
  /** The Node that the agent runs on. */
  readonly node: string
  /** The command line's entry file. */
  readonly tharsis: string
  /** Built pages. */
  readonly pages: string
  readonly preload: string
  readonly pictures: string
  /** Remembers the window's place. */
  readonly windowFile: string
  readonly log: string
}

export function shellPaths(app: Pick<App, 'isPackaged' | 'getPath'>): ShellPaths {
  const userData = app.getPath('userData')
  const root = app.isPackaged ? join(process.resourcesPath, 'agent') : join(import.meta.dirname, '..', '..')
  const executable = process.platform === 'win32' ? 'node.exe' : 'node'
  const ownNode = app.isPackaged
    ? join(process.resourcesPath, 'node', executable)
    : join(root, 'node_modules', '.bin', executable)
  return {
    home: homeFolder(process.platform, process.env),
    // In a checkout on macOS the person's own Node is asked for: the registry has none for it.
    node: existsSync(ownNode) ? ownNode : 'node',
    tharsis: join(root, 'dist', 'agent-core', 'tharsis.mjs'),
    pages: join(root, 'renderer', 'dist'),
    preload: join(import.meta.dirname, 'preload.cjs'),
    pictures: app.isPackaged ? join(process.resourcesPath, 'pictures') : join(root, 'main', 'pictures'),
    windowFile: join(userData, 'window.json'),
    log: join(userData, 'shell.log'),
  }
}

/** As the command line's `findHomeFolder`, without an option. */
export function homeFolder(platform: NodeJS.Platform, env: NodeJS.ProcessEnv, userHome = homedir()): string {
  const named = env['THARSIS_HOME']
  if (named !== undefined && named !== '') return resolve(named)
  if (platform === 'darwin') return join(userHome, 'Library', 'Application Support', 'Tharsis')
  if (platform === 'win32') return join(env['LOCALAPPDATA'] ?? join(userHome, 'AppData', 'Local'), 'Tharsis')
  const dataHome = env['XDG_DATA_HOME']
  return join(dataHome?.startsWith('/') === true ? dataHome : join(userHome, '.local', 'share'), 'tharsis')
}
