import v8 from 'node:v8'
import { runInNewContext } from 'node:vm'
import { nativeFunctions } from './native-library.ts'

/** What a process that is idle may grow before its memory is given back again. */
const slackBytes = 4 * 1024 * 1024

let collectGarbage: (() => void) | undefined
let restingBytes = 0

/**
 * Gives memory that was freed back to the system, for a process that is going to be idle. V8 shrinks a heap only some
 * seconds after it has collected garbage, which a process that does nothing never does by itself; the C library keeps what
 * worker threads have used, where it is not told (and where it cannot be, nothing happens).
 */
export function releaseMemory(): void {
  collectGarbage ??= exposedCollector()
  collectGarbage()
  nativeFunctions().mallocTrim?.(0)
  restingBytes = process.memoryUsage.rss()
}

/** To be called now and then by a process that is idle: as `releaseMemory`, which takes some ten milliseconds, where it has grown. */
export function releaseGrowth(): void {
  if (process.memoryUsage.rss() > restingBytes + slackBytes) releaseMemory()
  else nativeFunctions().mallocTrim?.(0)
}

/** V8's collector, which Node does not show without this flag; a context that is new after it has it. */
function exposedCollector(): () => void {
  v8.setFlagsFromString('--expose-gc')
  return runInNewContext('gc') as () => void
}

/** mallopt(3), malloc.h: how many heaps the C library makes for the threads of a process. */
const M_ARENA_MAX = -8

/**
 * Lets all threads of the process share one heap of the C library: each heap of its own keeps what its thread has freed,
 * some 20 MB for two workers that do much the same. To be called before the threads start; does nothing where the
 * C library has one heap anyway.
 */
export function shareOneHeap(): void {
  nativeFunctions().mallopt?.(M_ARENA_MAX, 1)
}
