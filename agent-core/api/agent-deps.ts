/** What every use case works with: one home folder, opened. */
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import type { Pace } from '../base/pace.ts'
import type { Random } from '../base/random.ts'
import { baseFileName, chunkFolderName } from '../cache/cache-files.ts'
import type { S3Keys } from '../contract/s3-server.ts'
import type { ScryptParameters } from '../format/key-slot.ts'
import type { SecretStore } from '../platform/secrets.ts'
import type { Uptime } from '../platform/uptime.ts'
import type { ChangeJournal } from '../source/change-journal.ts'
import type { Item, StateDb } from '../state/state-db.ts'
import type { LentKeys } from './lent-keys.ts'

/** Where things lie in a home folder. */
export interface HomePaths {
  readonly root: string
  readonly state: string
  readonly cache: string
  readonly base: string
  readonly chunks: string
  readonly log: string
  /** Change journals of items. */
  readonly journals: string
  /** What verifications have proven, a file for each vault and keyspace. */
  readonly proofs: string
  /** Marks of vaults, kept so that only new ones are read. */
  readonly marks: string
  /** Manifests of points, kept for the same reason. */
  readonly manifests: string
}

/**
 * `cacheFolder` tells where the cache is, undefined: in the home folder. It is asked each time, since another process
 * may move the cache until this one holds the home lock.
 */
export function homePaths(home: string, cacheFolder: () => string | undefined): HomePaths {
  return {
    root: home,
    state: statePath(home),
    get cache() {
      return cacheFolder() ?? join(home, 'cache')
    },
    get base() {
      return join(this.cache, baseFileName)
    },
    get chunks() {
      return join(this.cache, chunkFolderName)
    },
    log: join(home, 'agent.log'),
    journals: join(home, 'journals'),
    proofs: join(home, 'proofs'),
    marks: join(home, 'marks'),
    manifests: join(home, 'manifests'),
  }
}

export function statePath(home: string): string {
  return join(home, 'state.db')
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
  /** Who acts, as marks and the audit journal name him: user and machine. */
  readonly who: string
  /** The time since the machine started. */
  readonly uptime: () => Uptime
  /** This machine's name. */
  readonly machine: string
  readonly platform: string
  /** Name of this system's time zone (IANA). */
  readonly timeZone: string
  /** Cost of new key slots; the format's default when left out. */
  readonly scrypt?: ScryptParameters
  /** Keys of an S3 server that stood in the environment (AWS_ACCESS_KEY_ID …). */
  readonly s3Keys?: S3Keys
  /** What uploads keep to, as it is set now; undefined: no limit. */
  readonly uploadPace?: () => Pace | undefined
  /** What clients of the process in the background unlock of other machines; left out: it is asked for. */
  readonly lentKeys?: LentKeys
  /** Asks the client for a vault's passphrase; undefined when it cannot. */
  readonly askPassphrase: () => ((vault: string) => Promise<string>) | undefined
  /** Asks the client for the PIN; undefined when it cannot. */
  readonly askPin: () => (() => Promise<string>) | undefined
  /** The PIN that came with the call; undefined, or left out: none did. */
  readonly givenPin?: () => (() => Promise<string>) | undefined
  /** Offers bytes to browsers; returns the id of the offer. Left out: none are served. */
  readonly offerDownload?: (download: { readonly name: string; readonly open: () => Readable }) => string
  /** The change journal of an item, where one is kept between backups. */
  readonly journalOf?: (item: Item) => Promise<ChangeJournal | undefined>
  /** Tells the client what is worth knowing beside an answer; left out: nobody listens. */
  readonly remark?: (text: string) => void
}
