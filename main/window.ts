import { readFileSync, writeFileSync } from 'node:fs'
import { BrowserWindow, ipcMain, MessageChannelMain, screen } from 'electron'
import { agentPortMessage, connectAgentChannel, pagesAddress } from '../agent-core/contract/shell.ts'
import type { AgentLink } from './agent-link.ts'
import { openAgentSocket, pipePort } from './agent-socket.ts'
import { isPageOfOurs } from './page-address.ts'
import type { ShellLog } from './shell-log.ts'
import type { ShellPaths } from './shell-paths.ts'
import { chooseBounds, formatPlace, parsePlace, smallest } from './window-bounds.ts'

export interface WindowOptions {
  readonly paths: ShellPaths
  readonly agent: AgentLink
  readonly log: ShellLog
}

/** The one window, made when it is first shown. Closing it hides it: the tray stays. */
export class MainWindow {
  readonly #options: WindowOptions
  #window: BrowserWindow | undefined
  #mayClose = false

  constructor(options: WindowOptions) {
    this.#options = options
    ipcMain.on(connectAgentChannel, (event) => {
      if (event.senderFrame === null || !isPageOfOurs(event.senderFrame.url)) return
      void this.#connect(event.sender)
    })
  }

  get browserWindow(): BrowserWindow | undefined {
    return this.#window
  }

  get pictures(): string {
    return this.#options.paths.pictures
  }

  /** Shows the window; with `page`, that page of it. */
  show(page?: string): void {
    const window = (this.#window ??= this.#open(page))
    if (page !== undefined && window.webContents.getURL() !== '') {
      void window.loadURL(`${pagesAddress}#/${page}`)
    }
    if (window.isMinimized()) window.restore()
    window.show()
    window.focus()
  }

  /** The app ends: from now on closing closes. */
  allowClosing(): void {
    this.#mayClose = true
  }

  #open(page: string | undefined): BrowserWindow {
    const { paths, log } = this.#options
    const remembered = this.#readPlace()
    const screens = screen.getAllDisplays().map(({ workArea }) => workArea)
    const window = new BrowserWindow({
      ...chooseBounds(remembered, screens),
      minWidth: smallest.width,
      minHeight: smallest.height,
      title: 'Tharsis',
      show: false,
      autoHideMenuBar: true,
      webPreferences: {
        preload: paths.preload,
        contextIsolation: true,
        sandbox: true,
        nodeIntegration: false,
        webSecurity: true,
        spellcheck: false,
      },
    })
    if (remembered?.isMaximized === true) window.maximize()
    window.on('close', (event) => {
      this.#writePlace(window)
      if (this.#mayClose) return
      event.preventDefault()
      window.hide()
    })
    window.on('closed', () => {
      this.#window = undefined
    })
    window.webContents.on('render-process-gone', (_event, { reason }) => {
      log(`the window's process ended: ${reason}`)
      if (reason !== 'clean-exit') window.webContents.reload()
    })
    void window.loadURL(`${pagesAddress}${page === undefined ? '' : `#/${page}`}`)
    return window
  }

  /** Gives the page a port to the agent; it asks again when that closes. */
  async #connect(contents: Electron.WebContents): Promise<void> {
    const socket = await openAgentSocket(this.#options.agent.home)
    if (contents.isDestroyed()) {
      socket?.close()
      return
    }
    if (socket === undefined) {
      contents.postMessage(agentPortMessage, null, [])
      return
    }
    const { port1, port2 } = new MessageChannelMain()
    pipePort(port1, socket)
    contents.postMessage(agentPortMessage, null, [port2])
  }

  #readPlace() {
    try {
      return parsePlace(readFileSync(this.#options.paths.windowFile, 'utf8'))
    } catch {
      // Never closed before: the usual place.
      return undefined
    }
  }

  #writePlace(window: BrowserWindow): void {
    try {
      const place = { ...window.getNormalBounds(), isMaximized: window.isMaximized() }
      writeFileSync(this.#options.paths.windowFile, formatPlace(place))
    } catch (error) {
      this.#options.log('the place of the window could not be remembered', error)
    }
  }
}
