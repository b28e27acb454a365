/**
 * What a test group needs from the machine, said where the group is declared:
 *
 *   describe('exFAT', needs('mkfs.exfat', 'losetup'), () => { … })
 *
 * A group whose needs are not met is skipped with its reason; the reporter prints the reason and, in CI,
 * counts a missing tool as a failure.
 */

import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Starts the reason of every skip that an installation would cure. */
export const missingToolPrefix = 'missing tool:'

declare module 'vitest' {
  interface TaskMeta {
    /** Why this test or group is skipped; one plain sentence. */
    skipReason?: string
  }
}

/** Options for `describe` or `test`. */
export type Needs = { readonly skip?: true; readonly meta?: { skipReason: string } }

/** Skips with the names of the programs that are not on PATH (or in the sbin folders); runs when all are there. */
export function needs(...tools: readonly string[]): Needs {
  const missing = tools.filter((tool) => !isInstalled(tool))
  return missing.length === 0 ? {} : skipBecause(`${missingToolPrefix} ${missing.join(', ')}`)
}

/** Skips with `reason` unless `condition` holds, e.g. `needsThat(process.getuid?.() === 0, 'needs root')`. */
export function needsThat(condition: boolean, reason: string): Needs {
  return condition ? {} : skipBecause(reason)
}

function skipBecause(reason: string): Needs {
  return { skip: true, meta: { skipReason: reason } }
}

/** True when a program of that name can be executed. Looks in the sbin folders too, as a plain user's PATH lacks them. */
export function isInstalled(tool: string): boolean {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin']
  return folders.some((folder) => isExecutable(join(folder, tool)))
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
