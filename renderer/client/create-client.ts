/** Everything that the pages share, put together once. */
import { QueryClient } from '@tanstack/react-query'
import type { JobsEvent, OverviewDocument, OverviewEvent } from '../../agent-core/contract/index.ts'
import type { Clock } from '../platform/clock.ts'
import { AgentConnection } from './agent-connection.ts'
import { AgentError } from './agent-error.ts'
import { FeedStore } from './feed-store.ts'
import { addJobs, endedJobs, type JobList } from './job-list.ts'
import { SecretQuestions } from './secret-questions.ts'
import type { OpenTransport } from './transport.ts'
import type { Client } from './use-agent.ts'

export interface SharedClient extends Client {
  readonly queries: QueryClient
  readonly questions: SecretQuestions
}

export function createClient(open: OpenTransport, clock: Clock): SharedClient {
  const questions = new SecretQuestions()
  const connection = new AgentConnection({
    open,
    clock,
    askPassphrase: async (vault) => await questions.ask({ kind: 'passphrase', vault }),
    askPin: async () => await questions.ask({ kind: 'pin' }),
  })
  const queries = new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 5000,
        refetchOnWindowFocus: true,
        // The agent is on this machine: "online" says nothing of it.
        networkMode: 'always',
        retry: (count, error) => count < 2 && error instanceof AgentError && error.code === 'agent.lost',
      },
    },
  })
  let generation = 0
  connection.subscribe(() => {
    const { state } = connection
    if (state.kind !== 'online' || state.generation === generation) return
    generation = state.generation
    void queries.invalidateQueries()
  })
  const overview = new FeedStore<OverviewEvent, OverviewDocument>(connection, {
    open: (agent, _value, signal) => agent.watchOverview({}, { signal }),
    reduce: (_value, event) => event.overview,
  })
  const jobs = new FeedStore<JobsEvent, JobList>(connection, {
    open: (agent, value, signal) =>
      agent.watchJobs(value === undefined ? {} : { revision: value.revision }, { signal }),
    reduce: (value, event) => {
      const next = addJobs(value, event)
      // Points, sizes and free space are others now.
      if (endedJobs(value, next).length > 0) void queries.invalidateQueries()
      return next
    },
  })
  return { connection, overview, jobs, queries, questions }
}
