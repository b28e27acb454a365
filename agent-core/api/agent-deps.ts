/** What every use case works with: one home folder, opened. */
import { join } from 'node:path'
import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import type { Random } from '../base/random.ts'
import type { ScryptParameters } from '../format/key-slot.ts'
import type { SecretStore } from '../platform/secrets.ts'
import type { StateDb } from '../state/state-db.ts'

/** Where things lie in a home folder. */
export interface HomePaths {
  readonly root: string
  readonly state: string
  readonly cache: string
  readonly base: string
  readonly chunks: string
  readonly log: string
}

export function homePaths(home: string): HomePaths {
  const cache = join(home, 'cache')
  return {
    root: home,
    state: join(home, 'state.db'),
    cache,
    base: join(cache, 'base.db'),
    chunks: join(cache, 'chunks'),
    log: join(home, 'agent.log'),
  }
}

export interface AgentDeps {
  readonly paths: HomePaths
  readonly state: StateDb
  /** Opened when first asked for: trying a keychain takes a moment. */
  readonly secrets: () => Promise<SecretStore>
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Name and version of this program. */
  readonly product: string
  /** This machine's name. */
  readonly machine: string
  readonly platform: string
  /** Cost of new key slots; the format's default when left out. */
  readonly scrypt?: ScryptParameters
  /** Asks the client for a vault's passphrase; undefined when it cannot. */
  readonly askPassphrase: () => ((vault: string) => Promise<string>) | undefined
  /** Tells the client what is worth knowing beside an answer; left out: nobody listens. */
  readonly remark?: (text: string) => void
}
