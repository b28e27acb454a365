/** How a client gets at the agent of a home folder: the one that runs, or else one in its own process. */
import type { AgentApi } from './api/agent-api.ts'
import type { S3Keys } from './contract/s3-server.ts'
import { hasSocket } from './transport/agent-folder.ts'

/** `s3Keys`: those of this process' environment, for an agent of its own; a running agent has its own. */
export async function openAgentOf(options: { readonly home: string; readonly s3Keys?: S3Keys }): Promise<AgentApi> {
  const openOwn = async () => (await import('./agent.ts')).openAgent(options)
  // What speaks to an agent takes a third of a second to load.
  if (!hasSocket(options.home)) return await openOwn()
  const { connectToAgent } = await import('./transport/connect-agent.ts')
  return (await connectToAgent(options.home, openOwn)) ?? (await openOwn())
}
