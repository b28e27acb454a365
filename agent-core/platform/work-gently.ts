import { constants, setPriority } from 'node:os'
import { nativeFunctions, systemError } from './native-library.ts'

// include/uapi/linux/ioprio.h
const IOPRIO_WHO_PROCESS = 1
const IOPRIO_CLASS_IDLE = 3
const IOPRIO_CLASS_SHIFT = 13

/**
 * Makes the calling thread, and no other, work only when nothing else wants the processor or the disk: on Linux both
 * priorities belong to threads. Throws the system's error.
 */
export function workGently(): void {
  const callingThread = 0
  setPriority(callingThread, constants.priority.PRIORITY_LOW)
  const native = nativeFunctions()
  if (native.ioprioSet(IOPRIO_WHO_PROCESS, callingThread, IOPRIO_CLASS_IDLE << IOPRIO_CLASS_SHIFT) < 0) {
    throw systemError('ioprio_set', native.errno())
  }
}
