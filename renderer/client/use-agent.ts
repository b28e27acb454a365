/** The agent as components use it: its verbs, the connection, and the feeds that all pages share. */
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { createContext, useContext, useEffect, useState, useSyncExternalStore } from 'react'
import type {
  JobDocument,
  JobsEvent,
  OverviewDocument,
  OverviewEvent,
  VerbMethods,
} from '../../agent-core/contract/index.ts'
import { type Clock, systemClock } from '../platform/clock.ts'
import type { AgentConnection, ConnectionState } from './agent-connection.ts'
import { type AgentError, shownError } from './agent-error.ts'
import type { FeedState, FeedStore } from './feed-store.ts'
import type { JobList } from './job-list.ts'

export interface Client {
  readonly connection: AgentConnection
  readonly overview: FeedStore<OverviewEvent, OverviewDocument>
  readonly jobs: FeedStore<JobsEvent, JobList>
}

export const ClientContext = createContext<Client | undefined>(undefined)

function useClient(): Client {
  const client = useContext(ClientContext)
  if (client === undefined) throw new Error('a page is shown outside of its client')
  return client
}

export function useAgent(): VerbMethods {
  return useClient().connection.agent
}

export function useConnection(): ConnectionState {
  const { connection } = useClient()
  return useSyncExternalStore(connection.subscribe, () => connection.state)
}

export function useIsOnline(): boolean {
  return useConnection().kind === 'online'
}

export function useOverview(): FeedState<OverviewDocument> {
  const { overview } = useClient()
  return useSyncExternalStore(overview.subscribe, overview.getState)
}

export function useJobs(): FeedState<JobList> {
  const { jobs } = useClient()
  return useSyncExternalStore(jobs.subscribe, jobs.getState)
}

/** One job as it is now; undefined: this page has not heard of it. */
export function useJob(id: string | undefined): JobDocument | undefined {
  const { value } = useJobs()
  return id === undefined ? undefined : value?.byId.get(id)
}

export interface Asked<Answer> {
  readonly answer: Answer | undefined
  readonly error: AgentError | undefined
  readonly isLoading: boolean
  readonly again: () => void
}

/** What the agent answers; asked again when a job has ended or the agent was away. */
export function useAsk<Answer>(
  key: readonly unknown[],
  ask: (agent: VerbMethods, signal: AbortSignal) => Promise<Answer>,
  options: {
    readonly isWanted?: boolean
    /** While a question with another key is asked, the answer to the one before stays. */
    readonly keepsLast?: boolean
  } = {},
): Asked<Answer> {
  const agent = useAgent()
  const isOnline = useIsOnline()
  const query = useQuery({
    queryKey: key,
    queryFn: async ({ signal }) => await ask(agent, signal),
    enabled: isOnline && options.isWanted !== false,
    ...(options.keepsLast === true && { placeholderData: keepPreviousData }),
  })
  return {
    answer: query.data,
    // A lost connection is told by the page as a whole, and asked again by itself.
    error: query.error === null || shownError(query.error).code === 'agent.lost' ? undefined : shownError(query.error),
    isLoading: query.data === undefined && query.error === null,
    again: () => void query.refetch(),
  }
}

/** The time, told anew every so often. */
export function useNow(intervalMs = 10_000, clock: Clock = systemClock): number {
  const [nowMs, setNowMs] = useState(() => clock.nowMs())
  useEffect(() => clock.every(intervalMs, () => setNowMs(clock.nowMs())), [clock, intervalMs])
  return nowMs
}
