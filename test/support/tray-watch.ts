/** What the shell gives to the system's tray, read where it leaves the shell: there is no tray on a virtual screen. */
import type { MenuItem, Menu as TrayMenu } from 'electron'
import type { ElectronApplication } from 'playwright'

/** An entry of the menu as a person sees it. */
export interface SeenEntry {
  readonly label: string
  readonly enabled: boolean
  readonly below: readonly SeenEntry[]
}

declare global {
  var watchedTray: { menu: TrayMenu | undefined; readonly statuses: string[] } | undefined
}

export class TrayWatch {
  readonly #app: ElectronApplication

  private constructor(app: ElectronApplication) {
    this.#app = app
  }

  /** Hears what the tray shows from now on: its menus are the only ones of the shell. */
  static async begin(app: ElectronApplication): Promise<TrayWatch> {
    await app.evaluate(({ Menu }) => {
      const seen: NonNullable<typeof globalThis.watchedTray> = { menu: undefined, statuses: [] }
      globalThis.watchedTray = seen
      const build = Menu.buildFromTemplate.bind(Menu)
      Menu.buildFromTemplate = (template) => {
        const menu = build(template)
        // Menus below another one are built by the same function, before it.
        seen.menu = menu
        seen.statuses.push(menu.items[0]?.label ?? '')
        return menu
      }
    })
    return new TrayWatch(app)
  }

  /** All status lines since the watch began, oldest first. */
  async statuses(): Promise<readonly string[]> {
    return await this.#app.evaluate(() => globalThis.watchedTray?.statuses ?? [])
  }

  /** The menu as it is now, separators left out; empty while none was shown since the watch began. */
  async entries(): Promise<readonly SeenEntry[]> {
    return await this.#app.evaluate(() => {
      const entriesOf = (items: readonly MenuItem[]): SeenEntry[] =>
        items
          .filter(({ type }) => type !== 'separator')
          .map(({ label, enabled, submenu }) => ({ label, enabled, below: entriesOf(submenu?.items ?? []) }))
      return entriesOf(globalThis.watchedTray?.menu?.items ?? [])
    })
  }

  /** Presses an entry, named by the labels on the way to it. */
  async press(...path: readonly string[]): Promise<void> {
    await this.#app.evaluate((_electron, labels) => {
      let items: readonly MenuItem[] = globalThis.watchedTray?.menu?.items ?? []
      let found: MenuItem | undefined
      for (const label of labels) {
        found = items.find((item) => item.label === label)
        items = found?.submenu?.items ?? []
      }
      if (found?.enabled !== true) throw new Error(`the tray has no ${labels.join(' > ')} that can be pressed`)
      const entry = found as unknown as { click(): void }
      entry.click()
    }, path)
  }
}
