/** Who a process is, so that another one can tell later whether it is still alive. */
import { readFileSync } from 'node:fs'

/** Where the system does not tell it. */
const unknownStart = 'unknown'

/** `pid:start`, where start tells processes apart that had the same pid one after the other. */
export function processIdentity(): string {
  return `${process.pid}:${startOf(process.pid) ?? unknownStart}`
}

/** Whether the process that gave this identity is alive. */
export function isAlive(identity: string): boolean {
  const [pid = '', start] = identity.split(':')
  if (start === unknownStart) return isSomeProcess(Number(pid))
  const found = startOf(Number(pid))
  return found !== undefined && found === start
}

/** Whether any process has that number, if not the same one as before. */
function isSomeProcess(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/**
 * When a process started, in clock ticks since the system did (proc(5): field 22 of /proc/PID/stat), with the boot
 * that this counts from; undefined: there is no such process.
 */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The second field is a name in brackets and may hold anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    // A process that has ended and was not yet waited for.
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
    return `${fields[19]}/${boot}`
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    // Where a user does not see those of others, it is not one of ours.
    if (code === 'ENOENT' || code === 'ESRCH' || code === 'EPERM' || code === 'EACCES') return undefined
    throw error
  }
}
