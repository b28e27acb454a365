/** A folder on disk that is captured by the real engine, its pages kept in memory; each capture is compared with the last. */
import { mkdirSync } from 'node:fs'
import { TreeCapture } from '../../agent-core/backup/capture-tree.ts'
import type { CompareAhead } from '../../agent-core/backup/compare-ahead.ts'
import type { FileReport } from '../../agent-core/backup/file-capturer.ts'
import { sourceRules } from '../../agent-core/backup/look-at-folders.ts'
import { toHex } from '../../agent-core/base/bytes.ts'
import { systemClock } from '../../agent-core/base/clock.ts'
import { TreeReader } from '../../agent-core/cache/tree-reader.ts'
import { Engine } from '../../agent-core/engine/engine.ts'
import type { ListRef } from '../../agent-core/format/paged-list.ts'
import type { Entry } from '../../agent-core/format/tree.ts'
import type { FoundEntry } from '../../agent-core/source/found-entry.ts'
import { lookAt } from '../../agent-core/source/list-directory.ts'
import { testEngineStart } from './test-engine.ts'
import { TestFolder } from './test-home.ts'

/** Longer than the coarsest clock ticks: what was written now counts as unchanged. */
export const laterMs = systemClock.nowMs() + 3_600_000

export interface CaptureOptions {
  readonly excludes?: readonly string[]
  /** A path was seen that is no directory. */
  readonly onSeen?: (path: string) => void
  /** A path was looked at, and is judged now. */
  readonly onJudged?: (path: string) => void
  readonly compareAhead?: CompareAhead
  /** Compared with that capture, and not kept as the last one. */
  readonly beside?: CapturedBefore | undefined
}

export interface CapturedBefore {
  readonly entry: Entry
  readonly root: ListRef
}

export class Capturing implements Disposable {
  readonly folder = new TestFolder('capture-tree-')
  readonly source = this.folder.at('source')
  readonly pages = new Map<string, Uint8Array>()
  readonly told: string[] = []
  readonly tree = new TreeReader((id) => {
    const page = this.pages.get(toHex(id))
    return page === undefined ? Promise.reject(new Error('a page is lost')) : Promise.resolve(page)
  })
  #last: CapturedBefore | undefined

  /** The last capture. */
  get last(): CapturedBefore | undefined {
    return this.#last
  }

  constructor() {
    mkdirSync(this.source)
    mkdirSync(this.folder.at('chunks'))
  }

  /** Captures the source, compared with the last capture. */
  async capture(options: CaptureOptions = {}) {
    const chunkFiles: unknown[] = []
    await using engine = new Engine({
      start: testEngineStart(this.folder.at('chunks'), this.folder.at('base.db')),
      threadCount: 2,
      signal: new AbortController().signal,
      onChunkFile: (file) => chunkFiles.push(file),
      onPages: (list) => {
        for (const [id, page] of list) this.pages.set(toHex(id), page)
      },
    })
    const tell = (what: string) => (path: Buffer) => {
      this.told.push(`${what} ${path.toString('latin1').slice(this.source.length + 1)}`)
    }
    const report: FileReport = {
      seen: (_found, path) => options.onSeen?.(path().toString('latin1')),
      seenUnchanged: () => undefined,
      vanished: tell('vanished'),
      changing: tell('changing'),
      unreadable: tell('unreadable'),
      metadataUnreadable: tell('metadata'),
    }
    const rules = sourceRules({ excludes: options.excludes ?? [], defaultExcludes: false }, [])
    const capture = new TreeCapture({
      engine,
      tree: this.tree,
      keepPage: (id, page) => this.pages.set(toHex(id), page),
      lastScanStartedMs: laterMs,
      scanStartedMs: laterMs,
      crossMounts: false,
      rules: {
        ...rules,
        judge: (path, ...more) => {
          options.onJudged?.(path.toString('latin1'))
          return rules.judge(path, ...more)
        },
      },
      report,
      checkpoint: () => undefined,
      ...(options.compareAhead && { compareAhead: options.compareAhead }),
    })
    const found = lookAt(Buffer.from(this.source)) as FoundEntry
    const origin = { path: Buffer.from(this.source), fileSystem: 'test' }
    const last = options.beside ?? this.#last
    const previous = last?.entry
    const { root } = await capture.run([{ label: Buffer.from('source'), origin, found, previous }], last?.root)
    if (root === undefined) throw new Error('no root')
    await engine.finish()
    const { value } = await this.tree.entries(root).next()
    if (value === undefined) throw new Error('no folder')
    if (options.beside === undefined) this.#last = { entry: value.entry, root }
    return { counts: capture.counts, entry: value.entry, root, chunkFiles }
  }

  async names(entry: Entry, prefix = ''): Promise<string[]> {
    const names: string[] = []
    for await (const { entry: child } of this.tree.entries(entry.directory?.list)) {
      const name = prefix + Buffer.from(child.name).toString('latin1')
      names.push(name, ...(await this.names(child, `${name}/`)))
    }
    return names
  }

  at(...names: readonly string[]): string {
    return this.folder.at('source', ...names)
  }

  [Symbol.dispose](): void {
    this.folder[Symbol.dispose]()
  }
}
