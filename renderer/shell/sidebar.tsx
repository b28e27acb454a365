import { Database, FolderHeart, Gauge, History, ListChecks, Settings } from 'lucide-react'
import { Link, useLocation } from 'wouter'
import { isLive } from '../client/job-list.ts'
import { useConnection, useJobs } from '../client/use-agent.ts'
import { countOf } from '../text/amounts.ts'

const pages = [
  { to: '/', title: 'Overview', icon: Gauge },
  { to: '/items', title: 'Items', icon: FolderHeart },
  { to: '/restore', title: 'Restore', icon: History },
  { to: '/jobs', title: 'Jobs', icon: ListChecks },
  { to: '/vaults', title: 'Vaults', icon: Database },
  { to: '/settings', title: 'Settings', icon: Settings },
] as const

export function Sidebar() {
  const [location] = useLocation()
  const live = [...(useJobs().value?.byId.values() ?? [])].filter(isLive).length
  return (
    <nav className="sidebar" aria-label="Pages">
      <p className="brand">
        <img src="./icon.svg" alt="" width="24" height="24" />
        Tharsis
      </p>
      <ul>
        {pages.map(({ to, title, icon: Icon }) => {
          const isHere = isBelow(location, to)
          return (
            <li key={to}>
              <Link to={to} className={isHere ? 'nav nav-here' : 'nav'} {...(isHere && { 'aria-current': 'page' })}>
                <Icon aria-hidden />
                {title}
                {to === '/jobs' && live > 0 && (
                  <span className="nav-count" title={`${countOf(live, 'job')} under way`}>
                    {live}
                  </span>
                )}
              </Link>
            </li>
          )
        })}
      </ul>
      <AgentState />
    </nav>
  )
}

const homes: Readonly<Record<string, string>> = { protect: '/items', connect: '/vaults', 'vaults-new': '/vaults' }

function isBelow(location: string, page: string): boolean {
  const [, first = ''] = location.split('/')
  return (homes[first] ?? `/${first}`) === page
}

function AgentState() {
  const { kind } = useConnection()
  const words = { connecting: 'Connecting…', online: 'Agent runs', offline: 'Agent is away' }[kind]
  return (
    <p className="agent-state" role="status">
      <span className={`dot dot-${kind}`} aria-hidden />
      {words}
    </p>
  )
}
