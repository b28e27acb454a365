import { readdirSync } from 'node:fs'
import type { BaseDb } from '../cache/base-db.ts'
import type { KeyspaceId } from '../contract/ids.ts'

/**
 * True when the cache holds every chunk file of the keyspace that the base knows: then each of its points restores
 * without the vault. Which of them a single point needs is not asked, since that would mean to walk its tree: with the
 * oldest payload gone, hardly any point is whole in the cache.
 */
export function isWholeInCache(base: BaseDb, chunkFolder: string, keyspace: KeyspaceId): boolean {
  const known = [...base.chunkFileStates(keyspace)].filter(([, state]) => state !== 'gone')
  const here = new Set(namesIn(chunkFolder))
  return known.length > 0 && known.every(([name]) => here.has(`${name}.tcf`))
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    return []
  }
}
