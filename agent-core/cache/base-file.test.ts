import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import Database from 'better-sqlite3'
import { describe, expect, test, vi } from 'vitest'
import { madeIndexFile } from '../../test/support/index-files.ts'
import { TestFolder } from '../../test/support/test-home.ts'
import { testCapturedPoint, testIdOf, testItem, testKeyspace, testVaultId } from '../../test/support/test-keys.ts'
import { fromHex } from '../base/bytes.ts'
import type { Clock } from '../base/clock.ts'
import { BaseConnection } from './base-connection.ts'
import { openBase } from './base-db.ts'

const hourMs = 60 * 60 * 1000
const pageId = testIdOf(Buffer.from('page'))

class SetClock implements Clock {
  hours = 1_000_000

  nowMs(): number {
    return this.hours * hourMs
  }

  delay(): Promise<void> {
    return Promise.resolve()
  }
}

/** A base with a page, checked at the clock's time. */
function makeBase(path: string, clock: Clock): void {
  using base = openBase(path, { clock })
  base.pages.put([[pageId, Buffer.alloc(100_000, 'page')]])
}

/** Damages the structure of the page table, and nothing else. */
function damagePages(path: string): void {
  const db = new Database(path, { readonly: true })
  const root = db.prepare("SELECT rootpage FROM sqlite_schema WHERE name = 'tree_page'").pluck().get() as number
  db.close()
  const bytes = readFileSync(path)
  bytes.fill(0x5a, (root - 1) * 4096, root * 4096)
  writeFileSync(path, bytes)
}

describe('a damaged page', () => {
  test.each<[string, (clock: SetClock) => Clock | undefined]>([
    ['a day later', (clock) => Object.assign(clock, { hours: clock.hours + 24 })],
    ['with a clock that was set back', (clock) => Object.assign(clock, { hours: clock.hours - 1 })],
    ['without a clock', () => undefined],
  ])('is found when the base is opened %s', (_when, clockOf) => {
    using folder = new TestFolder()
    const path = folder.at('base.db')
    const clock = new SetClock()
    makeBase(path, clock)
    damagePages(path)
    const later = clockOf(clock)
    using base = openBase(path, later === undefined ? {} : { clock: later })
    expect(base.setAside).toBe(`${path}.damaged-1`)
    expect(base.pages.page(pageId)).toBeUndefined()
  })

  test('is found when the last writer did not end in order', () => {
    using folder = new TestFolder()
    const [path, copy] = [folder.at('base.db'), folder.at('copy.db')]
    const clock = new SetClock()
    makeBase(path, clock)
    damagePages(path)
    {
      using ended = openBase(path, { clock })
      ended.trust.distrust(testVaultId)
      for (const suffix of ['', '-wal']) copyFileSync(path + suffix, copy + suffix)
    }
    using base = openBase(copy, { clock })
    expect(base.setAside).toBe(`${copy}.damaged-1`)
  })

  test('that is found in reading makes the next writer look and set the base aside, within the day too', () => {
    using folder = new TestFolder()
    const path = folder.at('base.db')
    const clock = new SetClock()
    makeBase(path, clock)
    damagePages(path)
    {
      using base = openBase(path, { clock })
      expect(base.setAside).toBeUndefined()
      expect(() => base.pages.page(pageId)).toThrow(expect.objectContaining({ code: 'cache.damaged' }))
    }
    using base = openBase(path, { clock })
    expect(base.setAside).toBe(`${path}.damaged-1`)
    expect(existsSync(`${path}.suspect`)).toBe(false)
    using again = openBase(folder.at('base.db'), { clock })
    expect(again.setAside).toBeUndefined()
  })
})

test('a description of the tables that has rotted is found in use, and the next writer sets the base aside', () => {
  using folder = new TestFolder()
  const path = folder.at('base.db')
  const clock = new SetClock()
  makeBase(path, clock)
  const bytes = readFileSync(path)
  const at = bytes.indexOf('tree_page (id BLOB PRIMARY KEY, page BLOB')
  expect(at).toBeGreaterThan(0)
  bytes.write('pagf', at + 'tree_page (id BLOB PRIMARY KEY, '.length)
  writeFileSync(path, bytes)
  {
    using base = openBase(path, { clock })
    expect(() => base.pages.page(pageId)).toThrow(expect.objectContaining({ code: 'cache.damaged' }))
  }
  using base = openBase(path, { clock })
  expect(base.setAside).toBe(`${path}.damaged-1`)
})

test('a part of the block index that is missing is said to be, and built anew by the next writer', () => {
  using folder = new TestFolder()
  const path = folder.at('base.db')
  const clock = new SetClock()
  const ids = Buffer.concat(Array.from({ length: 300 }, (_, index) => testIdOf(Buffer.from(`block ${index}`))))
  {
    using base = openBase(path, { clock })
    base.adopt(testVaultId, testKeyspace, [madeIndexFile(1, ids)])
  }
  const db = new Database(path)
  db.exec('DELETE FROM block_leaf')
  db.close()
  {
    using base = openBase(path, { clock })
    expect(() => base.locate(ids.subarray(0, 32))).toThrow(expect.objectContaining({ code: 'cache.damaged' }))
  }
  using base = openBase(path, { clock })
  expect(base.setAside).toBeUndefined()
  expect(existsSync(`${path}.suspect`)).toBe(false)
  for (let at = 0; at < ids.length; at += 32) expect(base.locate(ids.subarray(at, at + 32))).toHaveLength(1)
})

/** The tables as version 1 made them. */
const tablesOfVersion1 = `
  CREATE TABLE chunk_file (
    number INTEGER PRIMARY KEY, keyspace BLOB NOT NULL, name BLOB NOT NULL UNIQUE, kind TEXT NOT NULL,
    size_bytes INTEGER NOT NULL, epoch INTEGER NOT NULL, salt BLOB NOT NULL, block_table BLOB NOT NULL
  ) STRICT;
  CREATE TABLE block (
    id BLOB NOT NULL, chunk INTEGER NOT NULL, extent INTEGER NOT NULL, ordinal INTEGER NOT NULL, size_bytes INTEGER NOT NULL,
    PRIMARY KEY (id, chunk)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE placement (
    vault TEXT NOT NULL, chunk INTEGER NOT NULL, placed INTEGER NOT NULL, PRIMARY KEY (vault, chunk)
  ) STRICT, WITHOUT ROWID;
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
  PRAGMA user_version = 1;
`

test('where chunk files lie is looked up, not searched for', () => {
  const asked = vi.spyOn(BaseConnection.prototype, 'all')
  const askedValue = vi.spyOn(BaseConnection.prototype, 'value')
  try {
    using folder = new TestFolder()
    const path = folder.at('base.db')
    using base = openBase(path)
    base.adopt(testVaultId, testKeyspace, [madeIndexFile(1, testIdOf(Buffer.from('block')))])
    asked.mockClear()
    askedValue.mockClear()
    base.chunkFileStates()
    base.chunkFileStates(testKeyspace)
    base.isPlacedElsewhere(testVaultId, madeIndexFile(1, testIdOf(Buffer.from('block'))).name)
    const statements = [...asked.mock.calls, ...askedValue.mock.calls].filter(([sql]) => sql.includes('placement'))
    expect(statements).toHaveLength(3)
    const db = new Database(path, { readonly: true })
    for (const [sql, ...parameters] of statements) {
      const plan = db.prepare<unknown[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`).all(...parameters)
      expect(plan.find(({ detail }) => detail.includes('placement'))?.detail, sql).toContain('INDEX places (chunk=?')
    }
    db.close()
  } finally {
    asked.mockRestore()
    askedValue.mockRestore()
  }
})

/** What version 3 did not have. */
const toVersion3 = 'DROP INDEX places; PRAGMA user_version = 3'
/** What version 2 did not have. */
const toVersion2 = `DROP TABLE condemned_chunk; DROP TABLE gone_chunk; DROP TABLE gone_seen; ${toVersion3}; PRAGMA user_version = 2`

test.each([
  ['1', undefined],
  ['2', toVersion2],
  ['3', toVersion3],
])('tables and indexes of a base of version %s are then those of a new one', (_version, takeBack) => {
  using folder = new TestFolder()
  const path = folder.at('base.db')
  if (takeBack === undefined) runIn(path, tablesOfVersion1)
  else {
    openBase(path).close()
    runIn(path, takeBack)
  }
  openBase(path, { clock: new SetClock() }).close()
  openBase(folder.at('new.db'), { clock: new SetClock() }).close()
  expect(describedIn(path)).toEqual(describedIn(folder.at('new.db')))
})

test('a reader of version 3 reads, also while a writer brings the base up to date', () => {
  using folder = new TestFolder()
  const path = folder.at('base.db')
  {
    using base = openBase(path)
    base.adopt(testVaultId, testKeyspace, [madeIndexFile(1, testIdOf(Buffer.from('block')))])
  }
  runIn(path, toVersion3)
  using reader = openBase(path, { readOnly: true })
  expect([...reader.chunkFileStates().values()]).toEqual(['waiting'])
  {
    using writer = openBase(path, { clock: new SetClock() })
    writer.adopt(testVaultId, testKeyspace, [madeIndexFile(2, testIdOf(Buffer.from('more')))])
  }
  expect([...reader.chunkFileStates().values()]).toEqual(['waiting', 'waiting'])
})

function runIn(path: string, sql: string): void {
  const db = new Database(path)
  db.exec(sql)
  db.close()
}

function describedIn(path: string): string[] {
  const db = new Database(path, { readonly: true })
  const rows = db.prepare<unknown[], { described: string }>(
    "SELECT type || ' ' || name AS described FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY type, name",
  )
  const described = rows.all().map((row) => row.described)
  db.close()
  return described
}

describe('a base of version 1', () => {
  const ids = [1, 2, 3].map((text) => testIdOf(Buffer.from(`block ${text}`)))
  const files = [madeIndexFile(1, Buffer.concat(ids.slice(0, 2))), madeIndexFile(2, Buffer.concat(ids))]
  const point = testCapturedPoint(1)

  function makeVersion1(path: string): void {
    const db = new Database(path)
    db.pragma('journal_mode = WAL')
    db.exec(tablesOfVersion1)
    for (const [index, file] of files.entries()) {
      db.prepare('INSERT INTO chunk_file VALUES (?, ?, ?, ?, ?, ?, ?, ?)').run(
        index * 10 + 1,
        fromHex(testKeyspace),
        fromHex(file.name),
        file.kind,
        file.sizeBytes,
        file.epoch,
        file.salt,
        file.table,
      )
      db.prepare('INSERT INTO placement VALUES (?, ?, ?)').run(testVaultId, index * 10 + 1, index)
    }
    db.prepare('INSERT INTO point VALUES (?, ?, ?, ?, ?)').run(
      point.id,
      point.item,
      point.sequence,
      point.manifest,
      point.object,
    )
    db.prepare('INSERT INTO base VALUES (?, ?)').run(point.item, point.id)
    db.prepare('INSERT INTO transfer VALUES (?, ?, 0)').run(testVaultId, point.id)
    db.prepare('INSERT INTO tree_page VALUES (?, ?)').run(pageId, Buffer.from('page'))
    db.close()
  }

  test('is brought up to date with all it holds, captured points above all', () => {
    using folder = new TestFolder()
    const path = folder.at('base.db')
    makeVersion1(path)
    for (const _time of ['first', 'second']) {
      using base = openBase(path, { clock: new SetClock() })
      expect(base.setAside).toBeUndefined()
      expect(base.unconfirmedPoints(testVaultId)).toEqual([point])
      expect(base.latestPoint(testItem)).toEqual(point)
      expect(base.pages.page(pageId)?.toString()).toBe('page')
      expect(base.placedChunks(testVaultId)).toEqual(new Set([11]))
      expect(base.waitingChunkFiles(testVaultId)).toEqual([{ ...files[0], table: Buffer.from(files[0]?.table ?? []) }])
      expect(ids.map((id) => base.locate(id).map(({ chunk, ordinal }) => [chunk, ordinal]))).toEqual([
        [
          [1, 0],
          [11, 0],
        ],
        [
          [1, 1],
          [11, 1],
        ],
        [[11, 2]],
      ])
      expect(base.chunkFile(11)).toMatchObject({ name: files[1]?.name, extents: [{ blockCount: 3 }] })
    }
  })

  test('is as good as none to a reader until then', () => {
    using folder = new TestFolder()
    const path = folder.at('base.db')
    makeVersion1(path)
    using reader = openBase(path, { readOnly: true })
    expect(reader.latestPoint(testItem)).toBeUndefined()
    openBase(path).close()
    using later = openBase(path, { readOnly: true })
    expect(later.latestPoint(testItem)).toEqual(point)
  })
})
