import type { BaseDb } from '../cache/base-db.ts'
import { decodePage } from '../format/paged-list.ts'
import { type Content, decodePart, type Part } from '../format/tree.ts'

export interface PlacedPart {
  readonly offset: number
  readonly part: Part
}

/**
 * Answers which block stood at an offset of a file in the last point. Asked with ascending offsets from `from` on:
 * it walks the list once, leaves out the pages before `from`, and holds one page a level. Where the base lacks a page
 * it knows nothing, and the blocks are looked up like any other.
 */
export function previousBlocks(
  content: Content | undefined,
  base: BaseDb,
  from = 0,
): (offset: number, sizeBytes: number) => Uint8Array | undefined {
  if (content?.splitting.mode !== 'fixed') return () => undefined
  const parts = placedParts(content, base, from)
  let next = parts.next()
  return (offset, sizeBytes) => {
    while (next.done !== true && next.value.offset + next.value.part.sizeBytes <= offset) next = parts.next()
    if (next.done === true || next.value.offset !== offset || next.value.part.sizeBytes !== sizeBytes) return undefined
    return next.value.part.id ?? undefined
  }
}

/** The parts of a file with their offsets; it ends where the base lacks a page. */
export function* placedParts(content: Content, base: BaseDb, from: number): Generator<PlacedPart, void, undefined> {
  if ('id' in content.parts) {
    yield* placedPartsOfPage(content.parts.id, content.parts.level, base, 0, from)
    return
  }
  let offset = 0
  for (const part of content.parts) {
    yield { offset, part }
    offset += part.sizeBytes
  }
}

function* placedPartsOfPage(
  id: Uint8Array,
  level: number,
  base: BaseDb,
  pageOffset: number,
  from: number,
): Generator<PlacedPart, void, undefined> {
  const bytes = base.pages.page(id)
  if (bytes === undefined) return
  const page = decodePage(bytes, level, 'page of parts')
  let offset = pageOffset
  if ('elements' in page) {
    for (const { value } of page.elements) {
      const part = decodePart(value, 'page of parts')
      yield { offset, part }
      offset += part.sizeBytes
    }
    return
  }
  for (const link of page.links) {
    if (offset + link.totalBytes > from) yield* placedPartsOfPage(link.id, level - 1, base, offset, from)
    offset += link.totalBytes
  }
}
