/**
 * The places from which the points of an item are read: its vaults, and the replica of each that is away. The replicas
 * of vaults that answer are *spares*: opened when something of a vault turns out to be damaged or missing.
 */
import { isVaultTrouble } from '../backup/vault-trouble.ts'
import type { AgentError } from '../base/agent-error.ts'
import { isoTime } from '../base/date-text.ts'
import type { ChunkSource } from '../cache/chunk-reader.ts'
import type { KeyspaceKeys } from '../codec/key-derivation.ts'
import { formatTime } from '../contract/format-time.ts'
import type { Item, KnownVault } from '../state/state-db.ts'
import type { Vault } from '../vault/vault.ts'
import type { AgentDeps } from './agent-deps.ts'
import { openReplica } from './open-replica.ts'
import { keysOf, knownVault, openKnownVault } from './open-vault.ts'

export interface ReadingPlace {
  readonly known: KnownVault
  /** Stands in the vault's place, or in that of its replica. */
  readonly vault: Vault
}

export class ReadingPlaces implements AsyncDisposable {
  readonly keys: KeyspaceKeys
  /** In the order in which they are asked. */
  readonly open: readonly ReadingPlace[]
  /** Why the first of the item's vaults that is away is so; undefined: all answer. */
  readonly trouble: AgentError | undefined
  readonly #deps: AgentDeps
  readonly #withSpare: readonly KnownVault[]
  #spares: Promise<readonly ReadingPlace[]> | undefined
  #isSpareTold = false

  constructor(
    deps: AgentDeps,
    parts: Pick<ReadingPlaces, 'keys' | 'open' | 'trouble'> & { readonly withSpare: readonly KnownVault[] },
  ) {
    this.#deps = deps
    this.keys = parts.keys
    this.open = parts.open
    this.trouble = parts.trouble
    this.#withSpare = parts.withSpare
  }

  /** The replicas of the vaults that answer; those that cannot be had now are left out. */
  async spares(): Promise<readonly ReadingPlace[]> {
    return await (this.#spares ??= this.#openSpares())
  }

  /** Tells, once, that something was read from a spare. */
  tellSpare({ known, vault }: ReadingPlace): void {
    if (this.#isSpareTold) return
    this.#isSpareTold = true
    this.#deps.log.warn('read from a replica what the vault lacks', { vault: known.name })
    this.#deps.remark?.(
      `Something in vault "${known.name}" is damaged or missing and was read from its replica (${vault.store.address}); ` +
        `run "tharsis vault verify ${known.name}".`,
    )
  }

  /** Chunk files of the spares, opened when one is asked for. */
  spareSource(): ChunkSource | undefined {
    if (this.#withSpare.length === 0) return undefined
    return {
      label: 'replica',
      read: async (name, offset, sizeBytes) => {
        for (const place of await this.spares()) {
          const bytes = await place.vault.chunkSource().read(name, offset, sizeBytes)
          if (bytes === undefined) continue
          this.tellSpare(place)
          return bytes
        }
        return undefined
      },
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const spares = (await this.#spares) ?? []
    for (const { vault } of [...this.open, ...spares]) await vault.store.close()
  }

  async #openSpares(): Promise<readonly ReadingPlace[]> {
    const spares: ReadingPlace[] = []
    for (const known of this.#withSpare) {
      try {
        spares.push({ known, vault: await openReplica(this.#deps, known, this.keys) })
      } catch (error) {
        if (!isVaultTrouble(error)) throw error
        this.#deps.log.info('a replica cannot be read', { vault: known.name, reason: error.message })
      }
    }
    return spares
  }
}

/** Opens what answers of an item's vaults and replicas; throws `vault.locked`, `vault.wrong-passphrase`. */
export async function openReadingPlaces(deps: AgentDeps, item: Item): Promise<ReadingPlaces> {
  const open: ReadingPlace[] = []
  const withSpare: KnownVault[] = []
  let trouble: AgentError | undefined
  const vaults = item.vaults.map((name) => knownVault(deps, name))
  try {
    for (const known of vaults) {
      const vault = await orTrouble(() => openKnownVault(deps, known))
      if ('store' in vault) {
        open.push({ known, vault })
        if (deps.state.replica(known.name) !== undefined) withSpare.push(known)
        continue
      }
      trouble ??= vault
      const replica = await openInstead(deps, known, vault)
      if (replica !== undefined) open.push({ known, vault: replica })
    }
    const keys = open[0]?.vault.keys ?? (await keysOf(deps, vaults[0] as KnownVault, undefined))
    return new ReadingPlaces(deps, { keys, open, trouble, withSpare })
  } catch (error) {
    for (const { vault } of open) await vault.store.close()
    throw error
  }
}

/** The replica of a vault that is away, which is told; undefined when there is none that answers. */
async function openInstead(deps: AgentDeps, known: KnownVault, trouble: AgentError): Promise<Vault | undefined> {
  const replica = deps.state.replica(known.name)
  if (replica === undefined) return undefined
  const vault = await orTrouble(() => openReplica(deps, known))
  if (!('store' in vault)) {
    deps.remark?.(`The replica of vault "${known.name}" cannot be read either: ${vault.message}`)
    return undefined
  }
  const { completedMs } = replica
  const age = completedMs === null ? '' : `, as of ${formatTime(isoTime(completedMs))}`
  deps.remark?.(`${trouble.message} Its replica is read instead (${replica.address}${age}).`)
  return vault
}

async function orTrouble(open: () => Promise<Vault>): Promise<Vault | AgentError> {
  try {
    return await open()
  } catch (error) {
    if (isVaultTrouble(error)) return error
    throw error
  }
}
