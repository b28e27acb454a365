/**
 * Sealed objects of a vault kept in a file of the home folder, so that only new ones are read from the vault. A cache: lost
 * or rotten, it is made anew.
 */
import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { isAgentError } from '../base/agent-error.ts'
import { writeFileAtomic } from '../base/atomic-file.ts'
import { asBuffer } from '../base/bytes.ts'
import type { Log } from '../base/log.ts'
import { makeFolder } from '../base/make-folder.ts'
import { type CborValue, decodeCbor, encodeCbor } from '../format/cbor.ts'

/**
 * Keeps sealed objects between runs. They are opened anew each time, so that rot of what is kept is seen. A key is the name
 * with length or time of the object: in a vault that was put back from an older copy, a name comes to be used again.
 */
export interface ObjectMemory {
  get(key: string): Buffer | undefined
  /** All that is kept under keys of an object of that name, by key. */
  named(name: string): ReadonlyMap<string, Buffer>
  /** Replaces everything that was kept by these objects, by key. */
  keep(objects: ReadonlyMap<string, Buffer>): Promise<void>
}

/** Opens the file at `path`, which need not be there; what it holds is an array of [key, sealed object]. Never throws. */
export async function openObjectMemory(path: string, log: Log): Promise<ObjectMemory> {
  const objects = await readObjects(path, log)
  return {
    get: (key) => objects.get(key),
    named: (name) => new Map([...objects].filter(([key]) => key.startsWith(`${name} `))),
    keep: async (current) => {
      try {
        makeFolder(dirname(path))
        await writeFileAtomic(path, encodeCbor([...current].map(([key, object]) => [key, object])))
      } catch (error) {
        // Without it everything is read again next time; no reason to fail now.
        log.warn('objects of a vault were not kept', { path, reason: (error as Error).message })
      }
    },
  }
}

async function readObjects(path: string, log: Log): Promise<Map<string, Buffer>> {
  try {
    const pairs = decodeCbor(await readFile(path), path)
    const objects = new Map<string, Buffer>()
    for (const pair of Array.isArray(pairs) ? (pairs as readonly CborValue[]) : []) {
      const [key, object] = Array.isArray(pair) ? (pair as readonly CborValue[]) : []
      if (typeof key === 'string' && object instanceof Uint8Array) objects.set(key, asBuffer(object))
    }
    return objects
  } catch (error) {
    const isAbsent = (error as NodeJS.ErrnoException).code === 'ENOENT'
    if (!isAbsent) log.warn('kept objects of a vault are of no use', { path, reason: (error as Error).message })
    if (isAbsent || isAgentError(error, 'format.invalid') || 'code' in (error as Error)) return new Map()
    throw error
  }
}
