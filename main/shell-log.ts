import { appendFileSync, mkdirSync, renameSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { clock } from './clock.ts'

/** Writes one line; an error's own words are added. */
export type ShellLog = (words: string, error?: unknown) => void

const maxSizeBytes = 512 * 1024

/** A log file of the shell, and the one before it. The agent has its own. */
export function shellLog(path: string): ShellLog {
  mkdirSync(dirname(path), { recursive: true })
  return (words, error) => {
    const reason = error === undefined ? '' : `: ${error instanceof Error ? error.message : JSON.stringify(error)}`
    const line = `${new Date(clock.nowMs()).toISOString()} ${words}${reason}`.replaceAll(/[\r\n]+/g, ' ')
    try {
      if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > maxSizeBytes) renameSync(path, `${path}.1`)
      appendFileSync(path, `${line}\n`, { mode: 0o600 })
    } catch {
      // A full disk must not end the shell; the tray shows what matters.
    }
  }
}
