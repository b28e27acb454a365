/** Objects that are written under ascending numbers: docs/format/vault-layout.md. */
import { parseSequenceName } from '../format/vault-layout.ts'
import type { ObjectStore } from './object-store.ts'
import type { ListedObject } from './read-listed.ts'

export interface NumberedObject extends ListedObject {
  readonly sequence: number
}

/** Those under `prefix`, ascending; other names are none of this version's. Throws the store's errors. */
export async function listNumbered(
  store: ObjectStore,
  prefix: string,
  options: Parameters<ObjectStore['list']>[1] = {},
): Promise<NumberedObject[]> {
  const listed: NumberedObject[] = []
  for await (const { name, sizeBytes } of store.list(prefix, options)) {
    const sequence = parseSequenceName(name)
    if (sequence !== undefined) listed.push({ name, sequence, sizeBytes })
  }
  return listed
}
