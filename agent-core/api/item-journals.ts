/** Change journals of items, as the items are set now: with other settings another journal begins. */
import { createHash } from 'node:crypto'
import { sourceRules } from '../backup/look-at-folders.ts'
import { ChangeJournal } from '../source/change-journal.ts'
import { defaultWatcherBudget } from '../source/plan-watcher.ts'
import type { Item } from '../state/state-db.ts'
import type { AgentDeps } from './agent-deps.ts'
import { barriersOf } from './item-surroundings.ts'

/** One journal for each item that was backed up here, until its settings change or the item is gone. */
export class ItemJournals implements AsyncDisposable {
  readonly #deps: AgentDeps
  readonly #journals = new Map<Item['id'], CurrentJournal>()

  constructor(deps: AgentDeps) {
    this.#deps = deps
  }

  async of(item: Item): Promise<ChangeJournal> {
    const known = new Set(this.#deps.state.items().map(({ id }) => id))
    for (const [id, journal] of this.#journals) {
      if (known.has(id)) continue
      this.#journals.delete(id)
      await journal[Symbol.asyncDispose]()
    }
    const journal = this.#journals.get(item.id) ?? new CurrentJournal(this.#deps)
    this.#journals.set(item.id, journal)
    return await journal.of(item)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const journal of this.#journals.values()) await journal[Symbol.asyncDispose]()
    this.#journals.clear()
  }
}

/** The journal of an item as it is set now: with other settings another one begins. */
export class CurrentJournal implements AsyncDisposable {
  readonly #deps: AgentDeps
  #journal: ChangeJournal | undefined

  constructor(deps: AgentDeps) {
    this.#deps = deps
  }

  async of(item: Item): Promise<ChangeJournal> {
    const { clock, log, paths } = this.#deps
    const barriers = barriersOf(this.#deps).map(({ path }) => path)
    const settings = hashOf(item, barriers)
    if (this.#journal?.settings === settings) return this.#journal
    await this[Symbol.asyncDispose]()
    const rules = sourceRules(
      item,
      barriers.map((path) => Buffer.from(path)),
    )
    this.#journal = new ChangeJournal(
      {
        item: item.id,
        area: {
          folders: item.folders,
          crossMounts: item.crossMounts,
          enters: (path, relative) => rules.judge(path, relative, true) === 'in',
        },
        settings,
        folder: paths.journals,
        budget: defaultWatcherBudget,
      },
      { clock, log },
    )
    return this.#journal
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const journal = this.#journal
    this.#journal = undefined
    await journal?.[Symbol.asyncDispose]()
  }
}

/** A hash of all that decides what a scan looks at. */
function hashOf(item: Item, barriers: readonly string[]): string {
  const { vaults, folders, excludes, defaultExcludes, crossMounts } = item
  const paths = folders.map((folder) => folder.toString('base64'))
  const text = JSON.stringify({ vaults, paths, excludes, defaultExcludes, crossMounts, barriers })
  return createHash('sha256').update(text).digest('hex')
}
