/**
 * `state.db`: what this home folder has been told — vaults, items, policies, settings — and who it is. The only file that
 * speaks SQLite in state/. Unlike the base it is no cache, but all of it can be had again from a
 * vault with its passphrase.
 */
import Database from 'better-sqlite3'
import { AgentError } from '../base/agent-error.ts'
import { type Random, randomId } from '../base/random.ts'
import type { HomeId, ItemId } from '../contract/ids.ts'
import type { Policy } from '../contract/policy.ts'
import { encodeCbor } from '../format/cbor.ts'
import { policyToCbor } from '../format/policy.ts'
import { HeldJobs } from './held-jobs.ts'
import { JobTable } from './job-table.ts'
import { MadePoints } from './made-points.ts'
import { ScheduleTable } from './schedule-table.ts'
import {
  type Item,
  type ItemRow,
  itemOf,
  type KnownReplica,
  type KnownVault,
  type PolicyRow,
  policyOf,
  type ReplicaRow,
  replicaOf,
  type VaultRow,
  vaultOf,
} from './state-rows.ts'
import { prepareState } from './state-schema.ts'
import { StateStatement } from './state-statement.ts'
import type { StateSql } from './state-tables.ts'
import { placeRowOf, type StorePlace } from './store-place.ts'

export type { Item, KnownReplica, KnownVault } from './state-rows.ts'

/**
 * What a person may set; absent: the default. `cache-leftover` is no choice but a note: the folder that an interrupted
 * move of the cache left behind; so is `pin-record`, the tries of the PIN.
 */
export type SettingName =
  | 'cache-budget'
  | 'instant-days'
  | 'gentle'
  | 'verify-days'
  | 'upload-limit'
  | 'work-upload-limit'
  | 'work-hours'
  | 'cache-folder'
  | 'cache-leftover'
  | 'trash-days'
  | 'pin'
  | 'pin-record'

/** Opens or creates the state at `path`; throws `home.newer`, `home.unusable`, and `home.damaged`, which every call may. */
export function openState(path: string, random: Random): StateDb {
  return new StateDb(path, random)
}

export class StateDb implements Disposable {
  readonly madePoints: MadePoints
  readonly heldJobs: HeldJobs
  readonly jobs: JobTable
  readonly schedules: ScheduleTable
  readonly #db: Database.Database
  readonly #path: string
  readonly #statements = new Map<string, StateStatement<unknown[], unknown>>()
  readonly #policies = new Map<string, { readonly definition: Buffer; readonly policy: Policy }>()
  #homeId: HomeId

  constructor(path: string, random: Random) {
    this.#path = path
    try {
      this.#db = new Database(path, { timeout: 10_000 })
      this.#homeId = this.#prepare(random)
    } catch (error) {
      throw translate(error, path)
    }
    const sql = this.#sql()
    this.madePoints = new MadePoints(sql)
    this.heldJobs = new HeldJobs(sql)
    this.jobs = new JobTable(sql)
    this.schedules = new ScheduleTable(sql)
  }

  /** Has changed whenever anything in the database has, by this process or another: a look that costs microseconds. */
  get version(): string {
    const others = this.#statement<[], { data_version: number }>('PRAGMA data_version').get()?.data_version
    const own = this.#statement<[], { changes: number }>('SELECT total_changes() AS changes').get()?.changes
    return `${others}.${own}`
  }

  /** Who this home folder is, as vaults know it. */
  get homeId(): HomeId {
    return this.#homeId
  }

  /**
   * This home goes on as another one: with another keyspace and name of its machine in these vaults, and items that are new to
   * them. One transaction.
   */
  becomeOther(other: {
    readonly homeId: HomeId
    readonly vaults: readonly Pick<KnownVault, 'name' | 'keyspace' | 'machine'>[]
    readonly items: ReadonlyMap<ItemId, ItemId>
  }): void {
    this.#write(() => {
      this.#statement("UPDATE fact SET value = ? WHERE key = 'home-id'").run(other.homeId)
      const vault = this.#statement('UPDATE vault SET keyspace = @keyspace, machine = @machine WHERE name = @name')
      for (const { name, keyspace, machine } of other.vaults) vault.run({ name, keyspace, machine })
      for (const [before, id] of other.items) {
        this.#statement('UPDATE item SET id = ? WHERE id = ?').run(id, before)
        this.#statement('UPDATE item_vault SET item = ? WHERE item = ?').run(id, before)
        this.#statement('UPDATE schedule_progress SET item = ? WHERE item = ?').run(id, before)
        // Its points are not those of the new item, whose first backup may be one on demand.
        this.#statement('DELETE FROM on_demand_point WHERE item = ?').run(before)
      }
    })
    this.#homeId = other.homeId
  }

  vaults(): KnownVault[] {
    return this.#statement<[], VaultRow>('SELECT * FROM vault ORDER BY name').all().map(vaultOf)
  }

  vault(name: string): KnownVault | undefined {
    const row = this.#statement<[string], VaultRow>('SELECT * FROM vault WHERE name = ?').get(name)
    return row && vaultOf(row)
  }

  /** Adds a vault, or replaces the one of that name, with the items and policies that come with it. One transaction. */
  addVault(vault: KnownVault, items: readonly Item[], policies: readonly Policy[] = []): void {
    this.#write(() => {
      for (const policy of policies) this.#putPolicy(policy)
      this.#statement(
        `INSERT INTO vault (name, id, kind, address, settings, keyspace, machine, access)
           VALUES (@name, @id, @kind, @address, @settings, @keyspace, @machine, @access)
           ON CONFLICT (name) DO UPDATE SET id = excluded.id, kind = excluded.kind, address = excluded.address,
             settings = excluded.settings, keyspace = excluded.keyspace, machine = excluded.machine,
             access = excluded.access`,
      ).run({ ...vault, ...placeRowOf(vault) })
      for (const item of items) this.#putItem(item)
    })
  }

  /** Has a known vault lie at another place, or the same with other settings. */
  putPlace(name: string, place: StorePlace): void {
    this.#write(() => {
      this.#statement('UPDATE vault SET kind = @kind, address = @address, settings = @settings WHERE name = @name').run(
        { name, ...placeRowOf(place) },
      )
    })
  }

  /**
   * Forgets a vault with its replica and the items that go nowhere else; one that is not known is none already. One
   * transaction.
   */
  removeVault(name: string): void {
    this.#write(() => {
      this.#statement('DELETE FROM item_vault WHERE vault = ?').run(name)
      this.#db.exec('DELETE FROM item WHERE id NOT IN (SELECT item FROM item_vault)')
      this.#statement('DELETE FROM vault WHERE name = ?').run(name)
      this.jobs.noteForgottenVault(name)
    })
  }

  replica(vault: string): KnownReplica | undefined {
    const row = this.#statement<[string], ReplicaRow>(`${selectReplica} WHERE vault = ?`).get(vault)
    return row && replicaOf(row)
  }

  replicas(): KnownReplica[] {
    return this.#statement<[], ReplicaRow>(`${selectReplica} ORDER BY vault`).all().map(replicaOf)
  }

  /** Sets or replaces the replica of a vault. */
  putReplica(replica: KnownReplica): void {
    this.#write(() => {
      this.#statement(
        `INSERT OR REPLACE INTO replica (vault, kind, address, settings, every_ms, grace_ms, begun_ms, completed_ms, locked_until_ms)
           VALUES (@vault, @kind, @address, @settings, @everyMs, @graceMs, @begunMs, @completedMs, @lockedUntilMs)`,
      ).run({ ...replica, ...placeRowOf(replica) })
    })
  }

  /** Until when all of a replica is locked at least; of one that was given another place meanwhile it is not known. */
  keepReplicaLocked({ vault, address }: KnownReplica, untilMs: number): void {
    const sql = 'UPDATE replica SET locked_until_ms = ? WHERE vault = ? AND address = ?'
    this.#write(() => this.#statement(sql).run(untilMs, vault, address))
  }

  /** Forgets the replica of a vault; what it holds stays there. */
  removeReplica(vault: string): void {
    this.#write(() => this.#statement('DELETE FROM replica WHERE vault = ?').run(vault))
  }

  items(): Item[] {
    const rows = this.#statement<[], ItemRow>('SELECT * FROM item ORDER BY name').all()
    const links = this.#statement<[], { item: ItemId; vault: string }>(
      'SELECT item, vault FROM item_vault ORDER BY item, place',
    ).all()
    const vaultsOf = Map.groupBy(links, ({ item }) => item)
    return rows.map((row) => ({ ...itemOf(row), vaults: (vaultsOf.get(row.id) ?? []).map(({ vault }) => vault) }))
  }

  item(name: string): Item | undefined {
    const row = this.#statement<[string], ItemRow>('SELECT * FROM item WHERE name = ?').get(name)
    return row && this.#itemOf(row)
  }

  /** Adds an item or replaces the one of that name; throws `home.unusable` when its id has another name here. */
  putItem(item: Item): void {
    this.#write(() => this.#putItem(item))
  }

  /** By name. */
  policies(): Policy[] {
    return this.#statement<[], PolicyRow>('SELECT * FROM policy ORDER BY name')
      .all()
      .map((row) => this.#policyOf(row))
  }

  policy(name: string): Policy | undefined {
    const row = this.#statement<[string], PolicyRow>('SELECT * FROM policy WHERE name = ?').get(name)
    return row && this.#policyOf(row)
  }

  /** Adds a policy or replaces the one of that name, with items that change with it. One transaction. */
  putPolicy(policy: Policy, items: readonly Item[] = []): void {
    this.#write(() => {
      this.#putPolicy(policy)
      for (const item of items) this.#putItem(item)
    })
  }

  removePolicy(name: string): void {
    this.#write(() => this.#statement('DELETE FROM policy WHERE name = ?').run(name))
  }

  /** How many on-demand points of an item were noted from `sinceMs` on, before `untilMs`. */
  countOnDemand(item: ItemId, sinceMs: number, untilMs: number): number {
    return this.#statement<[string, number, number], { count: number }>(
      'SELECT count(*) AS count FROM on_demand_point WHERE item = ? AND time_ms >= ? AND time_ms < ?',
    ).get(item, sinceMs, untilMs)?.count as number
  }

  /** Notes an on-demand point that was captured, and forgets those of the item from before `sinceMs`. */
  noteOnDemand(item: ItemId, timeMs: number, sinceMs: number): void {
    this.#write(() => {
      this.#statement('DELETE FROM on_demand_point WHERE item = ? AND time_ms < ?').run(item, sinceMs)
      this.#statement('INSERT INTO on_demand_point (item, time_ms) VALUES (?, ?)').run(item, timeMs)
    })
  }

  setting(name: SettingName): string | undefined {
    const key = `setting/${name}`
    return this.#statement<[string], { value: string }>('SELECT value FROM fact WHERE key = ?').get(key)?.value
  }

  /** Sets these settings; undefined takes one back. One synced transaction: all of them or none. */
  putSettings(settings: Readonly<Partial<Record<SettingName, string | undefined>>>): void {
    this.#write(() => {
      for (const [name, value] of Object.entries(settings)) {
        const key = `setting/${name}`
        if (value === undefined) this.#statement('DELETE FROM fact WHERE key = ?').run(key)
        else this.#statement('INSERT OR REPLACE INTO fact (key, value) VALUES (?, ?)').run(key, value)
      }
    })
  }

  /**
   * Sets one setting to what `change` makes of it, without anybody in between. What `change` throws goes on, and nothing
   * is changed.
   */
  changeSetting(name: SettingName, change: (value: string | undefined) => string): void {
    this.#write(() => {
      const value = change(this.setting(name))
      this.#statement('INSERT OR REPLACE INTO fact (key, value) VALUES (?, ?)').run(`setting/${name}`, value)
    })
  }

  close(): void {
    this.#db.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #putItem(item: Item): void {
    this.#statement(
      `INSERT INTO item (name, id, folders, excludes, default_excludes, cross_mounts, compression, policy, stopped,
           shortened)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (name) DO UPDATE SET id = excluded.id, folders = excluded.folders,
           excludes = excluded.excludes, default_excludes = excluded.default_excludes,
           cross_mounts = excluded.cross_mounts, compression = excluded.compression, policy = excluded.policy,
           stopped = excluded.stopped, shortened = excluded.shortened`,
    ).run(
      item.name,
      item.id,
      JSON.stringify(item.folders.map((folder) => folder.toString('base64'))),
      JSON.stringify(item.excludes),
      item.defaultExcludes ? 1 : 0,
      item.crossMounts ? 1 : 0,
      item.compression,
      item.policy,
      item.stopped === undefined ? null : JSON.stringify(item.stopped),
      item.shortened === undefined ? null : JSON.stringify(item.shortened),
    )
    this.#statement('DELETE FROM item_vault WHERE item = ?').run(item.id)
    const link = this.#statement('INSERT INTO item_vault (item, vault, place) VALUES (?, ?, ?)')
    for (const [place, vault] of item.vaults.entries()) link.run(item.id, vault, place)
    this.#db.exec('DELETE FROM item_vault WHERE item NOT IN (SELECT id FROM item)')
  }

  #itemOf(row: ItemRow): Item {
    const sql = 'SELECT vault FROM item_vault WHERE item = ? ORDER BY place'
    const vaults = this.#statement<[string], { vault: string }>(sql).all(row.id)
    return { ...itemOf(row), vaults: vaults.map(({ vault }) => vault) }
  }

  /** To decode a policy costs more than to read it, and every item asks for its own. */
  #policyOf(row: PolicyRow): Policy {
    const known = this.#policies.get(row.name)
    if (known?.definition.equals(row.definition)) return known.policy
    const policy = policyOf(row)
    this.#policies.set(row.name, { definition: row.definition, policy })
    return policy
  }

  /** Prepared when first used, and kept. */
  #statement<Given extends unknown[] | object = unknown[], Row = unknown>(sql: string) {
    const known = this.#statements.get(sql) ?? this.#prepareStatement(sql)
    this.#statements.set(sql, known)
    return known as unknown as StateStatement<Given extends unknown[] ? Given : [Given], Row>
  }

  #prepareStatement(sql: string): StateStatement<unknown[], unknown> {
    const translated = (error: unknown) => translate(error, this.#path)
    try {
      return new StateStatement(this.#db.prepare(sql), translated)
    } catch (error) {
      throw translated(error)
    }
  }

  #putPolicy(policy: Policy): void {
    this.#statement('INSERT OR REPLACE INTO policy (name, definition) VALUES (?, ?)').run(
      policy.name,
      encodeCbor(policyToCbor(policy)),
    )
  }

  #sql(): StateSql {
    return {
      all: <Row>(sql: string, ...values: readonly unknown[]) => this.#statement<unknown[], Row>(sql).all(...values),
      get: <Row>(sql: string, ...values: readonly unknown[]) => this.#statement<unknown[], Row>(sql).get(...values),
      run: (sql, ...values) => this.#statement<unknown[]>(sql).run(...values),
      write: (work) => this.#write(work),
    }
  }

  #write(work: () => void): void {
    try {
      this.#db.transaction(work).immediate()
    } catch (error) {
      throw translate(error, this.#path)
    }
  }

  #prepare(random: Random): HomeId {
    this.#db.pragma('journal_mode = WAL')
    this.#db.pragma('synchronous = FULL')
    this.#db.pragma('foreign_keys = ON')
    prepareState(this.#db, this.#path, () => randomId<HomeId>(random))
    const row = this.#statement("SELECT value FROM fact WHERE key = 'home-id'").get() as { value: HomeId }
    return row.value
  }
}

const selectReplica = `SELECT vault, kind, address, settings, every_ms AS everyMs, grace_ms AS graceMs,
  begun_ms AS begunMs, completed_ms AS completedMs, locked_until_ms AS lockedUntilMs FROM replica`

function translate(error: unknown, path: string): unknown {
  if (!(error instanceof Database.SqliteError)) return error
  const { code, message } = error
  const isDamaged = code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB'
  if (isDamaged) return new AgentError('home.damaged', { path, reason: message }, error)
  return new AgentError('home.unusable', { home: path, reason: message }, error)
}
