import {
  chmod,
  type FileHandle,
  link,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { describeObjectStoreContract, rejectsWith } from '../../test/contracts/object-store.contract.ts'
import { createDirectoryPlace } from '../../test/support/directory-place.ts'
import { hammerFolder } from '../../test/support/hammer-folder.ts'
import { needsThat } from '../../test/support/needs.ts'
import { systemClock } from '../base/clock.ts'
import { systemRandom } from '../base/random.ts'
import { readFreeSpace } from './directory-probe.ts'
import { openDirectoryStore } from './directory-store.ts'
import type { ObjectStore } from './object-store.ts'

const deps = { clock: systemClock, random: systemRandom }
let parent: string
let folder: string
let store: ObjectStore

beforeEach(async () => {
  parent = await mkdtemp(path.join(tmpdir(), 'tharsis-store-'))
  folder = path.join(parent, 'vault')
  await mkdir(folder)
  store = await openDirectoryStore(folder, deps)
})

afterEach(async () => {
  vi.restoreAllMocks()
  await store.close()
  await rm(parent, { recursive: true })
})

describeObjectStoreContract('in a folder', () => createDirectoryPlace(parent))

const posix = needsThat(process.platform !== 'win32', 'POSIX modes and links are not to be had on Windows')

test('several processes write the same names and one of them wins each', async () => {
  await hammerFolder(folder, { processes: 2, count: 100 })
  expect(await store.sweep(-3_600_000)).toBe(0)
})

describe('the place', () => {
  test('an absent folder is unreachable and is not made', async () => {
    const absent = path.join(parent, 'absent')
    await rejectsWith(openDirectoryStore(absent, deps), 'vault.unreachable', { address: absent })
    await writeFile(absent, 'a file')
    await rejectsWith(openDirectoryStore(absent, deps), 'vault.unreachable')
    expect((await readdir(parent)).sort()).toEqual(['absent', 'vault'])
  })

  test('an empty folder that stands in its place stays empty', async () => {
    await store.put('a/object', Buffer.from('x'))
    await rename(folder, `${folder}-unmounted`)
    await mkdir(folder)
    await rejectsWith(store.put('a/other', Buffer.from('y')), 'vault.unreachable')
    await rejectsWith(store.put('b/other', Buffer.from('y')), 'vault.unreachable')
    await rejectsWith(store.get('a/object'), 'vault.unreachable')
    expect(await readdir(folder)).toEqual([])
    await rm(folder, { recursive: true })
    await rename(`${folder}-unmounted`, folder)
    expect(await store.put('a/other', Buffer.from('y'))).toBe(true)
  })

  test('a place that goes away during a listing ends it with an error', async () => {
    for (const name of ['a/1', 'b/1', 'c/1']) await store.put(name, Buffer.from('x'))
    const seen: string[] = []
    const listing = (async () => {
      for await (const info of store.list('')) {
        seen.push(info.name)
        if (seen.length === 1) await rename(folder, `${folder}-gone`)
      }
    })()
    await rejectsWith(listing, 'vault.unreachable')
  })

  test('a folder removed behind its back is made again', async () => {
    await store.put('a/b/1', Buffer.from('x'))
    await rm(path.join(folder, 'a'), { recursive: true })
    expect(await store.put('a/b/2', Buffer.from('y'))).toBe(true)
    expect((await Array.fromAsync(store.list(''))).map((info) => info.name)).toEqual(['a/b/2'])
  })

  test('tells the free space, and what it can do', async () => {
    const space = await readFreeSpace(folder)
    expect(space.freeBytes).toBeGreaterThan(0)
    expect(space.totalBytes).toBeGreaterThanOrEqual(space.freeBytes)
    await rejectsWith(
      readFreeSpace(folder).then(() => store.get('missing')),
      'store.not-found',
    )
  })
})

describe('what is written', () => {
  test('files are 0600 and folders 0700', posix, async () => {
    const open = path.join(parent, 'open')
    await writeFile(open, 'bytes', { mode: 0o644 })
    await chmod(open, 0o644)
    await store.put('a/b/memory', Buffer.from('x'))
    await store.put('a/b/file', { path: open, sizeBytes: 5 })
    for (const name of ['memory', 'file']) expect((await stat(path.join(folder, 'a/b', name))).mode & 0o777).toBe(0o600)
    for (const name of ['a', 'a/b']) expect((await stat(path.join(folder, name))).mode & 0o777).toBe(0o700)
    expect((await stat(open)).mode & 0o777).toBe(0o644)
  })

  test('a private local file becomes the object itself: one copy', posix, async () => {
    const file = path.join(parent, 'chunk')
    await writeFile(file, 'bytes', { mode: 0o600 })
    expect(await store.put('chunks/aa/x.tcf', { path: file, sizeBytes: 5 })).toBe(true)
    const [ours, theirs] = [await stat(file), await stat(path.join(folder, 'chunks/aa/x.tcf'))]
    expect(theirs.ino).toBe(ours.ino)
    expect(await store.put('chunks/aa/x.tcf', { path: file, sizeBytes: 5 })).toBe(false)
    await symlink(file, `${file}-link`)
    expect(await store.put('chunks/aa/y.tcf', { path: `${file}-link`, sizeBytes: 5 })).toBe(true)
    expect((await store.get('chunks/aa/y.tcf')).toString()).toBe('bytes')
  })

  test('links and foreign files are not objects, and nothing is written or read through a link', posix, async () => {
    const outside = path.join(parent, 'outside')
    await mkdir(outside)
    await writeFile(path.join(outside, 'secret'), 'secret')
    await symlink(outside, path.join(folder, 'keyspaces'))
    await symlink(path.join(outside, 'secret'), path.join(folder, 'vault.json'))
    for (const name of ['.DS_Store', 'Thumbs.db', 'lost+found', 'nul']) {
      await writeFile(path.join(folder, name), 'foreign')
    }
    expect(await Array.fromAsync(store.list(''))).toEqual([])
    await rejectsWith(store.get('vault.json'), 'store.not-found')
    expect(await store.stat('vault.json')).toBeUndefined()
    await rejectsWith(store.put('vault.json', Buffer.from('secret')), 'store.conflict')
    await rejectsWith(store.put('keyspaces/new', Buffer.from('x')), 'store.failed')
    await rejectsWith(store.get('keyspaces/secret'), 'store.failed')
    await rejectsWith(store.delete('keyspaces/secret'), 'store.failed')
    await rejectsWith(Array.fromAsync(store.list('keyspaces/')), 'store.failed')
    expect(await store.sweep(-3_600_000)).toBe(0)
    expect(await readdir(outside)).toEqual(['secret'])
  })

  test(
    'a read-only place refuses writing and is read',
    needsThat(process.getuid?.() !== 0 && process.platform !== 'win32', 'root writes everywhere'),
    async () => {
      await store.put('a/object', Buffer.from('x'))
      await chmod(path.join(folder, 'a'), 0o500)
      await rejectsWith(store.put('a/other', Buffer.from('y')), 'vault.denied')
      await rejectsWith(store.delete('a/object'), 'vault.denied')
      expect((await store.get('a/object')).toString()).toBe('x')
      await chmod(path.join(folder, 'a'), 0o700)
    },
  )

  test('turns of a name that is not published outlive the sweep; those of a published one do not', async () => {
    await store.put('a', Buffer.from('x'))
    for (const name of ['.tmp-turn1-a', '.tmp-go1-a', '.tmp-turn1-b', '.tmp-go1-b']) {
      await writeFile(path.join(folder, name), '')
    }
    expect(await store.sweep(-3_600_000)).toBe(2)
    expect((await readdir(folder)).sort()).toEqual(['.tmp-go1-b', '.tmp-turn1-b', 'a'])
  })
})

describe('a sync that fails (W5)', () => {
  /** Makes the given syncs (from 1) fail; returns the paths synced, `file` or `folder`. */
  async function failSyncs(failing: readonly number[]): Promise<string[]> {
    const handle = await open(folder)
    const prototype = Object.getPrototypeOf(handle) as { sync: (this: FileHandle) => Promise<void> }
    await handle.close()
    const original = prototype.sync
    const synced: string[] = []
    vi.spyOn(prototype, 'sync').mockImplementation(async function (this: FileHandle) {
      synced.push((await this.stat()).isDirectory() ? 'folder' : 'file')
      if (failing.includes(synced.length)) {
        throw Object.assign(new Error('EIO: i/o error, fsync'), { code: 'EIO', errno: -5, syscall: 'fsync' })
      }
      await original.call(this)
    })
    return synced
  }

  test('of the file: the bytes are written again under a new name', async () => {
    const synced = await failSyncs([1])
    expect(await store.put('object', Buffer.from('bytes'))).toBe(true)
    expect(synced).toEqual(['file', 'file', 'folder'])
    expect(await readdir(folder)).toEqual(['object'])
  })

  test('of the file, twice: the put stops and leaves nothing', async () => {
    await failSyncs([1, 2])
    await rejectsWith(store.put('object', Buffer.from('bytes')), 'store.failed')
    expect(await readdir(folder)).toEqual([])
  })

  test('of the folder: the entry is written anew with a fresh copy', async () => {
    const synced = await failSyncs([2])
    expect(await store.put('object', Buffer.from('bytes'))).toBe(true)
    expect(synced).toEqual(['file', 'folder', 'file', 'folder'])
    expect(await readdir(folder)).toEqual(['object'])
    expect((await store.get('object')).toString()).toBe('bytes')
  })

  test('of the folder, twice: the put fails, and the next one writes the entry anew', async () => {
    const synced = await failSyncs([2, 4])
    await rejectsWith(store.put('object', Buffer.from('bytes')), 'store.failed')
    expect(await store.put('object', Buffer.from('bytes'))).toBe(false)
    expect(synced.slice(4)).toEqual(['file', 'file', 'folder'])
    expect(await readdir(folder)).toEqual(['object'])
  })

  test('of the parent of a new folder: nothing is put into it', async () => {
    await failSyncs([1])
    await rejectsWith(store.put('new/object', Buffer.from('bytes')), 'store.failed')
    expect(await readdir(folder)).toEqual([])
    expect(await store.put('new/object', Buffer.from('bytes'))).toBe(true)
  })

  test('of a local file that would be linked: the put fails and the vault has nothing', async () => {
    const file = path.join(parent, 'chunk')
    await writeFile(file, 'bytes', { mode: 0o600 })
    await store.put('first', Buffer.from('x'))
    await failSyncs([1])
    await rejectsWith(store.put('object', { path: file, sizeBytes: 5 }), 'store.failed')
    expect(await store.stat('object')).toBeUndefined()
    await link(file, `${file}-2`)
    expect(await readFile(`${file}-2`, 'utf8')).toBe('bytes')
  })

  test('of a delete: it is not reported as done', async () => {
    await store.put('object', Buffer.from('bytes'))
    await failSyncs([1])
    await rejectsWith(store.delete('object'), 'store.failed')
    await store.delete('object')
    expect(await store.stat('object')).toBeUndefined()
  })
})
