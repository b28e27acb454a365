/** A small whole vault in memory, made of the real pieces: sealed chunk files, index, points, confirmations. */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fromHex } from '../../agent-core/base/bytes.ts'
import { systemClock } from '../../agent-core/base/clock.ts'
import { randomId, systemRandom } from '../../agent-core/base/random.ts'
import { ChunkWriter, type CompleteChunkFile } from '../../agent-core/cache/chunk-writer.ts'
import { sha256 } from '../../agent-core/codec/block-id.ts'
import { deriveKeys, type KeyspaceKeys } from '../../agent-core/codec/key-derivation.ts'
import type { HomeId, ItemId, PointId } from '../../agent-core/contract/ids.ts'
import type { ChunkKind } from '../../agent-core/format/chunk-file.ts'
import type { ListRef } from '../../agent-core/format/paged-list.ts'
import type { PointManifest } from '../../agent-core/format/point.ts'
import { createMemoryStore, type MemoryStore } from '../../agent-core/vault/memory-store.ts'
import { sealManifest, Vault } from '../../agent-core/vault/vault.ts'
import { createVault } from '../../agent-core/vault/vault-keys.ts'
import { type PlannedEntry, PointTree, testIdKey } from './point-tree.ts'

const home = '0'.repeat(32) as HomeId
const madeItem = 'a'.repeat(32) as ItemId

const itemDefinition = {
  id: madeItem,
  name: 'docs',
  folders: [Buffer.from('/src')],
  excludes: [],
  defaultExcludes: true,
  crossMounts: false,
  compression: 'lz4' as const,
}

export class MadeVault implements Disposable {
  readonly item = itemDefinition
  readonly store: MemoryStore
  readonly vault: Vault
  readonly keys: KeyspaceKeys
  readonly tree = new PointTree()
  /** Local copies of the chunk files, named as in a cache. */
  readonly folder = mkdtempSync(join(tmpdir(), 'made-vault-'))
  readonly chunkFiles: CompleteChunkFile[] = []
  readonly points: PointManifest[] = []
  readonly #written = new Set<string>()
  #lastObject: Buffer | undefined
  #lastIndex = -1

  private constructor(store: MemoryStore, vault: Vault, keys: KeyspaceKeys) {
    this.store = store
    this.vault = vault
    this.keys = keys
  }

  static async make(): Promise<MadeVault> {
    const store = createMemoryStore({ clock: systemClock })
    const deps = { clock: systemClock, random: systemRandom, scrypt: { log2N: 14, r: 8, p: 1 } }
    const owner = { machine: 'machine', home }
    const { vaultId, keyspace, masterKey } = await createVault(store, 'a passphrase for tests', owner, deps)
    const keys = { ...deriveKeys(masterKey, keyspace), id: testIdKey }
    const vault = new Vault({ store, id: vaultId, keys, random: systemRandom })
    await vault.writeDefinitions(await vault.readDefinitions(), { writer: home, items: [itemDefinition] })
    return new MadeVault(store, vault, keys)
  }

  /** Writes a point of the protected folder `/src` with its new blocks; `confirm` false leaves it provisional. */
  async addPoint(children: readonly PlannedEntry[], confirm = true): Promise<PointManifest> {
    return await this.addRoot(this.tree.root({ '/src': { name: 'src', type: 'directory', children } }), confirm)
  }

  /** Writes a point with that root, whatever it says. */
  async addRoot(root: ListRef, confirm = true): Promise<PointManifest> {
    await this.writeIndex([...(await this.writeNew('data')), ...(await this.writeNew('tree'))])
    const parent = this.points.at(-1)
    const manifest: PointManifest = {
      id: randomId<PointId>(systemRandom),
      item: madeItem,
      itemName: 'docs',
      sequence: this.points.length + 1,
      timeMs: 1_700_000_000_000,
      kind: 'on-demand',
      root,
      ...(parent && this.#lastObject && { parent: { id: parent.id, sha256: sha256(this.#lastObject) } }),
      source: { machine: 'machine', platform: 'linux', home, snapshot: 'live', product: '0.0.0' },
      counts: {
        files: 0,
        directories: 0,
        others: 0,
        bytes: 0,
        filesRead: 0,
        bytesRead: 0,
        bytesNew: 0,
        bytesStored: 0,
      },
      partial: false,
    }
    const object = sealManifest(this.keys, manifest, systemRandom)
    await this.vault.putPoint(manifest, object)
    if (!confirm) return manifest
    await this.vault.confirmPoint(manifest, object, 1_700_000_001_000)
    this.#lastObject = object
    this.points.push(manifest)
    return manifest
  }

  /** Seals blocks that were not written yet (or those given by id) into a chunk file of the vault, without indexing it. */
  async writeNew(kind: ChunkKind, ids?: readonly string[]): Promise<CompleteChunkFile[]> {
    const files: CompleteChunkFile[] = []
    const writer = new ChunkWriter({
      folder: this.folder,
      kind,
      keys: this.keys,
      compression: 'lz4',
      clock: systemClock,
      random: systemRandom,
      parentFileId: undefined,
      onComplete: (file) => files.push(file),
    })
    const wanted = kind === 'data' ? this.tree.fileBlocks : this.tree.blocks.keys()
    for (const id of ids ?? [...wanted].filter((each) => !this.#written.has(each))) {
      if (ids === undefined && this.#written.has(id)) continue
      this.#written.add(id)
      writer.add(fromHex(id), this.tree.blocks.get(id) as Uint8Array)
    }
    writer.finish()
    for (const file of files) await this.store.put(this.vault.layout.chunk(file.name), readFileSync(file.path))
    this.chunkFiles.push(...files)
    return files
  }

  async writeIndex(chunkFiles: readonly CompleteChunkFile[]): Promise<void> {
    if (chunkFiles.length === 0) return
    this.#lastIndex = (await this.vault.writeIndex(this.#lastIndex, { chunkFiles, supersedes: [] })).sequence
  }

  objectOf(file: CompleteChunkFile): string {
    return this.vault.layout.chunk(file.name)
  }

  async names(prefix = ''): Promise<string[]> {
    const names: string[] = []
    for await (const { name } of this.store.list(prefix)) names.push(name)
    return names
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}
