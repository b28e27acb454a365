/**
 * What a job is refused for is told, and what only a person knows and it needs is asked for, before it becomes a job, so that
 * none is left behind that failed for a question or a slip of the hand. A key that is missing is unlocked with the passphrase:
 * remembered if it is this machine's own, else lent to the job. Where nobody can be asked here, what is missing is thrown, and
 * the client asks again with it.
 */
import { isVaultTrouble } from '../backup/vault-trouble.ts'
import { AgentError } from '../base/agent-error.ts'
import type { JobArguments, JobVerb } from '../contract/job-specs.ts'
import type { CallContext } from '../contract/verb.ts'
import type { KnownVault } from '../state/state-db.ts'
import type { AgentDeps } from './agent-deps.ts'
import { knownItem } from './known-item.ts'
import { isNamed } from './open-keyspace.ts'
import { knownVault, lockedError, openKnownStore, rememberedKey } from './open-vault.ts'
import { requirePin } from './pin-guard.ts'
import { unlockVault } from './unlock-vault.ts'

type Obtain<Verb extends JobVerb> = (deps: AgentDeps, ...given: JobArguments<Verb>) => Promise<void>

const obtainBy: { readonly [Verb in JobVerb]: Obtain<Verb> } = {
  backupNow: async (deps, item, options) => {
    // Here and below loaded when first asked for: what one job needs is of no use to the others.
    const { allowBackup } = await import('./allow-backup.ts')
    allowBackup(deps, item, options)
    await obtainItemKeys(deps, item)
  },
  restoreFiles: async (deps, request) => {
    await obtainItemKeys(deps, request.item)
    await (await import('./restore-places.ts')).allowRestore(deps, request)
  },
  replicateVault: async (deps, vault) => await obtainKey(deps, knownVault(deps, vault)),
  verifyVault: async (deps, vault, { keyspace }) => await obtainKey(deps, knownVault(deps, vault), keyspace),
  pruneVault: async (deps, vault, options) => {
    const known = knownVault(deps, vault)
    if ((await import('./prune-verbs.ts')).isPruneGuarded(options)) await requirePin(deps)
    await obtainKey(deps, known, options.keyspace)
  },
  moveCache: async () => {},
  rebuildCache: async (deps) => {
    // Vaults that are only read are left out where they do not open.
    for (const known of deps.state.vaults().filter(({ access }) => access === 'owner')) await obtainKey(deps, known)
  },
}

/**
 * Throws `vault.locked`, `vault.wrong-passphrase`, `pin.needed`, as `allowBackup` and `allowRestore`, and as the verb for a vault that is not
 * known. What it answers belongs to the context of the job, however long that waits for its turn.
 */
export async function obtainJobSecrets(
  deps: AgentDeps,
  verb: JobVerb,
  given: readonly unknown[],
): Promise<Pick<CallContext, 'isPermitted'>> {
  const obtain = obtainBy[verb] as (deps: AgentDeps, ...given: readonly unknown[]) => Promise<void>
  await obtain(deps, ...given)
  return { isPermitted: true }
}

/** The key of an item's first vault, without which nothing goes; of the others, where they are not away. */
async function obtainItemKeys(deps: AgentDeps, name: string): Promise<void> {
  const [first, ...others] = knownItem(deps, name).vaults.map((vault) => knownVault(deps, vault))
  if (first !== undefined) await obtainKey(deps, first)
  for (const known of others) {
    if (!(await isHeld(deps, known, undefined)) && !(await isAway(deps, known))) await obtainKey(deps, known)
  }
}

/** `keyspace`: a machine's name or the beginning of its keyspace's id; left out: this machine's own. */
async function obtainKey(deps: AgentDeps, known: KnownVault, keyspace?: string): Promise<void> {
  if (await isHeld(deps, known, keyspace)) return
  if (isOfAnother(known, keyspace)) deps.lentKeys?.miss(known.id)
  const ask = deps.askPassphrase()
  if (ask === undefined) {
    throw isOfAnother(known, keyspace)
      ? new AgentError('vault.locked', { name: known.name })
      : await lockedError(deps, known)
  }
  await unlockVault(deps, known.name, await ask(known.name))
  if (await isHeld(deps, known, keyspace)) return
  throw new AgentError('vault.wrong-passphrase', { address: known.address })
}

async function isHeld(deps: AgentDeps, known: KnownVault, keyspace: string | undefined): Promise<boolean> {
  if (isOfAnother(known, keyspace)) return deps.lentKeys?.holds(known.id) === true
  return (await rememberedKey(deps, known.keyspace)) !== undefined
}

function isOfAnother(known: KnownVault, keyspace: string | undefined): boolean {
  return keyspace !== undefined && !isNamed(keyspace, known)
}

async function isAway(deps: AgentDeps, known: KnownVault): Promise<boolean> {
  try {
    await (await openKnownStore(deps, known)).close()
    return false
  } catch (error) {
    if (isVaultTrouble(error)) return true
    throw error
  }
}
