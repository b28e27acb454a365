/**
 * THE table of what the agent can be asked: an entry here is a verb over every transport. What each kind of entry means
 * stands in `verb.ts`.
 */
import type { MethodOf } from '../verb.ts'
import { agentVerbs } from './agent-verbs.ts'
import { folderVerbs } from './folder-verbs.ts'
import { homeVerbs } from './home-verbs.ts'
import { itemVerbs } from './item-verbs.ts'
import { jobVerbs } from './job-verbs.ts'
import { machineVerbs } from './machine-verbs.ts'
import { policyVerbs } from './policy-verbs.ts'
import { trashVerbs } from './trash-verbs.ts'
import { vaultVerbs } from './vault-verbs.ts'

export const verbs = {
  ...vaultVerbs,
  ...machineVerbs,
  ...itemVerbs,
  ...policyVerbs,
  ...trashVerbs,
  ...homeVerbs,
  ...jobVerbs,
  ...agentVerbs,
  ...folderVerbs,
}

export type VerbName = keyof typeof verbs

/** The verbs as methods: what a client calls and the agent implements. */
export type VerbMethods = { readonly [Name in VerbName]: MethodOf<(typeof verbs)[Name]> }
