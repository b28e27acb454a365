/** The shell's side of `Shell` (contract/shell.ts): checks who asks and what, then does it. */

import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { app, dialog, ipcMain, shell } from 'electron'
import { z } from 'zod'
import { type Shell, shellChannel, shellMethods } from '../agent-core/contract/shell.ts'
import { LoginEntry, type LoginSurroundings } from './login-entry.ts'
import { isPageOfOurs } from './page-address.ts'
import type { ShellLog } from './shell-log.ts'
import type { MainWindow } from './window.ts'

const path = z.string().min(1).max(65_536)

const inputs = {
  pickFolders: z.tuple([z.string().max(200)]),
  saveText: z.tuple([z.string().min(1).max(200), z.string().max(1_000_000)]),
  reveal: z.tuple([path]),
  opensAtLogin: z.tuple([]),
  setOpensAtLogin: z.tuple([z.boolean()]),
} satisfies Record<keyof Shell, z.ZodType>

const call = z.discriminatedUnion(
  'method',
  shellMethods.map((method) => z.object({ method: z.literal(method), given: inputs[method] })) as never,
)

export function serveShell({ window, log }: { readonly window: MainWindow; readonly log: ShellLog }): void {
  const methods = shellOf(window)
  ipcMain.handle(shellChannel, async (event, method: unknown, given: unknown) => {
    if (event.senderFrame === null || !isPageOfOurs(event.senderFrame.url)) throw new Error('not a page of this app')
    const asked = call.safeParse({ method, given })
    if (!asked.success) {
      log('a page asked for what there is not', asked.error)
      throw new Error('the shell does not do that')
    }
    const { method: name, given: values } = asked.data as { method: keyof Shell; given: never[] }
    return await (methods[name] as (...values: never[]) => Promise<unknown>)(...values)
  })
}

function shellOf(window: MainWindow): Shell {
  const loginEntry = process.platform === 'linux' ? new LoginEntry(loginSurroundings()) : undefined
  return {
    pickFolders: async (title) => {
      const options = { title, properties: ['openDirectory', 'multiSelections', 'showHiddenFiles'] as const }
      const { browserWindow } = window
      const asked = { ...options, properties: [...options.properties] }
      const { canceled, filePaths } = await (browserWindow === undefined
        ? dialog.showOpenDialog(asked)
        : dialog.showOpenDialog(browserWindow, asked))
      return canceled ? [] : filePaths
    },
    saveText: async (suggestedName, text) => {
      const { browserWindow } = window
      const options = { defaultPath: suggestedName }
      const { canceled, filePath } = await (browserWindow === undefined
        ? dialog.showSaveDialog(options)
        : dialog.showSaveDialog(browserWindow, options))
      if (canceled || !filePath) return false
      await writeFile(filePath, text, { mode: 0o600 })
      return true
    },
    reveal: (shown) => {
      if (!existsSync(shown)) return Promise.resolve(false)
      shell.showItemInFolder(shown)
      return Promise.resolve(true)
    },
    opensAtLogin: () => Promise.resolve(loginEntry?.isOn ?? app.getLoginItemSettings().openAtLogin),
    setOpensAtLogin: (opens) => {
      if (loginEntry === undefined) app.setLoginItemSettings({ openAtLogin: opens, args: ['--hidden'] })
      else loginEntry.set(opens)
      return Promise.resolve()
    },
  }
}

function loginSurroundings(): LoginSurroundings {
  return { env: process.env, executable: process.execPath, checkout: app.isPackaged ? undefined : app.getAppPath() }
}
