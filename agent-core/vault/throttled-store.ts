/**
 * An object store whose puts keep to a pace, around one that does not: each to the one that `paceNow` gives when it begins,
 * undefined for none. Reading is never held back.
 */
import type { Pace } from '../base/pace.ts'
import type { ObjectStore } from './object-store.ts'

export function createThrottledStore(inner: ObjectStore, paceNow: () => Pace | undefined): ObjectStore {
  return {
    kind: inner.kind,
    address: inner.address,
    get mayDelete() {
      return inner.mayDelete
    },
    put: (name, body, options) => {
      const pace = paceNow()
      return inner.put(name, body, pace === undefined ? options : { ...options, pace })
    },
    get: (name, options) => inner.get(name, options),
    stat: (name, options) => inner.stat(name, options),
    list: (prefix, options) => inner.list(prefix, options),
    delete: (name, options) => inner.delete(name, options),
    sweep: (olderThanMs, options) => inner.sweep(olderThanMs, options),
    probe: (options) => inner.probe(options),
    close: () => inner.close(),
    ...(inner.repairVersions && { repairVersions: inner.repairVersions.bind(inner) }),
    ...(inner.locks && { locks: inner.locks }),
    ...(inner.localPath && { localPath: inner.localPath.bind(inner) }),
  }
}
