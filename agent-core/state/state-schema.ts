/**
 * The tables of state.db. Each step brings the tables from one version to the next and is never changed once it was
 * released: a new table or column is a new step at the end. The version of a state.db is the number of its steps.
 */
import { AgentError } from '../base/agent-error.ts'
import type { HomeId } from '../contract/ids.ts'

/** What this file needs of the database: one file of this folder knows better-sqlite3. */
interface StateConnection {
  pragma(text: string, options?: { readonly simple: boolean }): unknown
  exec(sql: string): unknown
  prepare(sql: string): { run(...values: string[]): unknown }
  transaction(work: () => void): { immediate(): void }
}

const steps: readonly string[] = [
  `CREATE TABLE fact (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
   CREATE TABLE vault (
     name TEXT PRIMARY KEY, id TEXT NOT NULL, kind TEXT NOT NULL, address TEXT NOT NULL, keyspace TEXT NOT NULL,
     machine TEXT NOT NULL, access TEXT NOT NULL
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE item (
     name TEXT PRIMARY KEY, id TEXT NOT NULL UNIQUE, vault TEXT NOT NULL REFERENCES vault (name), folders TEXT NOT NULL,
     excludes TEXT NOT NULL, default_excludes INTEGER NOT NULL, cross_mounts INTEGER NOT NULL, compression TEXT NOT NULL
   ) STRICT, WITHOUT ROWID;`,
  // An item goes to several vaults; a vault has a replica.
  `CREATE TABLE protected_item (
     name TEXT PRIMARY KEY, id TEXT NOT NULL UNIQUE, folders TEXT NOT NULL, excludes TEXT NOT NULL,
     default_excludes INTEGER NOT NULL, cross_mounts INTEGER NOT NULL, compression TEXT NOT NULL
   ) STRICT, WITHOUT ROWID;
   INSERT INTO protected_item
     SELECT name, id, folders, excludes, default_excludes, cross_mounts, compression FROM item;
   CREATE TABLE item_vault (
     item TEXT NOT NULL, vault TEXT NOT NULL REFERENCES vault (name), place INTEGER NOT NULL, PRIMARY KEY (item, vault)
   ) STRICT, WITHOUT ROWID;
   INSERT INTO item_vault SELECT id, vault, 0 FROM item;
   DROP TABLE item;
   ALTER TABLE protected_item RENAME TO item;
   CREATE TABLE replica (
     vault TEXT PRIMARY KEY REFERENCES vault (name) ON DELETE CASCADE, kind TEXT NOT NULL, address TEXT NOT NULL,
     every_ms INTEGER NOT NULL, begun_ms INTEGER, completed_ms INTEGER
   ) STRICT, WITHOUT ROWID;`,
  // Jobs with their logs, and how far schedules were followed.
  `CREATE TABLE job (
     id TEXT PRIMARY KEY, revision INTEGER NOT NULL, kind TEXT NOT NULL, item TEXT, vault TEXT, state TEXT NOT NULL,
     reason TEXT, caused_by TEXT NOT NULL, request TEXT, owner TEXT NOT NULL, queued_ms INTEGER NOT NULL,
     started_ms INTEGER, finished_ms INTEGER, report TEXT NOT NULL
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX job_by_time ON job (queued_ms);
   CREATE INDEX job_by_item ON job (item, queued_ms);
   CREATE INDEX job_by_revision ON job (revision);
   CREATE INDEX job_live ON job (id) WHERE finished_ms IS NULL;
   CREATE TABLE job_line (
     job TEXT NOT NULL, number INTEGER NOT NULL, at_ms INTEGER NOT NULL, level TEXT NOT NULL, words TEXT NOT NULL,
     PRIMARY KEY (job, number)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE schedule_progress (
     item TEXT PRIMARY KEY, rule TEXT NOT NULL, handled_ms INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;`,
  'ALTER TABLE item ADD COLUMN stopped TEXT',
  // Settings of the place of a vault, as JSON.
  'ALTER TABLE vault ADD COLUMN settings TEXT;',
  `CREATE TABLE policy (name TEXT PRIMARY KEY, definition BLOB NOT NULL) STRICT, WITHOUT ROWID;
   ALTER TABLE item ADD COLUMN policy TEXT NOT NULL DEFAULT 'default';
   CREATE TABLE on_demand_point (item TEXT NOT NULL, time_ms INTEGER NOT NULL) STRICT;`,
  // Rules of before that keep the item's points too, as JSON.
  'ALTER TABLE item ADD COLUMN shortened TEXT',
  // Settings of the place of a replica, as JSON.
  'ALTER TABLE replica ADD COLUMN settings TEXT;',
  // So long a replica keeps what its vault has removed: 14 days.
  'ALTER TABLE replica ADD COLUMN grace_ms INTEGER NOT NULL DEFAULT 1209600000;',
  // Until when all that a replica holds is locked at least.
  'ALTER TABLE replica ADD COLUMN locked_until_ms INTEGER NOT NULL DEFAULT 0;',
]

/**
 * Makes the tables or brings older ones up to date, in one transaction; a new state gets the id that `newHomeId` gives.
 * Throws `home.newer` for a state of a later version.
 */
export function prepareState(db: StateConnection, path: string, newHomeId: () => HomeId): void {
  const read = () => db.pragma('user_version', { simple: true }) as number
  const found = read()
  if (found > steps.length) throw new AgentError('home.newer', { path, found, known: steps.length })
  if (found === steps.length) return
  db.transaction(() => {
    // Another process may have done it meanwhile.
    const version = read()
    for (const step of steps.slice(version)) db.exec(step)
    if (version === 0) db.prepare("INSERT INTO fact (key, value) VALUES ('home-id', ?)").run(newHomeId())
    db.pragma(`user_version = ${steps.length}`)
  }).immediate()
}
