/** Backups in this process over any object store: a source folder, a cache folder, and the keys of one machine. */
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BackupResult } from '../../agent-core/backup/backup-request.ts'
import { refreshIndex } from '../../agent-core/backup/refresh-index.ts'
import { runBackup } from '../../agent-core/backup/run-backup.ts'
import type { AgentError } from '../../agent-core/base/agent-error.ts'
import { systemClock } from '../../agent-core/base/clock.ts'
import { silentLog } from '../../agent-core/base/log.ts'
import { systemRandom } from '../../agent-core/base/random.ts'
import { createTask } from '../../agent-core/base/task.ts'
import { openBase } from '../../agent-core/cache/base-db.ts'
import type { CachePolicy } from '../../agent-core/cache/cache-budget.ts'
import { ChunkFolder } from '../../agent-core/cache/chunk-folder.ts'
import { BlockReader } from '../../agent-core/cache/chunk-reader.ts'
import { TreeReader } from '../../agent-core/cache/tree-reader.ts'
import { deriveKeys, type KeyspaceKeys } from '../../agent-core/codec/key-derivation.ts'
import type { HomeId, ItemId, VaultId } from '../../agent-core/contract/ids.ts'
import type { ListRef } from '../../agent-core/format/paged-list.ts'
import { decodePointManifest, type PointManifest } from '../../agent-core/format/point.ts'
import type { Entry } from '../../agent-core/format/tree.ts'
import { type PruneResult, runPrune } from '../../agent-core/retention/run-prune.ts'
import { isReadable } from '../../agent-core/retention/vault-contents.ts'
import { createMemoryStore, type MemoryStore } from '../../agent-core/vault/memory-store.ts'
import type { ObjectStore } from '../../agent-core/vault/object-store.ts'
import { readIndex } from '../../agent-core/vault/read-index.ts'
import { sealManifest, Vault } from '../../agent-core/vault/vault.ts'
import { createVault } from '../../agent-core/vault/vault-keys.ts'
import { manifestsOf } from './read-manifests.ts'

const home = '00000000000000000000000000000001' as HomeId
const item = '00000000000000000000000000000002' as ItemId

const otherHome = '00000000000000000000000000000009' as HomeId

export interface PruneOptions {
  readonly by?: 'another home'
  readonly graceMs?: number
  readonly maxUnusedPercent?: number
  readonly expired?: (point: PointManifest) => boolean
  readonly nowMs?: () => number
  readonly signal?: AbortSignal
}

export class BackupPlace implements Disposable {
  readonly folder: string
  readonly source: string
  readonly #vaultId: VaultId
  readonly #keys: KeyspaceKeys
  readonly #masterKey: Buffer

  private constructor(folder: string, vaultId: VaultId, keys: KeyspaceKeys, masterKey: Buffer) {
    this.folder = folder
    this.source = join(folder, 'source')
    this.#vaultId = vaultId
    this.#keys = keys
    this.#masterKey = masterKey
  }

  /** Makes a vault in `store`, and empty folders beside it. */
  static async make(store: ObjectStore): Promise<BackupPlace> {
    const folder = mkdtempSync(join(tmpdir(), 'tharsis-place-'))
    mkdirSync(join(folder, 'source'))
    mkdirSync(join(folder, 'cache'))
    const { vaultId, keyspace, masterKey } = await createVault(
      store,
      'a passphrase for the tests only',
      { machine: 'test', home },
      { clock: systemClock, random: systemRandom, scrypt: { log2N: 14, r: 8, p: 1 } },
    )
    return new BackupPlace(folder, vaultId, deriveKeys(masterKey, keyspace), masterKey)
  }

  /** Makes another vault with the same keys in `store`. */
  async addVault(store: ObjectStore): Promise<VaultId> {
    const keyspace = { id: this.#keys.keyspace, masterKey: this.#masterKey }
    const deps = { clock: systemClock, random: systemRandom, scrypt: { log2N: 14, r: 8, p: 1 } }
    const owner = { machine: 'test', home, keyspace }
    return (await createVault(store, 'a passphrase for the tests only', owner, deps)).vaultId
  }

  vaultOf(store: ObjectStore, id = this.#vaultId): Vault {
    return new Vault({ store, id, keys: this.#keys, random: systemRandom })
  }

  /** Backs the source up into `store`; a fault of the vault after the capture is in `failure`. */
  async backUp(
    store: ObjectStore,
    policy: CachePolicy = { budgetBytes: Number.POSITIVE_INFINITY, instantMs: 0 },
  ): Promise<BackupResult> {
    return await this.backUpInto([this.vaultOf(store)], policy)
  }

  /** Backs the source up into several vaults. */
  async backUpInto(
    vaults: readonly Vault[],
    policy: CachePolicy = { budgetBytes: Number.POSITIVE_INFINITY, instantMs: 0 },
  ): Promise<BackupResult> {
    using base = openBase(join(this.folder, 'cache', 'base.db'))
    using task = createTask({ clock: systemClock })
    return await runBackup(
      {
        item: {
          id: item,
          name: 'docs',
          folders: [Buffer.from(this.source)],
          excludes: [],
          defaultExcludes: false,
          crossMounts: false,
          compression: 'lz4',
        },
        kind: 'on-demand',
        accept: false,
        source: { machine: 'test', platform: 'test', home, product: 'test' },
        barriers: [],
      },
      {
        base,
        chunks: new ChunkFolder(join(this.folder, 'cache', 'chunks')),
        policy,
        isGentle: false,
        keys: this.#keys,
        vaults: vaults.map((vault) => ({ id: vault.id, vault })),
        sealPoint: (manifest) => sealManifest(this.#keys, manifest, systemRandom),
        clock: systemClock,
        random: systemRandom,
        log: silentLog,
        task,
      },
    )
  }

  /** Cleans up the vault in `store`, as the home that backs up or as another one, which has no cache of it. */
  async prune(store: ObjectStore, options: PruneOptions = {}): Promise<PruneResult> {
    using base = openBase(join(this.folder, 'cache', 'base.db'))
    using task = createTask({ clock: systemClock, ...(options.signal && { signal: options.signal }) })
    const vault = this.vaultOf(store)
    const isOther = options.by === 'another home'
    const captured = isOther ? [] : base.unconfirmedPoints(this.#vaultId)
    const waiting = new Set(isOther ? [] : base.waitingChunkFiles(this.#vaultId).map(({ name }) => name))
    const result = await runPrune(
      {
        home: isOther ? otherHome : home,
        machine: 'test',
        who: 'somebody at test',
        graceMs: options.graceMs ?? 0,
        maxUnusedPercent: options.maxUnusedPercent,
        choose: (points) =>
          points
            .filter((point) => point.hasTombstone || (isReadable(point) && options.expired?.(point.manifest) === true))
            .map((point) => ({ point, reason: 'the test wants it' })),
        unreadable: ({ manifest }) => manifest as AgentError,
        captured: captured.map(({ manifest }) => decodePointManifest(manifest, 'captured point')),
        isSpared: (name) => waiting.has(name),
      },
      {
        vault,
        manifests: manifestsOf(vault),
        pagesOf: (index) => {
          const reader = new BlockReader(index, [vault.chunkSource()], this.#keys)
          return async (id) => (isOther ? undefined : base.pages.page(id)) ?? (await reader.read(id))
        },
        workFolder: join(this.folder, 'merging'),
        clock: { ...systemClock, nowMs: options.nowMs ?? (() => systemClock.nowMs()) },
        task,
      },
    )
    if (!isOther) await refreshIndex(base, vault)
    return result
  }

  /** Names in the cache's chunk folder. */
  chunksInCache(): string[] {
    return readdirSync(join(this.folder, 'cache', 'chunks'))
  }

  /** Keeps the cache as it is now; the function returned puts it back. */
  keepCache(): () => void {
    const kept = mkdtempSync(join(this.folder, 'kept-'))
    const cache = join(this.folder, 'cache')
    copyTree(cache, kept)
    return () => {
      rmSync(cache, { recursive: true })
      mkdirSync(cache)
      copyTree(kept, cache)
    }
  }

  /** Path → content of all files of a confirmed point, read from the vault alone. */
  async filesOf(store: ObjectStore, point: string): Promise<Record<string, string>> {
    const vault = this.vaultOf(store)
    using base = openBase(join(this.folder, 'no base'), { readOnly: true })
    for await (const { sequence, segment } of readIndex(vault, -1)) {
      base.mergeIndex(vault.id, this.#keys.keyspace, sequence, segment.chunkFiles, Buffer.alloc(32))
    }
    const blocks = new BlockReader(base, [vault.chunkSource()], this.#keys)
    const tree = new TreeReader((id) => blocks.read(id))
    const listed = (await vault.listPoints()).find(({ point: id }) => id === point)
    if (listed?.confirmationName === undefined) throw new Error(`point ${point} is not confirmed`)
    const { manifest } = await vault.readPoint(listed)
    const files: Record<string, string> = {}
    const contentOf = async ({ content }: Entry) => {
      const pieces: Buffer[] = []
      if (content === undefined || 'id' in content.parts) throw new Error('a file of this test has few parts')
      for (const { id, sizeBytes } of content.parts) {
        pieces.push(id === null ? Buffer.alloc(sizeBytes) : Buffer.from(await blocks.read(id)))
      }
      return Buffer.concat(pieces).toString('latin1')
    }
    const visit = async (list: ListRef | undefined, path: string): Promise<void> => {
      for await (const { entry } of tree.entries(list)) {
        const name = path === '' ? '.' : `${path}/${Buffer.from(entry.name).toString()}`
        if (entry.type === 'directory') await visit(entry.directory?.list, name)
        else files[name] = await contentOf(entry)
      }
    }
    await visit(manifest.root, '')
    return files
  }

  /** Path → content of the source's files. */
  sourceFiles(): Record<string, string> {
    const files = readdirSync(this.source, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    return Object.fromEntries(
      files.map((file) => {
        const path = join(file.parentPath, file.name)
        return [`.${path.slice(this.source.length)}`, readFileSync(path, 'latin1')]
      }),
    )
  }

  /** Chunk files in the store that no index segment names. */
  async unreferenced(store: ObjectStore): Promise<string[]> {
    const vault = this.vaultOf(store)
    const named = new Set<string>()
    for await (const { segment } of readIndex(vault, -1)) {
      for (const { name } of segment.chunkFiles) named.add(vault.layout.chunk(name))
    }
    const names: string[] = []
    for await (const { name } of store.list(`${vault.layout.root}chunks/`)) if (!named.has(name)) names.push(name)
    return names
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** A memory store with the same objects. */
export async function copyOfStore(store: ObjectStore): Promise<MemoryStore> {
  const copy = createMemoryStore({ clock: systemClock })
  for await (const { name } of store.list('')) await copy.put(name, await store.get(name))
  return copy
}

function copyTree(from: string, to: string): void {
  for (const name of readdirSync(from)) {
    if (!statSync(join(from, name)).isDirectory()) {
      copyFileSync(join(from, name), join(to, name))
      continue
    }
    mkdirSync(join(to, name))
    copyTree(join(from, name), join(to, name))
  }
}
