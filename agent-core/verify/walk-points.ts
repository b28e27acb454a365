/**
 * Walks the trees of all confirmed points, each shared page once: every page must open, every list must add up, and
 * every block that a file names must be in the index, in its length, undamaged. What is hurt by which damage is
 * noted there by its path on the source.
 */
import { isAgentError } from '../base/agent-error.ts'
import { shownPath } from '../base/file-warning.ts'
import { BlockReader } from '../cache/chunk-reader.ts'
import type { VaultIndex } from '../cache/vault-index.ts'
import { blockId } from '../codec/block-id.ts'
import type { PointId } from '../contract/ids.ts'
import { invalid } from '../format/invalid.ts'
import { decodePage, type ListRef, type Page } from '../format/paged-list.ts'
import { decodeEntry, decodePart, type Entry, type Part, type Splitting } from '../format/tree.ts'
import { BlockNeeds, type BlockUse } from './block-needs.ts'
import type { CheckedPoint } from './check-objects.ts'
import { damageOf, type VaultView } from './vault-view.ts'

type ListKind = 'entries' | 'parts' | 'values'

/** What a page and all below it come to. */
interface Summary {
  readonly count: number
  readonly totalBytes: number
  /** Names of the first and the last entry; only of entries. */
  readonly first: Uint8Array
  readonly last: Uint8Array
  /** Damages at or below it; its sums are not to be relied on when there are any. */
  readonly damages: ReadonlySet<number>
}

/** What is being walked. */
interface Place {
  readonly point: PointId
  readonly item: string
  readonly kind: ListKind
  /** The directory, or the file whose parts these are: its path on the source; empty for the root. */
  readonly path: Buffer
  /** Of parts: where they begin in their file, and how it was split. */
  readonly offset?: number
  readonly splitting?: Splitting
}

/** Pages lie near each other in their chunk files; what is read by then is not read again. */
const openedPagesBudgetBytes = 12 * 1024 * 1024

const none: ReadonlySet<number> = new Set()
const noName = new Uint8Array(0)
const rootPath = Buffer.from('/')

export class PointWalk {
  readonly #view: VaultView
  readonly #index: VaultIndex
  readonly #reader: BlockReader
  /** What points need of files in which something is damaged. */
  readonly needs = new BlockNeeds()
  /** Files that cannot be restored, and folders of which not everything is known any more: paths on the source, by themselves as text. */
  readonly missing = new Map<string, Buffer>()
  /** Damages that may have taken blocks out of the index. */
  readonly #indexDamages: readonly number[]
  /** Pages with nothing damaged at or below them, by id. */
  readonly #whole = new Map<string, Summary>()
  /** Pages that are being read, with all below them. */
  readonly #underWay = new Map<string, Promise<Summary>>()
  /** Pages with damage, by item, path and id: elsewhere they hurt other files. */
  readonly #hurt = new Map<string, Summary>()

  constructor(view: VaultView, index: VaultIndex, indexDamages: readonly number[]) {
    this.#view = view
    this.#index = index
    this.#indexDamages = indexDamages
    this.#reader = new BlockReader(index, [view.vault.chunkSource()], view.vault.keys, {
      budgetBytes: openedPagesBudgetBytes,
    })
  }

  /** Walks all lists of a point. Several may be walked at the same time: what they share is read once. */
  async walk({ manifest }: CheckedPoint): Promise<void> {
    const { id, itemName, root, chunkFiles, warnings, missing } = manifest
    const place = { point: id, item: itemName, path: Buffer.alloc(0) }
    if (root !== undefined) await this.#list(root, { ...place, kind: 'entries' })
    for (const list of [chunkFiles, warnings, missing]) {
      if (list !== undefined) await this.#list(list, { ...place, kind: 'values' })
    }
  }

  async #list(list: ListRef, place: Place): Promise<Summary> {
    const summary = await this.#page(list.id, list.level, place)
    return this.#addsUp(list, summary, list.id, place)
  }

  async #page(id: Uint8Array, level: number, place: Place): Promise<Summary> {
    this.#view.task.throwIfAborted()
    const key = `${place.kind} ${level} ${latin1(id)}`
    const hurtKey = `${place.item}\0${latin1(place.path)}\0${key}`
    // Whoever walks another point may be at it: once it is read it is known here, too, unless it is hurt under another path.
    // Nothing may be awaited between the last look and the note that this walk reads it.
    for (let other = this.#underWay.get(key); other !== undefined; other = this.#underWay.get(key)) await other
    const known = this.#whole.get(key) ?? this.#hurt.get(hurtKey)
    if (known !== undefined) {
      for (const damage of known.damages) this.#view.log.get(damage).points.add(place.point)
      return known
    }
    const reading = this.#readPage(id, level, place)
      .then((summary) => {
        if (summary.damages.size === 0) this.#whole.set(key, summary)
        else this.#hurt.set(hurtKey, summary)
        return summary
      })
      .finally(() => this.#underWay.delete(key))
    this.#underWay.set(key, reading)
    return await reading
  }

  async #readPage(id: Uint8Array, level: number, place: Place): Promise<Summary> {
    const lost = this.#lossOf(id, undefined, { kind: 'tree' })
    if (lost.size > 0) return this.#hit(lost, place)
    let page: Page
    try {
      const bytes = await this.#reader.read(id)
      if (!blockId(this.#view.vault.keys.id, bytes).equals(id)) {
        throw invalid('tree page', 0, 'its bytes have another id')
      }
      page = decodePage(bytes, level, 'tree page')
    } catch (error) {
      // Bytes that are those of the id but make no page were stored so: no other copy is better.
      if (isAgentError(error, 'vault.damaged')) this.needs.addLost(id, { kind: 'tree' })
      return this.#hit(new Set([this.#pageDamage(id, error)]), place)
    }
    try {
      if ('links' in page) return await this.#links(page.links, level, id, place)
      if (place.kind === 'entries') {
        return await this.#entries(
          page.elements.map(({ value }) => decodeEntry(value, 'tree page')),
          id,
          place,
        )
      }
      if (place.kind === 'parts') {
        return this.#parts(
          page.elements.map(({ value }) => decodePart(value, 'page of parts')),
          place,
        )
      }
      return { count: page.elements.length, totalBytes: 0, first: noName, last: noName, damages: none }
    } catch (error) {
      if (!isAgentError(error, 'format.invalid')) throw error
      return this.#hit(new Set([this.#pageDamage(id, error)]), place)
    }
  }

  async #links(
    links: readonly (Omit<ListRef, 'level'> & { readonly key: Uint8Array })[],
    level: number,
    id: Uint8Array,
    place: Place,
  ): Promise<Summary> {
    const sums = new Sums()
    let { offset } = place
    for (const link of links) {
      const part = offset === undefined ? place : { ...place, offset }
      const below = this.#addsUp(link, await this.#page(link.id, level - 1, part), link.id, place)
      if (offset !== undefined) offset += link.totalBytes
      sums.add(below)
      const isInOrder = place.kind !== 'entries' || below.damages.size > 0 || Buffer.compare(below.last, link.key) === 0
      if (!isInOrder) sums.hurt(this.#structure(id, 'a link names another entry than its page ends with', place))
    }
    if (!sums.isAscending && place.kind === 'entries') sums.hurt(this.#structure(id, 'names are out of order', place))
    return sums.summary
  }

  async #entries(entries: readonly Entry[], id: Uint8Array, place: Place): Promise<Summary> {
    const sums = new Sums()
    for (const entry of entries) {
      const { name, directory, content, sizeBytes, origin } = entry
      const path = origin === undefined ? joined(place.path, name) : Buffer.from(origin.path)
      const totalBytes = sizeBytes ?? directory?.bytesBelow ?? 0
      const damages = new Set<number>()
      if (directory?.list !== undefined) {
        const below = await this.#list(directory.list, { ...place, path })
        for (const damage of below.damages) damages.add(damage)
        if (directory.list.totalBytes !== directory.bytesBelow) {
          this.#structure(id, 'a directory counts other bytes than its list', place, damages)
        }
      }
      if (entry.type === 'file' && content !== undefined) {
        const { splitting } = content
        const file = { ...place, path, kind: 'parts' as const, offset: 0, splitting }
        await this.#content(content.parts, sizeBytes ?? 0, file, id, damages)
      }
      sums.add({ count: 1, totalBytes, first: name, last: name, damages })
    }
    if (!sums.isAscending) sums.hurt(this.#structure(id, 'names are out of order', place))
    return sums.summary
  }

  async #content(
    parts: readonly Part[] | ListRef,
    sizeBytes: number,
    place: Place,
    page: Uint8Array,
    damages: Set<number>,
  ): Promise<void> {
    const summary = 'id' in parts ? await this.#list(parts, place) : this.#parts(parts, place)
    for (const damage of summary.damages) damages.add(damage)
    if (summary.damages.size === 0 && summary.totalBytes !== sizeBytes) {
      this.#structure(page, 'the parts of a file do not make its length', place, damages)
    }
  }

  #parts(parts: readonly Part[], place: Place): Summary {
    const damages = new Set<number>()
    let totalBytes = 0
    for (const { id, sizeBytes } of parts) {
      const at = { kind: 'data' as const, sizeBytes, path: place.path, offset: (place.offset ?? 0) + totalBytes }
      totalBytes += sizeBytes
      if (id === null) continue
      for (const damage of this.#lossOf(id, sizeBytes, at, place.splitting)) damages.add(damage)
    }
    if (damages.size > 0) this.#hit(damages, place)
    return { count: parts.length, totalBytes, first: noName, last: noName, damages }
  }

  /** Damages that a block is lost by; none when a copy of it is whole, as far as is known. */
  #lossOf(id: Uint8Array, sizeBytes: number | undefined, use: BlockUse, splitting?: Splitting): ReadonlySet<number> {
    const copies = this.#index.copies(id)
    const whole = copies.filter((copy) => {
      const isLength = sizeBytes === undefined || this.#index.lengthOf(copy) === sizeBytes
      return isLength && this.#index.damageOf(copy) === 0
    })
    const [sole] = whole
    if (sole !== undefined) {
      const isAtRisk = !this.#index.isUnhurt && whole.every((copy) => this.#index.isSuspect(copy))
      if (isAtRisk) this.needs.addAtRisk(id, this.#index.fileOf(sole).name, use)
      return none
    }
    this.needs.addLost(id, splitting === undefined ? use : { ...use, splitting })
    if (copies.length === 0) return this.#unindexed()
    return new Set(
      copies.map(
        (copy) => this.#index.damageOf(copy) || this.#damageAt(copy, 'a block has another length than files say'),
      ),
    )
  }

  #unindexed(): ReadonlySet<number> {
    if (this.#indexDamages.length > 0) return new Set(this.#indexDamages)
    const { log, vault } = this.#view
    return new Set([log.add(vault.layout.index.slice(0, -1), 0, 'no index segment names blocks that points need')])
  }

  /** Compares a list or link with what is below it. */
  #addsUp(
    expected: { readonly count: number; readonly totalBytes: number },
    found: Summary,
    id: Uint8Array,
    place: Place,
  ): Summary {
    if (found.damages.size > 0) return found
    if (found.count === expected.count && found.totalBytes === expected.totalBytes) return found
    const damages = new Set<number>()
    this.#structure(id, 'a list does not add up to what is said of it', place, damages)
    return { ...found, damages }
  }

  /** A page that opens but does not say what it should. */
  #structure(page: Uint8Array, reason: string, place: Place, damages = new Set<number>()): ReadonlySet<number> {
    const damage = this.#damageAt(this.#index.copies(page)[0], reason)
    this.#hit(new Set([damage]), place)
    damages.add(damage)
    return damages
  }

  #pageDamage(id: Uint8Array, error: unknown): number {
    if (isAgentError(error, 'vault.damaged')) {
      // It was whole when its chunk file was read, and is not now.
      const { object, offset, reason } = error.data
      return this.#view.log.add(`${this.#view.vault.layout.root}${object}`, offset, reason)
    }
    return this.#damageAt(this.#index.copies(id)[0], damageOf(error).reason)
  }

  #damageAt(block: number | undefined, reason: string): number {
    const { log, vault } = this.#view
    if (block === undefined) return log.add(vault.layout.index.slice(0, -1), 0, reason)
    return log.add(vault.layout.chunk(this.#index.fileOf(block).name), this.#index.offsetOf(block), reason)
  }

  /** Notes whom damages hurt; answers what is left to say of the page. */
  #hit(damages: ReadonlySet<number>, { point, item, kind, path }: Place): Summary {
    const shown = shownPath(path).path
    if (damages.size > 0 && kind !== 'values') this.missing.set(latin1(path), path.length === 0 ? rootPath : path)
    for (const number of damages) {
      const damage = this.#view.log.get(number)
      damage.points.add(point)
      if (kind === 'parts') damage.files.add(`${item}:${shown}`)
      if (kind === 'entries') damage.files.add(`${item}:${path.length === 0 ? '' : `${shown}/`}…`)
    }
    return { count: 0, totalBytes: 0, first: noName, last: noName, damages }
  }
}

/** Adds up what is in a page. */
class Sums {
  #count = 0
  #totalBytes = 0
  #first: Uint8Array = noName
  #last: Uint8Array = noName
  #damages: Set<number> | undefined
  isAscending = true

  add({ count, totalBytes, first, last, damages }: Summary): void {
    if (this.#count === 0) this.#first = first
    else if (first.length > 0 && this.#last.length > 0 && Buffer.compare(this.#last, first) >= 0) {
      this.isAscending = false
    }
    this.#count += count
    this.#totalBytes += totalBytes
    this.#last = last
    this.hurt(damages)
  }

  hurt(damages: ReadonlySet<number>): void {
    if (damages.size === 0) return
    this.#damages ??= new Set()
    for (const damage of damages) this.#damages.add(damage)
  }

  get summary(): Summary {
    return {
      count: this.#count,
      totalBytes: this.#totalBytes,
      first: this.#first,
      last: this.#last,
      damages: this.#damages ?? none,
    }
  }
}

function joined(path: Buffer, name: Uint8Array): Buffer {
  return path.length === 0 ? Buffer.from(name) : Buffer.concat([path, Buffer.from('/'), name])
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}
