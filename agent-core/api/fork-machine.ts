/** The use case of a home folder that is a copy of another one: it becomes a machine of its own in all of its vaults. */
import { AgentError } from '../base/agent-error.ts'
import { randomId } from '../base/random.ts'
import type { HomeId } from '../contract/ids.ts'
import { acquireHomeLock } from '../platform/home-lock.ts'
import type { KnownVault } from '../state/state-db.ts'
import { unlockKeyspaces } from '../vault/vault-keys.ts'
import type { ForkedMachine } from './agent-api.ts'
import type { AgentDeps } from './agent-deps.ts'
import { takeNewKeyspace } from './new-keyspace.ts'
import { knownVault } from './open-vault.ts'

/**
 * Makes this home a machine of its own. `passphrase`: that of the machine that it was; it opens the new one too. Throws
 * `vault.foreign`, `vault.wrong-passphrase`, `vault.points-wait`, and the error of a vault that is away: all of the machine's
 * vaults are needed.
 */
export async function forkMachine(deps: AgentDeps, name: string, passphrase: string): Promise<ForkedMachine> {
  const known = knownVault(deps, name)
  if (known.access !== 'owner') throw new AgentError('vault.foreign', { name: known.name, machine: known.machine })
  using _lock = acquireHomeLock(deps.paths.root, deps.clock)
  const { keyspace } = known
  const given = { passphrase, homeId: randomId<HomeId>(deps.random) }
  const forked = await takeNewKeyspace(deps, keyspace, given, async (store, { address }) => {
    const [unlocked] = await unlockKeyspaces(store, passphrase, [keyspace])
    if (unlocked === undefined) throw new AgentError('vault.wrong-passphrase', { address })
  })
  const machine = forked.find((vault) => vault.name === known.name)?.machine ?? known.machine
  deps.log.warn('this home is a copy and becomes a machine of its own', { before: known.machine, machine })
  return { vault: known.name, before: known.machine, machine, remarks: remarksOf(known, machine) }
}

function remarksOf({ name, machine: before }: KnownVault, machine: string): string[] {
  return [
    `This home folder is a copy of another one, which goes on as machine "${before}". From now on this one is machine "${machine}", and stores everything anew under keys of its own.`,
    `Earlier points stay with "${before}": "tharsis vault connect" with --read "${before}" shows them.`,
    `The passphrase is the same; make a recovery code of its own with "tharsis vault recovery-code ${name}".`,
  ]
}
