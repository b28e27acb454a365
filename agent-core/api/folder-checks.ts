/** Refuses folders that cannot be what they are named for, before anything is changed. */
import { existsSync, realpathSync, statSync } from 'node:fs'
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path'
import { AgentError } from '../base/agent-error.ts'
import { troubleWords } from '../base/file-trouble.ts'
import { makeFolder } from '../base/make-folder.ts'
import { vaultFileName } from '../format/vault-layout.ts'

/** True when `inner` is `outer` or lies in it; both absolute and real. */
export function isInside(inner: string, outer: string): boolean {
  const path = relative(outer, inner)
  return path !== '..' && !path.startsWith(`..${sep}`) && !isAbsolute(path)
}

/** A name in the one form in which vaults, items and policies are called and found, however it was typed (Unicode NFC). */
export function plainName(name: string): string {
  return name.normalize('NFC')
}

/** The plain form of a new name: what is easy to type and to read out in any shell. Throws `usage.invalid`. */
export function checkName(what: 'vault' | 'item' | 'policy' | 'machine', given: string): string {
  const name = plainName(given)
  if (/^[\p{L}\p{N}][\p{L}\p{M}\p{N}._ -]{0,63}$/u.test(name) && !name.endsWith(' ')) return name
  throw new AgentError('usage.invalid', {
    problem: `"${name.slice(0, 80)}" cannot be the name of ${what === 'item' ? 'an item' : `a ${what}`}.`,
    advice: 'Use 1 to 64 letters, digits, spaces, dots, dashes and underscores, beginning with a letter or digit.',
  })
}

/** The real path of an existing folder to protect; throws `usage.invalid`. */
export function realSourceFolder(
  folder: string,
  forbidden: readonly { readonly path: string; readonly what: string }[],
): string {
  const real = realFolder(folder, 'be protected', () => noSourceFolder(folder))
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

/**
 * The real path of the folder for a new vault, made if it is not there. It may lie in no vault and in none of
 * `apart`, nor they in it; nothing is made before that is sure. Throws `usage.invalid`, `vault.*`.
 */
export function realVaultFolder(
  folder: string,
  apart: readonly { readonly path: string; readonly what: string }[],
): string {
  requirePlain(folder)
  requireApart(folder, realPathOfFuture(folder), apart)
  try {
    makeFolder(folder)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST' || code === 'ENOTDIR') throw noVaultFolder(folder, troubleWords(error), error)
    if (code === 'ENAMETOOLONG') throw unusable(folder, 'hold a vault', troubleWords(error), error)
    if (code === 'ENOENT') throw unusable(folder, 'hold a vault', 'no folder can be made there', error)
    if (code === 'ENOSPC') throw new AgentError('vault.full', { address: folder }, error)
    throw new AgentError('vault.denied', { address: folder, reason: troubleWords(error) }, error)
  }
  return realFolder(folder, 'hold a vault', () => noVaultFolder(folder, 'it is not a folder'))
}

function requireApart(
  folder: string,
  real: string,
  apart: readonly { readonly path: string; readonly what: string }[],
): void {
  const other = apart.find(({ path }) => isInside(real, path) || isInside(path, real))
  if (other !== undefined) {
    throw new AgentError('usage.invalid', {
      problem: `The vault folder ${folder} and ${other.what} (${other.path}) lie in each other.`,
      advice: 'Keep the vault apart from the home folder and from other vaults, best on another disk.',
    })
  }
  for (let outer = dirname(real); ; outer = dirname(outer)) {
    if (existsSync(join(outer, vaultFileName)) && existsSync(join(outer, 'keyspaces'))) {
      throw new AgentError('usage.invalid', {
        problem: `The vault folder ${folder} lies in the vault ${outer}.`,
        advice: 'Give a folder of its own, or use that vault with "tharsis vault connect".',
      })
    }
    if (outer === dirname(outer)) return
  }
}

/** The real path that a folder has, or will have once it is made. */
export function realPathOfFuture(folder: string): string {
  try {
    return realpathSync(folder)
  } catch (error) {
    const parent = dirname(folder)
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || parent === folder) return resolve(folder)
    return join(realPathOfFuture(parent), basename(folder))
  }
}

function realFolder(folder: string, purpose: string, notAFolder: () => AgentError): string {
  requirePlain(folder)
  let real: string
  try {
    real = realpathSync(folder)
    if (!statSync(real).isDirectory()) throw notAFolder()
  } catch (error) {
    if (error instanceof AgentError) throw error
    throw unusable(folder, purpose, troubleWords(error), error)
  }
  return real
}

function unusable(folder: string, purpose: string, reason: string, cause: unknown): AgentError {
  return new AgentError(
    'usage.invalid',
    { problem: `${folder} cannot ${purpose}: ${reason}.`, advice: 'Give an existing folder that you may read.' },
    cause,
  )
}

function requirePlain(folder: string): void {
  if (folder !== '' && !folder.includes('\0') && isAbsolute(folder)) return
  throw new AgentError('usage.invalid', {
    problem: folder === '' ? 'An empty folder name was given.' : `"${folder.slice(0, 200)}" is not an absolute path.`,
    advice: 'Give the whole path of a folder.',
  })
}

function noSourceFolder(folder: string): AgentError {
  return new AgentError('usage.invalid', {
    problem: `${folder} is not a folder.`,
    advice: 'Give a folder; single files are protected with the folder they are in.',
  })
}

function noVaultFolder(folder: string, reason: string, cause?: unknown): AgentError {
  const data = {
    problem: `${folder} cannot hold a vault: ${reason}.`,
    advice: 'Give an empty or new folder for the vault, best on another disk.',
  }
  return new AgentError('usage.invalid', data, cause)
}
