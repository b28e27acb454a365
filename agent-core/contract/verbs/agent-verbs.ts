import { z } from 'zod'
import { agentStatus } from '../documents/agent.ts'
import { call } from '../verb.ts'

export const agentVerbs = {
  agentStatus: call({
    about: 'How the agent in the background is. Needs a running agent.',
    parameters: [],
    answer: agentStatus,
  }),
  stopAgent: call({
    about:
      'Lets the agent end. Jobs that run are interrupted; backups go on when it runs again. Needs a running agent.',
    parameters: [],
    answer: z.object({}),
  }),
}
