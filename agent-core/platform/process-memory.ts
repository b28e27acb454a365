import { nativeFunctions } from './native-library.ts'

/**
 * Gives memory that was freed back to the system: what worker threads have used stays with the process otherwise, which
 * counts for one that is idle for hours. Where the C library cannot do it nothing happens.
 */
export function releaseMemory(): void {
  nativeFunctions().mallocTrim?.(0)
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
