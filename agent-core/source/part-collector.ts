/** Collects the parts of one file in order: a few stay inline, many go into a paged list. */
import { encodeCbor } from '../format/cbor.ts'
import { idHash, type ListRef, PagedListBuilder, type PutPage } from '../format/paged-list.ts'
import { encodePart, maxInlineParts, type Part, partsLeafBits } from '../format/tree.ts'

const noKey = new Uint8Array(0)
/** Zeros never end a page: a hash without low zero bits. */
const zerosHash = 0xffff_ffff

export class PartCollector {
  readonly #putPage: PutPage
  #inline: Part[] = []
  #list: PagedListBuilder | undefined
  #zerosBytes = 0

  constructor(putPage: PutPage) {
    this.#putPage = putPage
  }

  /** Neighbouring zeros become one part. */
  add(part: Part): void {
    if (part.id === null) {
      this.#zerosBytes += part.sizeBytes
      return
    }
    this.#flushZeros()
    this.#put(part)
  }

  /** The parts, or the list that holds them. */
  finish(): readonly Part[] | ListRef {
    this.#flushZeros()
    return this.#list?.finish() ?? this.#inline
  }

  #flushZeros(): void {
    if (this.#zerosBytes === 0) return
    this.#put({ sizeBytes: this.#zerosBytes, id: null })
    this.#zerosBytes = 0
  }

  #put(part: Part): void {
    if (this.#list !== undefined) {
      this.#addToList(this.#list, part)
      return
    }
    this.#inline.push(part)
    if (this.#inline.length <= maxInlineParts) return
    this.#list = new PagedListBuilder(partsLeafBits, this.#putPage)
    for (const earlier of this.#inline) this.#addToList(this.#list, earlier)
    this.#inline = []
  }

  #addToList(list: PagedListBuilder, part: Part): void {
    list.add({
      encoded: encodeCbor(encodePart(part)),
      key: noKey,
      hash: part.id === null ? zerosHash : idHash(part.id),
      sizeBytes: part.sizeBytes,
    })
  }
}
