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

// mallopt(3), malloc.h
const M_MMAP_THRESHOLD = -3
const M_ARENA_MAX = -8

/** Shorter pieces are taken from the heap. */
const leastOwnPieceBytes = 64 * 1024

/**
 * Keeps the C library's memory small in a process with threads that take and free large buffers. To be called before they start;
 * does nothing where the library has no such settings.
 *  - One heap serves all threads: each heap of its own keeps what its thread has freed, some 20 MB for two workers that do much the same.
 *  - Long pieces are mapped by themselves and go back to the system when they are freed. By its own rule the library takes
 *    ever longer ones from the heap, where they leave holes.
 *  - What loading the modules has left is given back.
 */
export function keepHeapSmall(): void {
  const { mallopt, mallocTrim } = nativeFunctions()
  mallopt?.(M_ARENA_MAX, 1)
  mallopt?.(M_MMAP_THRESHOLD, leastOwnPieceBytes)
  mallocTrim?.(0)
}
