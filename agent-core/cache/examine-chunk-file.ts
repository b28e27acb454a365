/**
 * Looks through a whole chunk file (docs/format/chunk-file.md) and goes on behind damage: every place that is
 * wrong, and which extents are lost by it. Without keys: header, footer, chain of extent headers, SHA-256. With
 * keys: the table and every extent are opened and each block's id is compared. With what an index says of the
 * file, nothing in the file itself is needed to find its extents.
 */
import type { KeyObject } from 'node:crypto'
import { isAgentError } from '../base/agent-error.ts'
import { toHex } from '../base/bytes.ts'
import { blockId } from '../codec/block-id.ts'
import { chunkFileKey, type KeyspaceKeys } from '../codec/key-derivation.ts'
import { openExtent, openTable } from '../codec/seal-extent.ts'
import type { ChunkFileName, KeyspaceId } from '../contract/ids.ts'
import { type BlockTable, decodeBlockTable, type ExtentPlace, encodeBlockTable } from '../format/block-table.ts'
import {
  blockIdSizeBytes,
  type ChunkFileFooter,
  type ChunkFileHeader,
  decodeChunkFileFooter,
  decodeChunkFileHeader,
  decodeExtentHeader,
  extentHeaderSizeBytes,
  footerSizeBytes,
  headerAdditionalData,
  headerSizeBytes,
  tableExtentNumber,
} from '../format/chunk-file.ts'
import type { IndexedChunkFile } from '../format/index-segment.ts'
import { ensure } from '../format/invalid.ts'
import type { ChunkFileExamination, ExaminationOptions, FoundExtent, WrongPlace } from './chunk-examination.ts'
import { type ChunkFileBytes, SequentialBytes } from './sequential-bytes.ts'

/** Examines a whole chunk file. Throws what reading throws, except `format.invalid`: that is found. Memory: about 32 MiB. */
export async function examineChunkFile(
  bytes: ChunkFileBytes,
  options: ExaminationOptions,
): Promise<ChunkFileExamination> {
  return await new Examiner(bytes, options).run()
}

const tableStaysReadable = 'its blocks are found through the index all the same'

class Examiner {
  readonly #bytes: ChunkFileBytes
  readonly #options: ExaminationOptions
  readonly #indexed: IndexedChunkFile | undefined
  readonly #indexedTable: BlockTable | undefined
  readonly #wrong: WrongPlace[] = []
  readonly #extents: FoundExtent[] = []
  /** Where the file ends, or should. */
  readonly #endBytes: number
  readonly #isCutOff: boolean
  #body: SequentialBytes
  #header: ChunkFileHeader | undefined
  #footer: ChunkFileFooter | undefined
  #footerBytes = Buffer.alloc(0)
  #keys: KeyspaceKeys | undefined
  #key: KeyObject | undefined
  #table: BlockTable | undefined

  constructor(bytes: ChunkFileBytes, options: ExaminationOptions) {
    this.#bytes = bytes
    this.#options = options
    this.#indexed = options.indexed?.file
    this.#indexedTable = this.#indexed && decodeBlockTable(this.#indexed.table, options.what)
    this.#endBytes = Math.min(bytes.sizeBytes, this.#indexed?.sizeBytes ?? bytes.sizeBytes)
    this.#isCutOff = this.#endBytes < (this.#indexed?.sizeBytes ?? 0)
    this.#body = new SequentialBytes(bytes, this.#endBytes)
  }

  async run(): Promise<ChunkFileExamination> {
    await this.#readHeader()
    await this.#readFooter()
    if (this.#footer !== undefined) this.#body = new SequentialBytes(this.#bytes, this.#bodyEndBytes)
    this.#compareHeaders()
    this.#findKey()
    await this.#readTable()
    const places = this.#indexedTable?.extents ?? this.#table?.extents
    if (places === undefined) await this.#followHeaders()
    else await this.#readPlaces(places)
    const name = await this.#checkHash()
    return {
      header: this.#header,
      footer: this.#footer,
      table: this.#table,
      extents: this.#extents,
      name,
      opened: this.#key !== undefined,
      wrong: this.#wrong.toSorted((a, b) => a.offset - b.offset),
    }
  }

  async #readHeader(): Promise<void> {
    const { what } = this.#options
    await this.#finding(0, 'header', async () => {
      ensure(this.#endBytes >= headerSizeBytes, what, 0, 'cut off')
      this.#header = decodeChunkFileHeader(Buffer.from(await this.#bytes.read(0, headerSizeBytes)), what)
    })
  }

  async #readFooter(): Promise<void> {
    const indexed = this.#indexed
    const { what } = this.#options
    if (this.#isCutOff) return
    const { sizeBytes } = this.#bytes
    if (indexed !== undefined && sizeBytes > indexed.sizeBytes) {
      this.#found(indexed.sizeBytes, `${sizeBytes - indexed.sizeBytes} bytes more than were written`)
    }
    const offset = Math.max(0, this.#endBytes - footerSizeBytes)
    await this.#finding(offset, 'footer (damaged, or the file is cut off)', async () => {
      ensure(this.#endBytes >= headerSizeBytes + footerSizeBytes, what, 0, 'the file is shorter than any chunk file')
      const bytes = Buffer.from(await this.#bytes.read(offset, footerSizeBytes))
      const footer = decodeChunkFileFooter(bytes, what)
      ensure(footer.totalSizeBytes === this.#endBytes, what, 136, `it speaks of ${footer.totalSizeBytes} bytes`)
      this.#footer = footer
      this.#footerBytes = bytes
    })
  }

  #compareHeaders(): void {
    const indexed = this.#indexed
    const header = this.#header
    const footer = this.#footer
    if (header !== undefined && footer !== undefined) {
      const isSame = Buffer.compare(headerAdditionalData(header), headerAdditionalData(footer.header)) === 0
      if (!isSame) this.#found(this.#endBytes - footerSizeBytes, 'the footer does not repeat the header')
    }
    if (header === undefined || indexed === undefined) return
    const isIndexed =
      toHex(header.salt) === toHex(indexed.salt) && header.epoch === indexed.epoch && header.kind === indexed.kind
    if (!isIndexed) this.#found(0, 'the header is that of another chunk file')
  }

  #findKey(): void {
    const { indexed, keysOf } = this.#options
    const header = this.#header ?? this.#footer?.header
    const sealing = indexed?.file ?? header
    if (sealing === undefined) return
    this.#keys = indexed?.keys ?? (header && keysOf?.(toHex(header.keyspace) as KeyspaceId))
    if (this.#keys === undefined) return
    try {
      this.#key = chunkFileKey(this.#keys, sealing.epoch, sealing.salt)
    } catch (error) {
      if (!isAgentError(error, 'format.too-new')) throw error
    }
  }

  async #readTable(): Promise<void> {
    const indexed = this.#indexed
    const { what } = this.#options
    const tableOffset = this.#footer?.tableOffset ?? endOfExtents(this.#indexedTable)
    if (tableOffset === undefined || this.#isCutOff) return
    const sizeBytes = this.#footer?.tableSizeBytes ?? this.#endBytes - footerSizeBytes - tableOffset
    await this.#finding(tableOffset, 'block table', async () => {
      ensure(sizeBytes > extentHeaderSizeBytes, what, tableOffset, 'cut off')
      const bytes = await this.#bytes.read(tableOffset, sizeBytes)
      const { number, storedSizeBytes } = decodeExtentHeader(bytes, what, tableOffset)
      ensure(number === tableExtentNumber, what, tableOffset, 'something else stands in its place')
      ensure(storedSizeBytes === sizeBytes - extentHeaderSizeBytes, what, tableOffset, 'it has another length')
      const header = this.#header ?? this.#footer?.header
      if (this.#key === undefined || header === undefined) return
      const table = openTable(this.#key, header, bytes, what, tableOffset)
      if (indexed !== undefined) {
        const isIndexed = Buffer.compare(encodeBlockTable(table), indexed.table) === 0
        ensure(isIndexed, what, tableOffset, 'it is not the one in the index')
      }
      this.#table = table
    })
  }

  /** Reads the extents where a table says they are. */
  async #readPlaces(places: readonly ExtentPlace[]): Promise<void> {
    const indexed = this.#indexed
    const table = this.#indexedTable ?? this.#table
    let block = 0
    for (const [number, place] of places.entries()) {
      this.#options.signal?.throwIfAborted()
      const sizeBytes = extentHeaderSizeBytes + place.storedSizeBytes
      if (place.offset + sizeBytes > this.#bodyEndBytes) {
        const expected = indexed === undefined ? '' : ` of ${indexed.sizeBytes}`
        this.#found(this.#endBytes, `the file is cut off at ${this.#endBytes}${expected} bytes`, [
          number,
          places.length,
        ])
        return
      }
      const at = { offset: place.offset, number, firstBlock: block }
      const read = () => this.#body.read(place.offset, sizeBytes)
      await this.#finding(place.offset, `extent ${number}`, async () => this.#open(await read(), at, table), number)
      block += place.blockCount
    }
    if (this.#isCutOff) {
      this.#found(
        this.#endBytes,
        `the file is cut off at ${this.#endBytes} of ${indexed?.sizeBytes} bytes, behind its extents`,
      )
    }
  }

  #open(
    bytes: Buffer,
    at: { readonly offset: number; readonly number: number; readonly firstBlock: number },
    table: BlockTable | undefined,
  ): void {
    const { what, listBlocks } = this.#options
    const header = decodeExtentHeader(bytes, what, at.offset)
    ensure(header.number === at.number, what, at.offset, 'another extent stands in its place')
    if (this.#key === undefined || this.#keys === undefined) {
      this.#extents.push({ ...header, offset: at.offset })
      return
    }
    const { blocks } = openExtent(this.#key, at.number, bytes, what, at.offset)
    const listed: { id: Uint8Array; sizeBytes: number }[] = []
    for (const [index, block] of blocks.entries()) {
      const id = blockId(this.#keys.id, block)
      if (table !== undefined) {
        const ordinal = at.firstBlock + index
        const expected = table.ids.subarray(ordinal * blockIdSizeBytes, (ordinal + 1) * blockIdSizeBytes)
        ensure(
          id.equals(expected) && block.length === table.lengths[ordinal],
          what,
          at.offset,
          'a block has another id',
        )
      }
      if (listBlocks) listed.push({ id, sizeBytes: block.length })
    }
    this.#extents.push({ ...header, offset: at.offset, ...(listBlocks && { blocks: listed }) })
  }

  /** Finds the extents by their own headers, from the first one on; searches on behind a damaged one. */
  async #followHeaders(): Promise<void> {
    const { what } = this.#options
    const endBytes = this.#footer?.tableOffset ?? this.#bodyEndBytes
    let offset: number | undefined = headerSizeBytes
    let number = 0
    while (offset !== undefined && offset < endBytes) {
      this.#options.signal?.throwIfAborted()
      const at: number = offset
      let next: number | undefined
      let sizeBytes = 0
      await this.#finding(
        at,
        `extent ${number}`,
        async () => {
          ensure(at + extentHeaderSizeBytes <= endBytes, what, at, 'cut off')
          const header = decodeExtentHeader(await this.#body.read(at, extentHeaderSizeBytes), what, at)
          sizeBytes = extentHeaderSizeBytes + header.storedSizeBytes
          if (header.number === tableExtentNumber) {
            // Without a footer the table's own header says where the extents end.
            ensure(this.#footer === undefined, what, at, 'the table stands too early')
            next = endBytes
            number--
            return
          }
          ensure(header.number >= number, what, at, 'out of order')
          if (header.number > number) {
            this.#found(at, `extents ${number} to ${header.number - 1} are missing`, [number, header.number])
          }
          number = header.number
          ensure(at + sizeBytes <= endBytes, what, at, 'cut off')
          next = at + sizeBytes
          this.#open(await this.#body.read(at, sizeBytes), { offset: at, number, firstBlock: 0 }, undefined)
        },
        number,
      )
      offset = next ?? (await this.#findNext(at + 4, number, endBytes))
      number++
    }
    if (this.#footer !== undefined && this.#wrong.length === 0 && number !== this.#footer.extentCount) {
      this.#found(
        this.#endBytes - footerSizeBytes,
        `the footer counts ${this.#footer.extentCount} extents, there are ${number}`,
      )
    }
  }

  /** Offset of the next extent header behind a damaged one. */
  async #findNext(from: number, after: number, endBytes: number): Promise<number | undefined> {
    const { what } = this.#options
    const pieceSizeBytes = 1024 * 1024
    for (
      let offset = from;
      offset + extentHeaderSizeBytes <= endBytes;
      offset += pieceSizeBytes - extentHeaderSizeBytes
    ) {
      const piece = await this.#body.read(offset, Math.min(pieceSizeBytes, endBytes - offset)).catch(onlyDamage)
      if (piece === undefined) continue
      for (let at = piece.indexOf(extentMagic); at >= 0; at = piece.indexOf(extentMagic, at + 1)) {
        if (at + extentHeaderSizeBytes > piece.length) break
        try {
          if (decodeExtentHeader(piece.subarray(at), what, offset + at).number > after) return offset + at
        } catch (error) {
          onlyDamage(error)
        }
      }
    }
    return undefined
  }

  async #checkHash(): Promise<ChunkFileName | undefined> {
    const indexed = this.#indexed
    const { what } = this.#options
    let name: ChunkFileName | undefined
    await this.#finding(headerSizeBytes, '', async () => {
      const hash = await this.#body.hash()
      if (hash === undefined) return
      const digest = hash.copy().digest()
      name = hash.update(this.#footerBytes).digest('hex') as ChunkFileName
      // Places that are known to be wrong explain another hash.
      if (this.#wrong.length > 0) return
      const isFooters = this.#footer !== undefined && digest.equals(this.#footer.sha256)
      const hint = this.#key === undefined ? '; the key is needed to see where' : ''
      ensure(isFooters, what, headerSizeBytes, `the SHA-256 of its bytes is not the one in the footer${hint}`)
      ensure(indexed === undefined || indexed.name === name, what, headerSizeBytes, 'its SHA-256 is not its name')
    })
    return name
  }

  get #bodyEndBytes(): number {
    return this.#footer === undefined ? this.#endBytes : this.#endBytes - footerSizeBytes
  }

  #found(offset: number, reason: string, extents?: readonly [number, number]): void {
    this.#wrong.push({ offset, reason, ...(extents && { extents }) })
  }

  /** Does `work`; damage that it meets is found at `offset`, and costs extent `lost` where one is named. */
  async #finding(offset: number, part: string, work: () => Promise<void>, lost?: number): Promise<void> {
    try {
      await work()
    } catch (error) {
      const reason = reasonOf(error)
      if (reason === undefined) throw error
      const isInIndex = lost === undefined && part !== '' && this.#indexed !== undefined
      const words = `${part === '' ? '' : `${part}: `}${reason}${isInIndex ? ` (${tableStaysReadable})` : ''}`
      this.#found(offset, words, lost === undefined ? undefined : [lost, lost + 1])
    }
  }
}

const extentMagic = Buffer.from('TXT1', 'latin1')

function endOfExtents(table: BlockTable | undefined): number | undefined {
  const last = table?.extents.at(-1)
  return last && last.offset + extentHeaderSizeBytes + last.storedSizeBytes
}

/** Why bytes are not what they should be; undefined when `error` speaks of something else. */
function reasonOf(error: unknown): string | undefined {
  if (isAgentError(error, 'format.invalid')) return error.data.reason
  return isAgentError(error, 'format.too-new')
    ? `written by a newer Tharsis, or damaged (${error.data.reason})`
    : undefined
}

function onlyDamage(error: unknown): undefined {
  if (reasonOf(error) === undefined) throw error
}
