/** What windows may not do: everything that the app's own pages do not need. */
import type { App } from 'electron'
import { session } from 'electron'
import { isPageOfOurs } from './page-address.ts'

export function forbidTheRest(app: App): void {
  app.on('web-contents-created', (_event, contents) => {
    contents.setWindowOpenHandler(() => ({ action: 'deny' }))
    contents.on('will-navigate', (event, address) => {
      if (!isPageOfOurs(address)) event.preventDefault()
    })
    contents.on('will-attach-webview', (event) => event.preventDefault())
  })
  void app.whenReady().then(() => {
    session.defaultSession.setPermissionRequestHandler((_contents, _permission, answer) => answer(false))
    session.defaultSession.setPermissionCheckHandler(() => false)
  })
}
