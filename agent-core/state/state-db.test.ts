import { readFileSync, writeFileSync } from 'node:fs'
import Database from 'better-sqlite3'
import { expect, test } from 'vitest'
import { TestFolder } from '../../test/support/test-home.ts'
import { systemRandom } from '../base/random.ts'
import type { ItemId, KeyspaceId, VaultId } from '../contract/ids.ts'
import { defaultPolicy } from '../contract/policy.ts'
import { type Item, type KnownVault, openState } from './state-db.ts'

const vault: KnownVault = {
  name: 'v',
  id: '1'.repeat(32) as VaultId,
  kind: 'local',
  address: '/vault',
  keyspace: '2'.repeat(32) as KeyspaceId,
  machine: 'machine',
  access: 'owner',
}
const item: Item = {
  name: 'docs',
  id: '3'.repeat(32) as ItemId,
  vaults: ['v'],
  folders: [Buffer.from('/home/ä'), Buffer.from([0x2f, 0xff, 0x0a])],
  excludes: ['*.tmp', 'a "quoted" one'],
  defaultExcludes: false,
  crossMounts: true,
  compression: 'zstd',
  policy: 'long',
}

test('keeps who it is, and what it was told, across a restart', () => {
  using folder = new TestFolder()
  const first = openState(folder.at('state.db'), systemRandom)
  const { homeId } = first
  expect(homeId).toMatch(/^[0-9a-f]{32}$/)
  first.addVault(vault, [item])
  first.close()
  using second = openState(folder.at('state.db'), systemRandom)
  expect(second.homeId).toBe(homeId)
  expect(second.vaults()).toEqual([vault])
  expect(second.vault('v')).toEqual(vault)
  expect(second.item('docs')).toEqual(item)
  expect([second.vault('other'), second.item('other')]).toEqual([undefined, undefined])
})

/** The bytes of these pages but the first are others. */
function spoilPages(path: string, from: number): void {
  const bytes = readFileSync(path)
  bytes.fill(0xa5, from * 4096)
  writeFileSync(path, bytes)
}

test.each([1, 2])('pages from %i on that are damaged are told as that, by whatever call meets them', (from) => {
  using folder = new TestFolder()
  const path = folder.at('state.db')
  {
    using state = openState(path, systemRandom)
    state.addVault(vault, [item])
  }
  spoilPages(path, from)
  const calls = [
    () => {
      using state = openState(path, systemRandom)
      state.vaults()
    },
    () => {
      using state = openState(path, systemRandom)
      state.putItem(item)
    },
  ]
  for (const call of calls) {
    expect(call).toThrow(expect.objectContaining({ code: 'home.damaged', exitCode: 1 }) as Error)
  }
})

test('an item is replaced as a whole, and items come by name', () => {
  using folder = new TestFolder()
  using state = openState(folder.at('state.db'), systemRandom)
  state.addVault(vault, [])
  state.putItem(item)
  state.putItem({ ...item, name: 'a', id: '4'.repeat(32) as ItemId })
  state.putItem({ ...item, excludes: [], compression: 'lz4' })
  expect(state.items().map(({ name, compression }) => [name, compression])).toEqual([
    ['a', 'zstd'],
    ['docs', 'lz4'],
  ])
})

test('a vault of that name is replaced and keeps its items; no item is taken from another vault', () => {
  using folder = new TestFolder()
  using state = openState(folder.at('state.db'), systemRandom)
  state.addVault(vault, [item])
  state.addVault({ ...vault, address: '/moved' }, [])
  expect([state.vault('v')?.address, state.items()]).toEqual(['/moved', [item]])
  const taken = { ...item, name: 'docs 2', vaults: ['w'] }
  const unusable = { code: 'home.unusable' }
  expect(() => state.addVault({ ...vault, name: 'w' }, [taken])).toThrow(expect.objectContaining(unusable))
  expect([state.vaults().length, state.items()]).toEqual([1, [item]])
})

test('a vault comes with all its items or not at all', () => {
  using folder = new TestFolder()
  using state = openState(folder.at('state.db'), systemRandom)
  const broken = { ...item, name: 'second', vaults: ['no such vault'] }
  expect(() => state.addVault(vault, [item, broken])).toThrow(expect.objectContaining({ code: 'home.unusable' }))
  expect([state.vaults(), state.items()]).toEqual([[], []])
  expect(() => state.putItem(item)).toThrow(expect.objectContaining({ code: 'home.unusable' }))
})

test('an item goes to several vaults, in their order; a vault that is forgotten leaves the others', () => {
  using folder = new TestFolder()
  using state = openState(folder.at('state.db'), systemRandom)
  state.addVault(vault, [])
  state.addVault({ ...vault, name: 'a' }, [])
  state.putItem({ ...item, vaults: ['v', 'a'] })
  expect(state.item('docs')?.vaults).toEqual(['v', 'a'])
  state.removeVault('v')
  expect(state.items().map(({ vaults }) => vaults)).toEqual([['a']])
  state.removeVault('a')
  expect([state.items(), state.vaults()]).toEqual([[], []])
})

test('a replica is kept, changed, and forgotten with its vault', () => {
  using folder = new TestFolder()
  using state = openState(folder.at('state.db'), systemRandom)
  state.addVault(vault, [])
  const times = { everyMs: 1000, graceMs: 2000, begunMs: null, completedMs: 5, lockedUntilMs: 9 }
  const replica = { vault: 'v', kind: 'local', address: '/r', ...times } as const
  state.putReplica(replica)
  state.putReplica({ ...replica, begunMs: 7 })
  expect([state.replica('v'), state.replicas().length]).toEqual([{ ...replica, begunMs: 7 }, 1])
  const settings = { pathStyle: true, credentials: 'stored', endpoint: 'http://nas:9000', lockDays: 30 } as const
  const inBucket = { ...replica, kind: 's3', address: 's3://b/p', settings } as const
  state.putReplica(inBucket)
  expect(state.replica('v')).toEqual(inBucket)
  state.removeVault('v')
  expect(state.replicas()).toEqual([])
})

test('a state of the first version keeps its vaults and items', () => {
  using folder = new TestFolder()
  const db = new Database(folder.at('state.db'))
  db.exec(`CREATE TABLE fact (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE vault (
      name TEXT PRIMARY KEY, id TEXT NOT NULL, kind TEXT NOT NULL, address TEXT NOT NULL, keyspace TEXT NOT NULL,
      machine TEXT NOT NULL, access TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE item (
      name TEXT PRIMARY KEY, id TEXT NOT NULL UNIQUE, vault TEXT NOT NULL REFERENCES vault (name), folders TEXT NOT NULL,
      excludes TEXT NOT NULL, default_excludes INTEGER NOT NULL, cross_mounts INTEGER NOT NULL, compression TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    INSERT INTO fact VALUES ('home-id', '${'9'.repeat(32)}');
    INSERT INTO vault VALUES ('v', '${vault.id}', 'local', '/vault', '${vault.keyspace}', 'machine', 'owner');
    INSERT INTO item VALUES ('docs', '${item.id}', 'v', '["L2E="]', '["*.tmp"]', 0, 1, 'zstd');
    PRAGMA user_version = 1`)
  db.close()
  using state = openState(folder.at('state.db'), systemRandom)
  expect(state.homeId).toBe('9'.repeat(32))
  expect(state.vaults()).toMatchObject([vault])
  expect(state.items()).toMatchObject([
    { ...item, folders: [Buffer.from('/a')], excludes: ['*.tmp'], policy: 'default' },
  ])
})

test('policies come with a vault, are replaced as a whole and removed', () => {
  using folder = new TestFolder()
  using state = openState(folder.at('state.db'), systemRandom)
  const long = { ...defaultPolicy('Europe/Berlin'), name: 'long', instantDays: 9 }
  state.addVault(vault, [item], [long])
  expect([state.policies(), state.policy('long'), state.policy('short')]).toEqual([[long], long, undefined])
  const changed = { ...long, keep: { days: 9, atLeast: 1 }, schedule: { kind: 'none' } as const }
  state.putPolicy(changed)
  expect(state.policies()).toEqual([changed])
  state.removePolicy('long')
  expect(state.policies()).toEqual([])
})

test('on-demand points are counted by item and time; old ones are forgotten', () => {
  using folder = new TestFolder()
  using state = openState(folder.at('state.db'), systemRandom)
  const other = '4'.repeat(32) as ItemId
  for (const timeMs of [100, 200, 300]) state.noteOnDemand(item.id, timeMs, 150)
  state.noteOnDemand(other, 250, 0)
  const counts = [
    [0, 400],
    [300, 400],
    [0, 300],
  ].map(([since = 0, until = 0]) => state.countOnDemand(item.id, since, until))
  expect(counts).toEqual([2, 1, 1])
  expect(state.countOnDemand(other, 0, 400)).toBe(1)
})

test('two processes can have it open', () => {
  using folder = new TestFolder()
  using one = openState(folder.at('state.db'), systemRandom)
  using other = openState(folder.at('state.db'), systemRandom)
  expect(other.homeId).toBe(one.homeId)
  one.addVault(vault, [item])
  expect(other.item('docs')).toEqual(item)
})

test('a state of a newer Tharsis, and one that is no database, are refused and left alone', () => {
  using folder = new TestFolder()
  openState(folder.at('state.db'), systemRandom).close()
  const db = new Database(folder.at('state.db'))
  db.pragma('user_version = 1000')
  db.close()
  expect(() => openState(folder.at('state.db'), systemRandom)).toThrow(expect.objectContaining({ code: 'home.newer' }))
  writeFileSync(folder.at('damaged.db'), 'this is no database, '.repeat(100))
  expect(() => openState(folder.at('damaged.db'), systemRandom)).toThrow(
    expect.objectContaining({ code: 'home.damaged' }),
  )
})

test('settings are set and taken back together, and kept across a restart', () => {
  using folder = new TestFolder()
  const first = openState(folder.at('state.db'), systemRandom)
  expect(first.setting('cache-budget')).toBeUndefined()
  first.putSettings({ 'cache-budget': '1000', 'cache-folder': '/a' })
  first.putSettings({ 'cache-folder': '/b', 'cache-budget': undefined })
  first.close()
  using second = openState(folder.at('state.db'), systemRandom)
  expect([second.setting('cache-budget'), second.setting('cache-folder')]).toEqual([undefined, '/b'])
})
