/**
 * One writer per home folder, and one agent. The files `<home>/lock` and `<home>/agent/lock` are never removed: who holds its flock(2) writes,
 * and the system lets go of it when that process ends, however it ends. What the file says (pid and
 * start time of the holder, as JSON) is only for people.
 */
import { closeSync, constants, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { AgentError } from '../base/agent-error.ts'
import type { Clock } from '../base/clock.ts'
import { lockFile } from './posix.ts'

/** The lock while it is held; disposing it lets others write. */
export interface HomeLock extends Disposable {
  readonly home: string
}

/**
 * Takes the lock of `home` without waiting. Throws AgentError `home.locked` with the pid of the holder (0 when
 * it has not written it yet), also when this very process holds it, and `home.unusable` when the lock file
 * cannot be opened.
 */
export function acquireHomeLock(home: string, clock: Clock): HomeLock {
  const lock = tryLock(home, join(home, 'lock'), clock)
  if ('pid' in lock) throw new AgentError('home.locked', { home, pid: lock.pid })
  return lock
}

/** As `acquireHomeLock`: the lock `<home>/agent/lock` of the one agent that may run; throws `agent.running`. */
export function acquireAgentLock(home: string, clock: Clock): HomeLock {
  const lock = tryLock(home, join(home, 'agent', 'lock'), clock)
  if ('pid' in lock) throw new AgentError('agent.running', { home, pid: lock.pid })
  return lock
}

/** The lock, or the pid of its holder. */
function tryLock(home: string, path: string, clock: Clock): HomeLock | { readonly pid: number } {
  const fd = openLockFile(home, path)
  try {
    if (!lockFile(fd)) {
      const pid = holderOf(path)
      closeSync(fd)
      return { pid }
    }
    ftruncateSync(fd, 0)
    writeSync(fd, JSON.stringify({ pid: process.pid, startedAtMs: clock.nowMs() }), 0)
  } catch (error) {
    closeSync(fd)
    throw error
  }
  let held = true
  return {
    home,
    [Symbol.dispose]: () => {
      if (!held) return
      held = false
      ftruncateSync(fd, 0)
      closeSync(fd)
    },
  }
}

function openLockFile(home: string, path: string): number {
  try {
    return openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600)
  } catch (error) {
    throw new AgentError('home.unusable', { home, reason: (error as Error).message }, error)
  }
}

function holderOf(path: string): number {
  const match = /"pid":(\d+)/.exec(readFileSync(path, 'utf8'))
  return match ? Number(match[1]) : 0
}
