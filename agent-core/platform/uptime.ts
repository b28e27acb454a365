/** The time since the machine started, which nobody can set, sleep included. */
import { readFileSync } from 'node:fs'
import { uptime } from 'node:os'

export interface Uptime {
  /** Names this start of the machine; empty where the system has no name for it. */
  readonly boot: string
  readonly uptimeMs: number
}

export function systemUptime(): Uptime {
  return { boot: bootId(), uptimeMs: Math.round(uptime() * 1000) }
}

function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    // Without it a time since an earlier start looks like one since this: it has run backwards then, and does not count.
    return ''
  }
}
