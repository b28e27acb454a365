import type { BaseDb } from '../cache/base-db.ts'
import { decodePage } from '../format/paged-list.ts'
import { type Content, decodePart, type Part } from '../format/tree.ts'

/**
 * Answers which block stood at an offset of a file in the last point. Asked with ascending offsets:
 * it walks the list once and holds one page a level. Where the base lacks a page it knows nothing,
 * and the blocks are looked up like any other.
 */
export function previousBlocks(
  content: Content | undefined,
  base: BaseDb,
): (offset: number, sizeBytes: number) => Uint8Array | undefined {
  if (content?.splitting.mode !== 'fixed') return () => undefined
  const parts = walkParts(content, base)
  let part = parts.next()
  let at = 0
  return (offset, sizeBytes) => {
    while (part.done !== true && at + part.value.sizeBytes <= offset) {
      at += part.value.sizeBytes
      part = parts.next()
    }
    if (part.done === true || at !== offset || part.value.sizeBytes !== sizeBytes) return undefined
    return part.value.id ?? undefined
  }
}

function* walkParts(content: Content, base: BaseDb): Generator<Part, void, undefined> {
  if (!('id' in content.parts)) {
    yield* content.parts
    return
  }
  yield* walkPage(content.parts.id, content.parts.level, base)
}

function* walkPage(id: Uint8Array, level: number, base: BaseDb): Generator<Part, void, undefined> {
  const bytes = base.treePage(id)
  if (bytes === undefined) return
  const page = decodePage(bytes, level, 'page of parts')
  if ('elements' in page) {
    for (const { value } of page.elements) yield decodePart(value, 'page of parts')
  } else {
    for (const link of page.links) yield* walkPage(link.id, level - 1, base)
  }
}
