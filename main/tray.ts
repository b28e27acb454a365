import { join } from 'node:path'
import { Menu, type MenuItemConstructorOptions, nativeImage, Tray } from 'electron'
import type { StatusFile } from '../agent-core/contract/documents/overview.ts'
import type { AgentLink } from './agent-link.ts'
import { clock } from './clock.ts'
import { tomorrowMs } from './time-words.ts'
import { type TrayAction, type TrayEntry, trayModel } from './tray-model.ts'
import type { MainWindow } from './window.ts'

export interface TrayOptions {
  readonly agent: AgentLink
  readonly window: MainWindow
  readonly readStatus: () => StatusFile | undefined
  readonly quit: () => void
}

/** Ages grow and items become overdue while nothing happens. */
const lookAgainMs = 60_000

/** The icon in the tray with its menu. A system without a tray shows none, and everything else works. */
export class AppTray {
  readonly #options: TrayOptions
  readonly #tray: Tray
  #shown = ''
  #isEnded = false

  constructor(options: TrayOptions) {
    this.#options = options
    this.#tray = new Tray(this.#picture('warning'))
    this.#tray.on('click', () => options.window.show())
    options.agent.onChange = () => this.#update()
    this.#update()
    void this.#lookAgain()
  }

  dispose(): void {
    this.#isEnded = true
    this.#tray.destroy()
  }

  #update(): void {
    const { agent, readStatus } = this.#options
    if (this.#isEnded) return
    const left = agent.state === 'connected' ? undefined : readStatus()
    const model = trayModel({ agent: agent.state, overview: agent.overview, left, nowMs: clock.nowMs() })
    const shown = JSON.stringify(model)
    // A menu that is open closes when it is replaced.
    if (shown === this.#shown) return
    this.#shown = shown
    this.#tray.setImage(this.#picture(model.picture))
    this.#tray.setToolTip(`Tharsis: ${model.status}`)
    this.#tray.setContextMenu(Menu.buildFromTemplate(model.entries.map((entry) => this.#menuItem(entry))))
  }

  async #lookAgain(): Promise<void> {
    while (!this.#isEnded) {
      await clock.delay(lookAgainMs)
      this.#update()
    }
  }

  #menuItem(entry: TrayEntry): MenuItemConstructorOptions {
    if (entry === 'separator') return { type: 'separator' }
    const { label, action, below, isEnabled = true } = entry
    return {
      // A single & would mark the next letter as a key.
      label: label.replaceAll('&', '&&'),
      enabled: isEnabled,
      ...(action && { click: () => void this.#act(action) }),
      ...(below && { submenu: below.map((each) => this.#menuItem(each)) }),
    }
  }

  async #act(action: TrayAction): Promise<void> {
    const { agent, window, quit } = this.#options
    const nowMs = clock.nowMs()
    try {
      switch (action.does) {
        case 'open':
          window.show(action.page)
          return
        case 'quit':
          quit()
          return
        case 'back-up':
          await agent.methods?.startBackup(action.item, { accept: false })
          return
        case 'cancel':
          await agent.methods?.cancelJob(action.job as Parameters<NonNullable<typeof agent.methods>['cancelJob']>[0])
          return
        case 'pause':
          await agent.methods?.pauseSchedules(untilMs(action.until, nowMs))
          return
        case 'resume':
          await agent.methods?.resumeSchedules()
          return
      }
    } catch (error) {
      agent.onNotice({ title: 'That could not be done', body: (error as Error).message, page: 'overview' })
    }
  }

  #picture(name: string) {
    return nativeImage.createFromPath(join(this.#options.window.pictures, `tray-${name}.png`))
  }
}

function untilMs(until: 'tomorrow' | 'forever' | number, nowMs: number): 'forever' | number {
  if (until === 'forever') return until
  return until === 'tomorrow' ? tomorrowMs(nowMs) : nowMs + until
}
