/** Refuses folders that cannot be what they are named for, before anything is changed. */
import { mkdirSync, realpathSync, statSync } from 'node:fs'
import { isAbsolute, relative } from 'node:path'
import { AgentError } from '../base/agent-error.ts'

/** True when `inner` is `outer` or lies in it; both absolute and real. */
export function isInside(inner: string, outer: string): boolean {
  const path = relative(outer, inner)
  return path === '' || (!path.startsWith('..') && !isAbsolute(path))
}

/** Names of vaults and items: what is easy to type and to read out in any shell. */
export function checkName(what: 'vault' | 'item', name: string): void {
  if (/^[\p{L}\p{N}][\p{L}\p{N}._ -]{0,63}$/u.test(name) && !name.endsWith(' ')) return
  throw new AgentError('usage.invalid', {
    problem: `"${name.slice(0, 80)}" cannot be the name of ${what === 'item' ? 'an item' : 'a vault'}.`,
    advice: 'Use 1 to 64 letters, digits, spaces, dots, dashes and underscores, beginning with a letter or digit.',
  })
}

/** The real path of an existing folder to protect; throws `usage.invalid`. */
export function realSourceFolder(
  folder: string,
  forbidden: readonly { readonly path: string; readonly what: string }[],
): string {
  const real = realFolder(folder, 'be protected')
  for (const { path, what } of forbidden) {
    if (isInside(real, path)) {
      throw new AgentError('usage.invalid', {
        problem: `${folder} lies in ${what} (${path}) and cannot be protected.`,
        advice: 'Choose folders with your own files.',
      })
    }
  }
  return real
}

/** The real path of the folder for a new vault, made if it is not there; throws `usage.invalid`, `vault.*`. */
export function realVaultFolder(folder: string, home: string): string {
  requirePlain(folder)
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'EEXIST' || code === 'ENOTDIR') throw notAFolder(folder, error)
    if (code === 'ENOSPC') throw new AgentError('vault.full', { address: folder }, error)
    throw new AgentError('vault.denied', { address: folder, reason: message }, error)
  }
  const real = realFolder(folder, 'hold a vault')
  const root = realpathSync(home)
  if (isInside(real, root) || isInside(root, real)) {
    throw new AgentError('usage.invalid', {
      problem: `The vault folder ${folder} and the home folder ${home} lie in each other.`,
      advice: 'Keep the vault apart from the home folder, best on another disk.',
    })
  }
  return real
}

function realFolder(folder: string, purpose: string): string {
  requirePlain(folder)
  let real: string
  try {
    real = realpathSync(folder)
    if (!statSync(real).isDirectory()) throw notAFolder(folder)
  } catch (error) {
    if (error instanceof AgentError) throw error
    const { code, message } = error as NodeJS.ErrnoException
    const reason = code === 'ENOENT' ? 'it is not there' : message
    throw new AgentError(
      'usage.invalid',
      { problem: `${folder} cannot ${purpose}: ${reason}.`, advice: 'Give an existing folder that you may read.' },
      error,
    )
  }
  return real
}

function requirePlain(folder: string): void {
  if (folder !== '' && !folder.includes('\0') && isAbsolute(folder)) return
  throw new AgentError('usage.invalid', {
    problem: folder === '' ? 'An empty folder name was given.' : `"${folder.slice(0, 200)}" is not an absolute path.`,
    advice: 'Give the whole path of a folder.',
  })
}

function notAFolder(folder: string, cause?: unknown): AgentError {
  const data = {
    problem: `${folder} is not a folder.`,
    advice: 'Give a folder; single files are protected with the folder they are in.',
  }
  return new AgentError('usage.invalid', data, cause)
}
