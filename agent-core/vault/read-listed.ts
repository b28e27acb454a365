import type { ObjectStore } from './object-store.ts'
import { readAhead } from './read-ahead.ts'
import { readObject } from './read-object.ts'

/** An object as it was listed. */
export interface ListedObject {
  readonly name: string
  readonly sizeBytes: number
}

/**
 * Whole objects in the order of `listed`, those behind one read meanwhile. What is longer than it was listed is damaged: the
 * memory of all that is under way follows from the listing, which a hostile vault makes up. Each result as from `readObject`.
 */
export function readListed<Listed extends ListedObject>(store: ObjectStore, listed: readonly Listed[]) {
  return readAhead(listed, async ({ name, sizeBytes }) => await readObject(store, name, { maxSizeBytes: sizeBytes }))
}
