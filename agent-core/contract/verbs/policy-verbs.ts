import { z } from 'zod'
import { list, name } from '../bounds.ts'
import { policyChange, policyDocument, simulationDocument } from '../documents/policy.ts'
import { call } from '../verb.ts'

export const policyVerbs = {
  createPolicy: call({
    about: 'Makes a policy: what the change leaves out is as in the built-in one, but without long-term points.',
    parameters: [
      ['name', name],
      ['change', policyChange],
    ],
    answer: policyDocument,
  }),
  changePolicy: call({
    about:
      'Changes a policy; points that are there already go by it too. Shorter rules need the PIN, and count after a while.',
    parameters: [
      ['name', name],
      ['change', policyChange],
    ],
    answer: policyDocument,
  }),
  listPolicies: call({ about: 'The policies and their items.', parameters: [], answer: list(policyDocument) }),
  showPolicy: call({ about: 'One policy.', parameters: [['name', name]], answer: policyDocument }),
  removePolicy: call({
    about: 'Removes a policy that no item has.',
    parameters: [['name', name]],
    answer: z.object({ name }),
  }),
  simulatePolicy: call({
    about: 'The points that will exist in 1 month, 1, 5 and 10 years, from those of `item`, or from none.',
    parameters: [
      ['name', name],
      ['item', name.optional()],
    ],
    answer: simulationDocument,
  }),
}
