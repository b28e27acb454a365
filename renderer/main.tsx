/** Where the pages begin: in a browser, or in a window of the desktop shell. */
import { createRoot } from 'react-dom/client'
import { config } from 'zod'
import { createClient } from './client/create-client.ts'
import { openBrowserTransport } from './platform/browser-transport.ts'
import { systemClock } from './platform/clock.ts'
import { openPortTransport } from './platform/port-transport.ts'
import { shell } from './platform/shell.ts'
import { readTheme, showTheme } from './platform/theme.ts'
import { App } from './shell/app.tsx'
import './styles/tokens.css'
import './styles/base.css'
import './styles/controls.css'
import './styles/layout.css'
import './styles/screens.css'

// The pages' Content-Security-Policy lets nobody make code of text.
config({ jitless: true })
showTheme(readTheme())

const page = shell
const open = page === undefined ? openBrowserTransport : async () => await openPortTransport(page, systemClock)
const client = createClient(open, systemClock)
void client.connection.run(new AbortController().signal)

const place = document.querySelector('#app')
if (place === null) throw new Error('the page has no place for the app')
createRoot(place).render(<App client={client} />)
