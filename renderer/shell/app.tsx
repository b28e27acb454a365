import { QueryClientProvider } from '@tanstack/react-query'
import { lazy, Suspense, useEffect, useRef } from 'react'
import { I18nProvider } from 'react-aria-components'
import { Redirect, Route, Router, Switch, useLocation } from 'wouter'
import { useHashLocation } from 'wouter/use-hash-location'
import type { SharedClient } from '../client/create-client.ts'
import { ClientContext, useAsk, useOverview } from '../client/use-agent.ts'
import { OverviewPage } from '../screens/overview/overview-page.tsx'
import { WelcomePage } from '../screens/welcome/welcome-page.tsx'
import { Loading } from '../ui/notes.tsx'
import { ConnectionBanner } from './connection-banner.tsx'
import { PageBoundary } from './page-boundary.tsx'
import { SecretPrompt } from './secret-prompt.tsx'
import { Sidebar } from './sidebar.tsx'

const ItemsPage = lazy(async () => ({ default: (await import('../screens/items/items-page.tsx')).ItemsPage }))
const ItemPage = lazy(async () => ({ default: (await import('../screens/items/item-page.tsx')).ItemPage }))
const ProtectPage = lazy(async () => ({ default: (await import('../screens/protect/protect-page.tsx')).ProtectPage }))
const RestorePage = lazy(async () => ({ default: (await import('../screens/restore/restore-page.tsx')).RestorePage }))
const JobsPage = lazy(async () => ({ default: (await import('../screens/jobs/jobs-page.tsx')).JobsPage }))
const JobPage = lazy(async () => ({ default: (await import('../screens/jobs/job-page.tsx')).JobPage }))
const VaultsPage = lazy(async () => ({ default: (await import('../screens/vaults/vaults-page.tsx')).VaultsPage }))
const VaultPage = lazy(async () => ({ default: (await import('../screens/vaults/vault-page.tsx')).VaultPage }))
const NewVaultPage = lazy(async () => ({
  default: (await import('../screens/vaults/new-vault-page.tsx')).NewVaultPage,
}))
const ConnectPage = lazy(async () => ({ default: (await import('../screens/vaults/connect-page.tsx')).ConnectPage }))
const SettingsPage = lazy(async () => ({
  default: (await import('../screens/settings/settings-page.tsx')).SettingsPage,
}))

export function App({ client }: { readonly client: SharedClient }) {
  return (
    <ClientContext.Provider value={client}>
      <QueryClientProvider client={client.queries}>
        <I18nProvider locale="en-GB">
          <Router hook={useHashLocation}>
            <div className="app">
              <Sidebar />
              <Main />
            </div>
            <SecretPrompt questions={client.questions} />
          </Router>
        </I18nProvider>
      </QueryClientProvider>
    </ClientContext.Provider>
  )
}

function Main() {
  const main = useRef<HTMLElement>(null)
  const [location] = useLocation()
  const place = location.split('/').slice(0, 3).join('/')
  // A new page is read from its beginning.
  useEffect(() => {
    main.current?.scrollTo(0, 0)
  }, [place])
  return (
    <main className="main" ref={main}>
      <ConnectionBanner />
      <PageBoundary key={place}>
        <Suspense fallback={<Loading what="the page" />}>
          <Pages />
        </Suspense>
      </PageBoundary>
    </main>
  )
}

function Pages() {
  return (
    <Switch>
      <Route path="/" component={Start} />
      <Route path="/items" component={ItemsPage} />
      <Route path="/items/:name">{({ name }) => <ItemPage key={name} name={decode(name)} />}</Route>
      <Route path="/protect" component={ProtectPage} />
      <Route path="/restore/:item?/:point?">
        {({ item, point }) => (
          <RestorePage
            {...(item !== undefined && { item: decode(item) })}
            {...(point !== undefined && { point: decode(point) })}
          />
        )}
      </Route>
      <Route path="/jobs" component={JobsPage} />
      <Route path="/jobs/:id">{({ id }) => <JobPage key={id} id={id} />}</Route>
      <Route path="/vaults" component={VaultsPage} />
      <Route path="/vaults/:name">{({ name }) => <VaultPage key={name} name={decode(name)} />}</Route>
      <Route path="/vaults-new" component={NewVaultPage} />
      <Route path="/connect" component={ConnectPage} />
      <Route path="/settings" component={SettingsPage} />
      <Route>
        <Redirect to="/" replace />
      </Route>
    </Switch>
  )
}

/** The overview; where nothing is known yet, the two doors of the first run. */
function Start() {
  const isEmpty = useOverview().value?.items.length === 0
  const vaults = useAsk(['vaults'], async (agent) => await agent.listVaults(), { isWanted: isEmpty })
  return isEmpty && vaults.answer?.length === 0 ? <WelcomePage /> : <OverviewPage />
}

/** A part of an address; wouter has decoded some of it already, and what cannot be decoded is taken as it is. */
function decode(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
