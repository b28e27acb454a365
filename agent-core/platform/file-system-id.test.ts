import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { fileSystemId, type MountLine, nameFileSystem, parseMountInfo } from './file-system-id.ts'

// Lines of proc_pid_mountinfo(5) as Linux writes them: with and without optional fields, with escapes.
const mountInfo = `36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue
41 27 0:38 / /mnt/with\\040space rw,relatime shared:7 master:2 - nfs4 server:/export\\040one rw,vers=4.2
42 27 0:39 /@home /home rw - btrfs /dev/sdb1 rw,subvol=/@home
43 27 0:40 / /run rw - tmpfs  rw
`

test('mount lines are read with optional fields, escapes and empty sources', () => {
  expect(parseMountInfo(mountInfo)).toEqual([
    { id: 36, device: '98:0', mountPoint: '/mnt2', type: 'ext3', source: '/dev/root' },
    { id: 41, device: '0:38', mountPoint: '/mnt/with space', type: 'nfs4', source: 'server:/export one' },
    { id: 42, device: '0:39', mountPoint: '/home', type: 'btrfs', source: '/dev/sdb1' },
    { id: 43, device: '0:40', mountPoint: '/run', type: 'tmpfs', source: '' },
  ])
})

const uuid = '0b1c1f2e-0000-4000-8000-123456789abc'

test.each([
  ['ext4', '/dev/sda1', uuid, 'ext4:fsid=00000000000000aa'],
  ['btrfs', '/dev/sda1', uuid, 'btrfs:fsid=00000000000000aa'],
  ['xfs', '/dev/sda1', uuid, `xfs:uuid=${uuid}`],
  ['xfs', '/dev/sda1', undefined, 'xfs:device=/dev/sda1'],
  ['nfs4', 'server:/export', undefined, 'nfs4:source=server:/export'],
  ['fuse.sshfs', 'me@host:', undefined, 'fuse.sshfs:source=me@host:'],
  ['zfs', 'pool/home', undefined, 'zfs:source=pool/home'],
  ['tmpfs', 'tmpfs', undefined, 'tmpfs:at=/data'],
  ['overlay', 'overlay', undefined, 'overlay:at=/data'],
])('%s from %s is named by what lasts', (type, source, knownUuid, id) => {
  const mount: MountLine = { id: 1, device: '8:1', mountPoint: '/data', type, source }
  expect(nameFileSystem({ mount, fsid: '00000000000000aa', uuid: knownUuid })).toBe(id)
})

test('a mount that is not visible is named by the numbers of the file system', () => {
  expect(nameFileSystem({ mount: undefined, fsid: '00000000000000aa', uuid: undefined })).toBe(
    'unknown:fsid=00000000000000aa',
  )
})

test('real folders of one file system have one id, also through a link; other file systems have others', (ctx) => {
  if (process.platform !== 'linux') ctx.skip('needs /proc')
  const folder = mkdtempSync(join(tmpdir(), 'file-system-id-test-'))
  try {
    mkdirSync(join(folder, 'child'))
    symlinkSync(join(folder, 'child'), join(folder, 'link'))
    const id = fileSystemId(folder)
    expect(id).toMatch(/^[a-z0-9.]+:(fsid|uuid|device|source|at)=.+$/)
    expect(fileSystemId(Buffer.from(join(folder, 'child')))).toBe(id)
    expect(fileSystemId(join(folder, 'link'))).toBe(id)
    expect(fileSystemId('/proc')).toBe('proc:at=/proc')
    expect(() => fileSystemId(join(folder, 'missing'))).toThrow('ENOENT')
  } finally {
    rmSync(folder, { recursive: true })
  }
})
