import { z } from 'zod'
import { list, name } from '../bounds.ts'
import { policyChange, policyDetails, policyDocument, policyPreview, simulationDocument } from '../documents/policy.ts'
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
  showPolicy: call({
    about: 'One policy, with the next ten runs that it wants.',
    parameters: [['name', name]],
    answer: policyDetails,
  }),
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
  previewPolicy: call({
    about:
      'What `createPolicy` with that change would make: its next ten runs, and how many points it keeps after 1 month, 1, ' +
      '5 and 10 years, from none. Makes nothing.',
    parameters: [['change', policyChange]],
    answer: policyPreview,
  }),
}
