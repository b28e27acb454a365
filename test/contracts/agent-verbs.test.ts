import { expect, test } from 'vitest'
import { openAgent } from '../../agent-core/agent.ts'
import { verbs } from '../../agent-core/contract/verbs/verbs.ts'
import { TestFolder } from '../support/test-home.ts'

/** Members of AgentApi that belong to one process. */
const notCarried = ['watchItem', 'onPassphraseNeeded', 'onRemark']

test('every verb of the agent is in the contract, and the other way round', async () => {
  using folder = new TestFolder()
  await using agent = await openAgent({ home: folder.at('home') })
  const methods = Object.keys(agent).filter((name) => !notCarried.includes(name))
  const missing = methods.filter((name) => !(name in verbs))
  expect(missing, 'put an entry for each of these into a file of agent-core/contract/verbs/').toEqual([])
  expect(Object.keys(verbs).filter((name) => !methods.includes(name))).toEqual([])
})
