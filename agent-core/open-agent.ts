/** How a client gets at the agent of a home folder: the one that runs, or else one in its own process. */
import type { AgentApi } from './api/agent-api.ts'
import { connectToAgent } from './transport/connect-agent.ts'

export async function openAgentOf(home: string): Promise<AgentApi> {
  const openOwn = async () => (await import('./agent.ts')).openAgent({ home })
  return (await connectToAgent(home, openOwn)) ?? (await openOwn())
}
