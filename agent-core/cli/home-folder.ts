import { posix, resolve, win32 } from 'node:path'
import type { CommandLineDeps } from './command-line-deps.ts'

/**
 * The agent's home folder, absolute: `--home`, else THARSIS_HOME, else the platform's folder for application data
 * (XDG Base Directory Specification; on macOS Application Support; on Windows %LOCALAPPDATA%).
 */
export function findHomeFolder(
  given: string | undefined,
  deps: Pick<CommandLineDeps, 'env' | 'cwd' | 'platform' | 'userHome'>,
): string {
  const { env, platform, userHome } = deps
  const named = given ?? env['THARSIS_HOME']
  if (named !== undefined && named !== '') return resolve(deps.cwd, named)
  if (platform === 'darwin') return posix.join(userHome, 'Library', 'Application Support', 'Tharsis')
  if (platform === 'win32') {
    return win32.join(env['LOCALAPPDATA'] ?? win32.join(userHome, 'AppData', 'Local'), 'Tharsis')
  }
  const dataHome = env['XDG_DATA_HOME']
  // The specification: a relative path there is invalid and is ignored.
  const isUsable = dataHome !== undefined && posix.isAbsolute(dataHome)
  return posix.join(isUsable ? dataHome : posix.join(userHome, '.local', 'share'), 'tharsis')
}
