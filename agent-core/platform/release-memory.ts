import { nativeFunctions } from './native-library.ts'

/**
 * Gives memory that was freed back to the system: what worker threads have used stays with the process otherwise, which
 * counts for one that is idle for hours. Where the C library cannot do it nothing happens.
 */
export function releaseMemory(): void {
  nativeFunctions().mallocTrim?.(0)
}
