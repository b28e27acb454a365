/** The tables of the base, and how those of older versions become those of today. */
import { isAgentError } from '../base/agent-error.ts'
import { type BlockTableParts, blockTableParts } from '../format/block-table.ts'
import type { BaseConnection } from './base-connection.ts'
import { BlockBatch } from './block-batch.ts'
import { BlockLevels } from './block-levels.ts'
import { BlockLists } from './block-lists.ts'

export const baseSchemaVersion = 4
/** A reader can do without the index that came with version 4. */
export const leastReadableVersion = 3

/** Tables that came with version 2: block tables by themselves, and the block index in levels (ADR 0013). */
const blockTables = `
  CREATE TABLE chunk_file (
    number INTEGER PRIMARY KEY AUTOINCREMENT, keyspace BLOB NOT NULL, name BLOB NOT NULL UNIQUE, kind TEXT NOT NULL,
    size_bytes INTEGER NOT NULL, epoch INTEGER NOT NULL, salt BLOB NOT NULL
  ) STRICT;
  CREATE TABLE block_extents (chunk INTEGER PRIMARY KEY, head BLOB NOT NULL) STRICT;
  CREATE TABLE block_list (key INTEGER PRIMARY KEY, blocks BLOB NOT NULL) STRICT;
  CREATE TABLE block_level (
    number INTEGER PRIMARY KEY AUTOINCREMENT, bits INTEGER NOT NULL, entries INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE block_leaf (key INTEGER PRIMARY KEY, entries BLOB NOT NULL) STRICT;
  CREATE TABLE block_filter (key INTEGER PRIMARY KEY, bits BLOB NOT NULL) STRICT;
  CREATE TABLE forgotten_chunk (number INTEGER PRIMARY KEY, blocks INTEGER NOT NULL) STRICT;
`

const waitingIndex = 'CREATE INDEX waiting ON placement (chunk, vault) WHERE placed = 0;'

/** Tables that came with version 3: what clean-ups say of a vault's chunk files. */
const cleanUpTables = `
  CREATE TABLE condemned_chunk (
    vault TEXT NOT NULL, keyspace BLOB NOT NULL, name BLOB NOT NULL, PRIMARY KEY (vault, keyspace, name)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE gone_chunk (vault TEXT NOT NULL, name BLOB NOT NULL, PRIMARY KEY (vault, name)) STRICT, WITHOUT ROWID;
  CREATE TABLE gone_seen (
    vault TEXT NOT NULL, keyspace BLOB NOT NULL, sequence INTEGER NOT NULL, PRIMARY KEY (vault, keyspace)
  ) STRICT, WITHOUT ROWID;
`

/** Came with version 4: in which vaults a chunk file lies is asked of each of them, and there is one or more for each backup. */
const placesIndex = 'CREATE INDEX places ON placement (chunk, vault, placed);'

const baseSchema = `
  ${blockTables}
  ${cleanUpTables}
  CREATE TABLE placement (
    vault TEXT NOT NULL, chunk INTEGER NOT NULL, placed INTEGER NOT NULL, PRIMARY KEY (vault, chunk)
  ) STRICT, WITHOUT ROWID;
  ${waitingIndex}
  ${placesIndex}
  CREATE TABLE index_seen (
    vault TEXT NOT NULL, keyspace BLOB NOT NULL, sequence INTEGER NOT NULL, sha256 BLOB NOT NULL,
    PRIMARY KEY (vault, keyspace, sequence)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE tree_page (id BLOB PRIMARY KEY, page BLOB NOT NULL) STRICT;
  CREATE TABLE point (
    id TEXT PRIMARY KEY, item TEXT NOT NULL, sequence INTEGER NOT NULL, manifest BLOB NOT NULL, object BLOB NOT NULL
  ) STRICT;
  CREATE TABLE transfer (
    vault TEXT NOT NULL, point TEXT NOT NULL, confirmed INTEGER NOT NULL, PRIMARY KEY (vault, point)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE base (item TEXT PRIMARY KEY, point TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE fact (key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
`

/** Makes the tables, or brings those of `version` up to date, in one transaction. */
export function prepareTables(sql: BaseConnection, version: number): void {
  if (version === baseSchemaVersion) return
  sql.transaction(() => {
    if (version === 0) sql.script(baseSchema)
    else {
      if (version === 1) fromVersion1(sql)
      if (version <= 2) sql.script(cleanUpTables)
      sql.script(placesIndex)
    }
    sql.pragma(`user_version = ${baseSchemaVersion}`)
  })
}

/** Chunk files keep their numbers; the index of blocks is built anew from their block tables. */
function fromVersion1(sql: BaseConnection): void {
  sql.script(`
    DROP TABLE block;
    ALTER TABLE chunk_file RENAME TO chunk_file_1;
    ${blockTables}
    ${waitingIndex}
    INSERT INTO chunk_file (number, keyspace, name, kind, size_bytes, epoch, salt)
      SELECT number, keyspace, name, kind, size_bytes, epoch, salt FROM chunk_file_1;
  `)
  const lists = new BlockLists(sql)
  for (const chunk of sql.values<number>('SELECT number FROM chunk_file')) {
    const table = sql.value<Buffer>('SELECT block_table FROM chunk_file_1 WHERE number = ?', chunk)
    lists.put(chunk, partsOf(sql, chunk, table))
  }
  sql.script('DROP TABLE chunk_file_1')
  rebuildBlockIndex(sql)
}

/** Builds the index of blocks anew from the block tables of all chunk files, in one transaction. */
export function rebuildBlockIndex(sql: BaseConnection): void {
  sql.transaction(() => {
    for (const table of ['block_level', 'block_leaf', 'block_filter', 'forgotten_chunk']) {
      sql.run(`DELETE FROM ${table}`)
    }
    const levels = new BlockLevels(sql)
    const lists = new BlockLists(sql)
    const batch = new BlockBatch()
    for (const chunk of sql.values<number>('SELECT number FROM chunk_file ORDER BY number')) {
      const { ids } = partsOf(sql, chunk, lists.table(chunk))
      if (!batch.hasRoomFor(ids)) levels.merge(batch)
      batch.add(chunk, ids)
    }
    levels.merge(batch)
  })
}

/** Parts of a block table that the base keeps; throws `cache.damaged` where it is not whole. */
function partsOf(sql: BaseConnection, chunk: number, table: Buffer | undefined): BlockTableParts {
  try {
    return blockTableParts(table ?? Buffer.alloc(0))
  } catch (error) {
    if (!isAgentError(error, 'format.invalid')) throw error
    throw sql.damaged(`the block table of chunk file ${chunk} is not whole`, error)
  }
}
