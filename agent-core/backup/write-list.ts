import type { PageStore } from '../cache/page-store.ts'
import type { Engine } from '../engine/engine.ts'
import { type CborValue, encodeCbor } from '../format/cbor.ts'
import { type ListRef, nameHash, PagedListBuilder } from '../format/paged-list.ts'
import { directoryLeafBits } from '../format/tree.ts'

/** Writes a list that a manifest names (chunk files, warnings) as tree blocks; undefined when it is empty. */
export function writeList(
  engine: Engine,
  pages: PageStore,
  elements: Iterable<{ readonly key: Uint8Array; readonly value: CborValue }>,
): ListRef | undefined {
  const builder = new PagedListBuilder(directoryLeafBits, (page) => {
    const id = engine.putTree(page)
    pages.keep(id, page)
    return id
  })
  for (const { key, value } of elements) {
    builder.add({ encoded: encodeCbor(value), key, hash: nameHash(key), sizeBytes: 0 })
  }
  return builder.finish()
}
