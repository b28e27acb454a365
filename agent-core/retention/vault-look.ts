/**
 * One look at a vault, in the order of docs/format/write-order.md, *Deleting*: its points, then intents, then the index; and
 * which blocks the points need that stay. A second look costs three listings where nothing has changed since the first.
 */
import type { VaultIndex } from '../cache/vault-index.ts'
import type { ChunkFileName, PointId } from '../contract/ids.ts'
import { decodeBlockTable } from '../format/block-table.ts'
import type { PointManifest } from '../format/point.ts'
import { readOpenIntents } from '../vault/clean-ups.ts'
import { inLanes } from '../vault/in-lanes.ts'
import type { KeyspaceManifests } from '../vault/manifest-memory.ts'
import { listNumbered } from '../vault/numbered-objects.ts'
import type { Vault } from '../vault/vault.ts'
import { Liveness } from './liveness.ts'
import type { RemovablePoint } from './remove-points.ts'
import { isReadable, readContents, readPoints, type VaultContents, type VaultPoint } from './vault-contents.ts'

/** Points whose trees are walked at the same time: a vault may be far away. */
const lanes = 16

export interface LookDeps {
  readonly vault: Vault
  /** Which of all points nothing keeps any more. */
  readonly choose: (points: readonly VaultPoint[]) => readonly RemovablePoint[]
  /** What to throw of a point that stays and whose manifest is damaged: nobody knows what it needs. */
  readonly unreadable: (point: VaultPoint) => Error
  /** Points that wait in the cache of this home. */
  readonly captured: readonly PointManifest[]
  readonly manifests: KeyspaceManifests
  /** Bytes of a page of a tree; `index` tells where its block lies. */
  readonly pagesOf: (index: VaultIndex) => (id: Uint8Array) => Promise<Uint8Array>
  readonly signal: AbortSignal
  /** Called for each point whose tree was walked. */
  readonly onPoint: () => void
}

export class VaultLook {
  readonly points: ReadonlyMap<PointId, VaultPoint>
  readonly removable: readonly RemovablePoint[]
  readonly contents: VaultContents
  /** What the roots need; of the earlier look too, which may have had another index. */
  readonly #liveness: readonly { readonly index: VaultIndex; readonly liveness: Liveness }[]

  private constructor(
    parts: Pick<VaultLook, 'points' | 'removable' | 'contents'>,
    liveness: readonly { readonly index: VaultIndex; readonly liveness: Liveness }[],
  ) {
    this.points = parts.points
    this.removable = parts.removable
    this.contents = parts.contents
    this.#liveness = liveness
  }

  static async first(deps: LookDeps): Promise<VaultLook> {
    const points = await readPoints(deps.vault, deps.manifests, deps)
    const removable = deps.choose([...points.values()])
    const contents = await readContents(deps.vault)
    const liveness = livenessOf(contents.index, deps)
    for (const manifest of deps.captured) await liveness.add(manifest)
    await walk(rootsOf(points, removable), liveness, deps)
    return new VaultLook({ points, removable, contents }, [{ index: contents.index, liveness }])
  }

  /** Looks again. `removable` are then those of before that are still to go; all others are roots, new ones too. */
  async again(deps: LookDeps): Promise<VaultLook> {
    const points = await readPoints(deps.vault, deps.manifests, { ...deps, known: this.points })
    const chosen = new Set(this.removable.map(({ point }) => point.listed.point))
    const removable = deps.choose([...points.values()]).filter(({ point }) => chosen.has(point.listed.point))
    const contents = await readContentsAgain(deps.vault, this.contents)
    const known = this.#liveness.find(({ index }) => index === contents.index)
    const liveness = known?.liveness ?? livenessOf(contents.index, deps)
    const before = new Set(rootsOf(this.points, this.removable).map(({ listed }) => listed.point))
    const added = rootsOf(points, removable).filter(({ listed }) => !before.has(listed.point))
    await walk(added, liveness, deps)
    const all = known === undefined ? [...this.#liveness, { index: contents.index, liveness }] : this.#liveness
    return new VaultLook({ points, removable, contents }, all)
  }

  /** The same look with some of the removable points as roots. */
  async keeping(kept: readonly RemovablePoint[], deps: LookDeps): Promise<VaultLook> {
    if (kept.length === 0) return this
    const { points, contents } = this
    const { index } = contents
    const liveness = livenessOf(index, deps)
    await walk(
      kept.map(({ point }) => point),
      liveness,
      deps,
    )
    const removable = this.removable.filter((one) => !kept.includes(one))
    return new VaultLook({ points, removable, contents }, [...this.#liveness, { index, liveness }])
  }

  /** True when a root needs the block of that number in this look's index. */
  isLive(block: number): boolean {
    const { index } = this.contents
    return this.#liveness.some((one) =>
      one.index === index
        ? one.liveness.isLive(block)
        : one.index.copies(index.idOf(block)).some((copy) => one.liveness.isLive(copy)),
    )
  }

  /** Blocks that points need and no chunk file of the index holds. */
  get unindexedBlocks(): number {
    return this.#liveness.reduce((sum, { liveness }) => sum + liveness.unindexed, 0)
  }

  /**
   * False when roots need what no chunk file of the index holds: one that the index does not name may hold it, as an index
   * segment may be lost.
   */
  get isIndexWhole(): boolean {
    return this.#liveness.every(({ liveness }) => liveness.isIndexed)
  }

  /** Chunk files that open intents name. */
  get condemned(): Set<ChunkFileName> {
    return new Set(this.contents.intents.flatMap(({ chunkFiles }) => chunkFiles))
  }

  /** Those of `names` that hold, or may hold, a needed block of which no copy is outside of what is condemned. */
  neededOf(names: Iterable<ChunkFileName>): ChunkFileName[] {
    const { index, listed } = this.contents
    const condemned = this.condemned
    const named = [...names]
    const going = new Set(named)
    const isSafe = (copy: number) => {
      const { name, sizeBytes } = index.fileOf(copy)
      return !condemned.has(name) && !going.has(name) && listed.get(name)?.sizeBytes === sizeBytes
    }
    return named.filter((name) => {
      const file = index.file(name)
      if (file === undefined) return !this.isIndexWhole
      const { lengths } = decodeBlockTable(file.table, name)
      return lengths.some((_, ordinal) => {
        const block = file.firstBlock + ordinal
        return this.isLive(block) && !index.copiesOf(block).some(isSafe)
      })
    })
  }
}

function livenessOf(index: VaultIndex, deps: LookDeps): Liveness {
  const { vault, signal } = deps
  return new Liveness({ index, idKey: vault.keys.id, readPage: deps.pagesOf(index), signal })
}

function rootsOf(points: ReadonlyMap<PointId, VaultPoint>, removable: readonly RemovablePoint[]): VaultPoint[] {
  const going = new Set(removable.map(({ point }) => point.listed.point))
  return [...points.values()].filter(({ listed }) => !going.has(listed.point))
}

async function walk(points: readonly VaultPoint[], liveness: Liveness, deps: LookDeps): Promise<void> {
  // Before anything is walked, since that takes its time.
  const unreadable = points.find((point) => !isReadable(point))
  if (unreadable !== undefined) throw deps.unreadable(unreadable)
  // Side by side: a page that several need is read by the first of them, and all are waited for.
  await inLanes(points.filter(isReadable), lanes, async ({ manifest }) => {
    deps.signal.throwIfAborted()
    await liveness.add(manifest)
    deps.onPoint()
  })
}

/** All is read anew only when something was added to the index or taken out of it, or an intent has ended: then chunk files are gone. */
async function readContentsAgain(vault: Vault, before: VaultContents): Promise<VaultContents> {
  const intents = await readOpenIntents(vault)
  const numbersUnder = async (prefix: string) =>
    (await listNumbered(vault.store, prefix)).map(({ sequence }) => sequence).join()
  const numbersOf = ({ live, superseded }: VaultContents['segments']) =>
    [...live, ...superseded].toSorted((a, b) => a - b).join()
  const open = new Set(intents.map(({ id }) => id))
  const isSame =
    before.intents.every(({ id }) => open.has(id)) &&
    (await numbersUnder(vault.layout.index)) === numbersOf(before.segments) &&
    (await numbersUnder(vault.layout.indexGone)) === numbersOf(before.goneObjects)
  return isSame ? { ...before, intents } : await readContents(vault)
}
