/**
 * The desktop shell: Electron's main process. It finds or starts the agent, shows its pages in a window and its state in
 * the tray, and does for the pages what only a desktop program can. It knows no rule of the product, and ending it never
 * stops a backup.
 *
 *   1. one shell for each person: a second start shows the window of the first
 *   2. the agent, and a line to it that is made anew whenever it breaks
 *   3. tray, window, notices
 */
import { app, Notification, powerMonitor } from 'electron'
import { AgentLink } from './agent-link.ts'
import { startAgent } from './agent-process.ts'
import { handlePages, registerPages } from './pages.ts'
import { forbidTheRest } from './security.ts'
import { serveShell } from './shell-api.ts'
import { shellLog } from './shell-log.ts'
import { shellPaths } from './shell-paths.ts'
import { readStatusFile } from './status-file.ts'
import { AppTray } from './tray.ts'
import { MainWindow } from './window.ts'

registerPages()
forbidTheRest(app)

if (app.requestSingleInstanceLock()) void run()
else app.quit()

async function run(): Promise<void> {
  const paths = shellPaths(app)
  const log = shellLog(paths.log)
  await app.whenReady()
  handlePages(paths.pages)
  const agent = new AgentLink({ home: paths.home, start: () => startAgent(paths), log })
  const window = new MainWindow({ paths, agent, log })
  const tray = new AppTray({ agent, window, readStatus: () => readStatusFile(paths.home), quit: () => app.quit() })
  serveShell({ window, log })
  agent.onNotice = ({ title, body, page }) => {
    if (!Notification.isSupported()) return
    const notice = new Notification({ title, body })
    notice.on('click', () => window.show(page))
    notice.show()
  }
  app.on('second-instance', () => window.show())
  app.on('activate', () => window.show())
  // The tray stays, and the agent goes on in any case.
  app.on('window-all-closed', () => undefined)
  app.on('before-quit', () => {
    window.allowClosing()
    tray.dispose()
    agent.dispose()
  })
  powerMonitor.on('resume', () => agent.reconnect())
  agent.begin()
  if (!process.argv.includes('--hidden')) window.show()
}
