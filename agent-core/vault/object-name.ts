/**
 * Names of objects (rule 1 of the object-store port). A segment neither begins nor ends with a dot,
 * which leaves every dotted name to the stores themselves (temporary names) and to the system the
 * vault stands on, and keeps names the same on Windows, which drops trailing dots.
 */

const SEGMENT = /^[a-z0-9_-](?:[a-z0-9._-]*[a-z0-9_-])?$/
/** Device names that Windows finds in every folder, with any extension. */
const WINDOWS_DEVICE = /^(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|$)/
const MAX_NAME_BYTES = 200

/** True when `segment` may stand between two slashes of an object name. */
export function isObjectSegment(segment: string): boolean {
  return SEGMENT.test(segment) && !WINDOWS_DEVICE.test(segment)
}

/** True when `name` obeys rule 1. */
export function isObjectName(name: string): boolean {
  return name.length <= MAX_NAME_BYTES && name.split('/').every(isObjectSegment)
}

/** Throws RangeError (a bug of the caller, never a fault of the place) when `name` breaks rule 1. */
export function assertObjectName(name: string): void {
  if (!isObjectName(name)) throw new RangeError(`not an object name: ${JSON.stringify(name)}`)
}

/** Throws RangeError unless some object name can begin with `prefix`. */
export function assertObjectPrefix(prefix: string): void {
  const segments = prefix.split('/')
  const last = segments.pop() ?? ''
  const fits = segments.every(isObjectSegment) && (last === '' || /^[a-z0-9_-][a-z0-9._-]*$/.test(last))
  if (!fits || prefix.length > MAX_NAME_BYTES) throw new RangeError(`not a prefix: ${JSON.stringify(prefix)}`)
}

/** `a/b/c` → `a/b`; a name without a slash → the empty string, the root. */
export function folderOf(name: string): string {
  return name.slice(0, Math.max(0, name.lastIndexOf('/')))
}

/** `a/b/c` → `c`. */
export function lastSegmentOf(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1)
}
