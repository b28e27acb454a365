/** The directory store on real file systems: the contract, a full disk, and a disk that goes away. */
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '../../agent-core/base/clock.ts'
import { systemRandom } from '../../agent-core/base/random.ts'
import { readFreeSpace } from '../../agent-core/vault/directory-probe.ts'
import { openDirectoryStore } from '../../agent-core/vault/directory-store.ts'
import { describeObjectStoreContract, rejectsWith } from '../contracts/object-store.contract.ts'
import { createDirectoryPlace } from '../support/directory-place.ts'
import { hammerFolder } from '../support/hammer-folder.ts'
import { type LoopFileSystem, type LoopFileSystemType, mountLoopFileSystem } from '../support/loop-file-system.ts'
import { type Needs, needs } from '../support/needs.ts'

const MIB = 1024 * 1024
const deps = { clock: systemClock, random: systemRandom }

const kinds: readonly { type: LoopFileSystemType; needed: Needs; publish: 'link' | 'rename'; keepsModes: boolean }[] = [
  { type: 'ext4', needed: needs('mkfs.ext4', 'losetup'), publish: 'link', keepsModes: true },
  { type: 'exfat', needed: needs('mkfs.exfat', 'mount.exfat-fuse'), publish: 'rename', keepsModes: false },
  { type: 'ntfs', needed: needs('mkfs.ntfs', 'ntfs-3g'), publish: 'link', keepsModes: false },
]

describe.each(kinds)('a vault on $type', ({ type, needed, publish, keepsModes }) => {
  describe('mounted', needed, () => {
    let mounted: LoopFileSystem

    beforeAll(async () => {
      mounted = await mountLoopFileSystem(type, 512 * MIB)
    })

    afterAll(async () => {
      await mounted.dispose()
    })

    describeObjectStoreContract(type, () => createDirectoryPlace(mounted.folder))

    test('says what the place can do', async () => {
      const place = await createDirectoryPlace(mounted.folder)
      const found = await place.store.probe()
      expect(found).toMatchObject({ publish, keepsModes })
      expect(found.remarks.some((remark) => remark.startsWith('File permissions protect nothing here'))).toBe(
        !keepsModes,
      )
      expect((await readFreeSpace(place.folder)).totalBytes).toBeGreaterThan(400 * MIB)
      await place.dispose()
    })

    test('several processes write the same names and one of them wins each', async () => {
      const place = await createDirectoryPlace(mounted.folder)
      await hammerFolder(place.folder, { processes: 2, count: 60 })
      expect(await place.store.sweep(-3_600_000)).toBe(0)
      await place.dispose()
    })
  })

  test('a disk unmounted in the middle: unreachable, and the bare mount point stays empty', needed, async () => {
    const mounted = await mountLoopFileSystem(type, 64 * MIB)
    try {
      const store = await openDirectoryStore(mounted.folder, deps)
      await store.put('keyspaces/a/index/1', Buffer.from('before'))
      await mounted.unmount()
      await rejectsWith(store.put('keyspaces/a/index/2', Buffer.from('after')), 'vault.unreachable')
      await rejectsWith(store.put('new/folder/object', Buffer.from('after')), 'vault.unreachable')
      await rejectsWith(store.get('keyspaces/a/index/1'), 'vault.unreachable')
      await rejectsWith(Array.fromAsync(store.list('')), 'vault.unreachable')
      await rejectsWith(store.sweep(0), 'vault.unreachable')
      await store.close()
      expect(await readdir(mounted.folder)).toEqual([])
    } finally {
      await mounted.dispose()
    }
  })
})

describe('a full disk', () => {
  test.each(['tmpfs', 'ext4'] as const)(
    '%s: vault.full, nothing half, and it goes on once there is room',
    async (type) => {
      const mounted = await mountLoopFileSystem(type, 16 * MIB)
      try {
        const folder = path.join(mounted.folder, 'vault')
        await mkdir(folder)
        const store = await openDirectoryStore(folder, deps)
        const bytes = (number: number) => Buffer.alloc(MIB, `object ${number} `)
        let count = 0
        const fill = async () => {
          for (; count < 64; count++) await store.put(`chunks/${count}`, bytes(count))
        }
        await rejectsWith(fill(), 'vault.full')
        expect(count).toBeGreaterThan(3)
        await writeFile(path.join(mounted.folder, 'filler'), Buffer.alloc(MIB)).catch((error: unknown) => {
          expect(error).toMatchObject({ code: 'ENOSPC' })
        })
        await rejectsWith(store.put(`chunks/${count}`, bytes(count)), 'vault.full')
        expect(await store.put('chunks/0', bytes(0))).toBe(false)
        expect(await store.stat(`chunks/${count}`)).toBeUndefined()
        expect(await Array.fromAsync(store.list(''))).toHaveLength(count)
        for (let number = 0; number < count; number++) {
          expect((await store.get(`chunks/${number}`)).equals(bytes(number))).toBe(true)
        }
        expect(await readdir(path.join(folder, 'chunks'))).toHaveLength(count)
        await store.delete('chunks/0')
        await store.delete('chunks/1')
        expect(await store.put(`chunks/${count}`, bytes(count))).toBe(true)
        await store.close()
      } finally {
        await mounted.dispose()
      }
    },
  )
})

test('a disk that has become read-only refuses every change and is read', needs('mkfs.ext4', 'losetup'), async () => {
  const mounted = await mountLoopFileSystem('ext4', 16 * MIB)
  try {
    const store = await openDirectoryStore(mounted.folder, deps)
    await store.put('a/object', Buffer.from('bytes'))
    await mounted.remountReadOnly()
    await rejectsWith(store.put('a/other', Buffer.from('x')), 'vault.denied')
    await rejectsWith(store.put('b/other', Buffer.from('x')), 'vault.denied')
    await rejectsWith(store.delete('a/object'), 'vault.denied')
    await rejectsWith(store.sweep(0), 'vault.denied')
    await rejectsWith(store.probe(), 'vault.denied')
    expect(await store.put('a/object', Buffer.from('bytes'))).toBe(false)
    expect((await store.get('a/object')).toString()).toBe('bytes')
    expect(await Array.fromAsync(store.list(''))).toHaveLength(1)
    await store.close()
  } finally {
    await mounted.dispose()
  }
})

test(
  'a cache file on the same disk becomes the object without taking room again',
  needs('mkfs.ext4', 'losetup'),
  async () => {
    const mounted = await mountLoopFileSystem('ext4', 64 * MIB)
    try {
      const folder = path.join(mounted.folder, 'vault')
      await mkdir(folder)
      const store = await openDirectoryStore(folder, deps)
      const file = path.join(mounted.folder, 'chunk')
      await writeFile(file, Buffer.alloc(16 * MIB, 'chunk'), { mode: 0o600, flush: true })
      await store.put('warm', Buffer.from('x'))
      const before = await readFreeSpace(folder)
      expect(await store.put('chunks/aa/x.tcf', { path: file, sizeBytes: 16 * MIB })).toBe(true)
      expect(before.freeBytes - (await readFreeSpace(folder)).freeBytes).toBeLessThan(MIB)
      await store.close()
    } finally {
      await mounted.dispose()
    }
  },
)
