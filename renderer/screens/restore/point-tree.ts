/**
 * The tree of a point as rows that can be shown: folders are listed when they are opened, and a folder of 100,000
 * entries comes batch by batch. Holds no more than what was opened.
 */
import type { PointFile, VerbMethods } from '../../../agent-core/contract/index.ts'
import { type AgentError, shownError } from '../../client/agent-error.ts'

export interface TreeRow {
  readonly file: PointFile
  /** 1 for entries of the top. */
  readonly level: number
  readonly position: number
  readonly siblings: number
}

export interface TreeState {
  readonly rows: readonly TreeRow[]
  /** Folders that are open, by path; `''` is the top. */
  readonly open: ReadonlySet<string>
  readonly loading: ReadonlySet<string>
  readonly errors: ReadonlyMap<string, AgentError>
}

export type ListFolder = (path: string | undefined, signal: AbortSignal) => AsyncIterable<PointFile>

/** Rows are told of after so many more entries, and at the end. */
const batch = 5000
const top = ''

export class PointTree {
  readonly #list: ListFolder
  readonly #entries = new Map<string, PointFile[]>()
  readonly #open = new Set<string>()
  readonly #loading = new Map<string, AbortController>()
  readonly #errors = new Map<string, AgentError>()
  readonly #listeners = new Set<() => void>()
  #state: TreeState = { rows: [], open: new Set(), loading: new Set(), errors: new Map() }

  constructor(list: ListFolder) {
    this.#list = list
  }

  readonly getState = (): TreeState => this.#state

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Opens a folder, or the top; lists it where that was not done, or has failed. Resolves when it is listed. */
  async open(path = top): Promise<void> {
    this.#open.add(path)
    if (this.#loading.has(path) || (this.#entries.has(path) && !this.#errors.has(path))) return this.#tell()
    await this.#load(path)
  }

  close(path: string): void {
    this.#open.delete(path)
    const loading = this.#loading.get(path)
    if (loading !== undefined) {
      loading.abort()
      this.#loading.delete(path)
      this.#entries.delete(path)
    }
    this.#tell()
  }

  /** Stops what is being listed. */
  stop(): void {
    for (const controller of this.#loading.values()) controller.abort()
  }

  async #load(path: string): Promise<void> {
    const controller = new AbortController()
    const entries: PointFile[] = []
    this.#loading.set(path, controller)
    this.#entries.set(path, entries)
    this.#errors.delete(path)
    this.#tell()
    try {
      for await (const file of this.#list(path === top ? undefined : path, controller.signal)) {
        if (controller.signal.aborted) return
        entries.push(file)
        if (entries.length % batch === 0) this.#tell()
      }
      this.#entries.set(path, foldersFirst(entries))
    } catch (error) {
      if (!controller.signal.aborted) this.#errors.set(path, shownError(error))
    } finally {
      if (this.#loading.get(path) === controller) {
        this.#loading.delete(path)
        this.#tell()
      }
    }
  }

  #tell(): void {
    this.#state = {
      rows: this.#rows(),
      open: new Set(this.#open),
      loading: new Set(this.#loading.keys()),
      errors: new Map(this.#errors),
    }
    for (const listener of this.#listeners) listener()
  }

  /** What is shown, from top to bottom; with a stack of its own, since folders may lie deep in each other. */
  #rows(): readonly TreeRow[] {
    const rows: TreeRow[] = []
    const stack = [{ entries: this.#entries.get(top) ?? [], at: 0 }]
    for (let folder = stack.at(-1); folder !== undefined; folder = stack.at(-1)) {
      const file = folder.entries[folder.at]
      if (file === undefined) {
        stack.pop()
        continue
      }
      folder.at++
      rows.push({ file, level: stack.length, position: folder.at, siblings: folder.entries.length })
      const inside = this.#open.has(file.path) ? this.#entries.get(file.path) : undefined
      if (inside !== undefined) stack.push({ entries: inside, at: 0 })
    }
    return rows
  }
}

/** The tree of a point of the agent. */
export function openPointTree(agent: VerbMethods, item: string, point: string): PointTree {
  return new PointTree((path, signal) => agent.pointFiles(item, point, path, 1, { signal }))
}

function foldersFirst(entries: readonly PointFile[]): PointFile[] {
  const isFolder = ({ type }: PointFile) => type === 'directory'
  return [...entries.filter(isFolder), ...entries.filter((file) => !isFolder(file))]
}
