/** Platform calls that need root: owners, devices, capabilities, ACLs, mounts, other users. */

import { execFileSync, spawnSync } from 'node:child_process'
import {
  closeSync,
  constants,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { DirectoryHandle, thisFolder } from '../../agent-core/platform/directory-handle.ts'
import { fileSystemId } from '../../agent-core/platform/file-system-id.ts'
import {
  dataRanges,
  deviceNumbers,
  getXattr,
  listXattrs,
  makeNode,
  openForReading,
  setTimes,
  setXattr,
} from '../../agent-core/platform/posix.ts'
import { needs } from '../support/needs.ts'

let folder: string
let file: string
let mounted: string[]

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'platform-system-test-'))
  file = join(folder, 'file')
  writeFileSync(file, 'content')
  mounted = []
})

afterEach(() => {
  for (const place of mounted.reverse()) execFileSync('umount', [place])
  rmSync(folder, { recursive: true, force: true })
})

/** Makes an image of `sizeMebibytes` with ext4 and returns its path. */
function makeImage(name: string, sizeMebibytes: number): string {
  const path = join(folder, name)
  const fd = openSync(path, 'wx')
  ftruncateSync(fd, sizeMebibytes * 2 ** 20)
  closeSync(fd)
  execFileSync('mkfs.ext4', ['-q', '-F', path])
  return path
}

function mount(place: string, ...parameters: readonly string[]): string {
  mkdirSync(place, { recursive: true })
  execFileSync('mount', [...parameters, place])
  mounted.push(place)
  return place
}

function unmount(place: string): void {
  execFileSync('umount', [place])
  mounted = mounted.filter((other) => other !== place)
}

test('devices are made with any numbers the kernel has', () => {
  const pairs = [
    { major: 1, minor: 3 },
    { major: 259, minor: 70_000 },
    { major: 4095, minor: 1_048_575 },
  ]
  for (const [index, device] of pairs.entries()) {
    const character = join(folder, `character${index}`)
    const block = join(folder, `block${index}`)
    makeNode(character, constants.S_IFCHR | 0o600, device)
    makeNode(block, constants.S_IFBLK | 0o600, device)
    expect(deviceNumbers(lstatSync(character, { bigint: true }).rdev)).toEqual(device)
    expect(deviceNumbers(lstatSync(block, { bigint: true }).rdev)).toEqual(device)
    expect(lstatSync(character).isCharacterDevice() && lstatSync(block).isBlockDevice()).toBe(true)
  }
  expect(readFileSync(join(folder, 'character0')).length).toBe(0)
})

test('a symbolic link has an owner and attributes of its own', () => {
  symlinkSync('file', join(folder, 'link'))
  using handle = DirectoryHandle.open(Buffer.from(folder))
  handle.setOwner(Buffer.from('link'), 12_345, 54_321)
  handle.setXattr(Buffer.from('link'), 'trusted.own', Buffer.from('link'))
  expect(lstatSync(join(folder, 'link'))).toMatchObject({ uid: 12_345, gid: 54_321 })
  expect(getXattr(join(folder, 'link'), 'trusted.own')).toEqual(Buffer.from('link'))
  expect(statSync(file).uid).toBe(0)
  expect(listXattrs(file)).not.toContain('trusted.own')
})

test('owner, then mode, keeps set-user-id bits', () => {
  using handle = DirectoryHandle.open(Buffer.from(folder))
  handle.setOwner(Buffer.from('file'), 12_345, 12_345)
  handle.setMode(Buffer.from('file'), 0o6755)
  handle.setOwner(thisFolder, 12_345, 12_345)
  handle.setMode(thisFolder, 0o3770)
  expect(lstatSync(file).mode & 0o7777).toBe(0o6755)
  expect(lstatSync(folder)).toMatchObject({ uid: 12_345, gid: 12_345 })
  expect(lstatSync(folder).mode & 0o7777).toBe(0o3770)
})

test('ACLs travel as raw attributes', needs('setfacl', 'getfacl'), () => {
  const copy = join(folder, 'copy')
  mkdirSync(join(folder, 'a'))
  mkdirSync(copy)
  execFileSync('setfacl', ['-m', 'u:12345:rw,g:54321:r,d:u:12345:rwx', join(folder, 'a')])
  const names = listXattrs(join(folder, 'a')).filter((name) => name.startsWith('system.posix_acl'))
  expect(names.sort()).toEqual(['system.posix_acl_access', 'system.posix_acl_default'])
  for (const name of names) setXattr(copy, name, getXattr(join(folder, 'a'), name) ?? Buffer.alloc(0))
  const aclOf = (path: string) => execFileSync('getfacl', ['-n', '-c', '-p', path], { encoding: 'utf8' })
  expect(aclOf(copy)).toBe(aclOf(join(folder, 'a')))
  expect(aclOf(copy)).toContain('user:12345:rw-')
})

test('capabilities travel as a raw attribute', () => {
  // struct vfs_ns_cap_data of revision 2 (linux/capability.h): cap_net_raw permitted and effective.
  const value = Buffer.from('0100000200200000000000000000000000000000', 'hex')
  setXattr(file, 'security.capability', value)
  expect(listXattrs(file)).toContain('security.capability')
  expect(getXattr(file, 'security.capability')).toEqual(value)
})

test('a user without rights over a file opens it for reading all the same', () => {
  const readable = join(folder, 'readable')
  writeFileSync(readable, 'x', { mode: 0o644 })
  using handle = DirectoryHandle.open(Buffer.from(folder))
  handle.setMode(thisFolder, 0o755)
  const plain = spawnSync('cat', [readable], { uid: 65_534, gid: 65_534 })
  expect(plain.status).toBe(0)
  const script = `
    const { openForReading } = await import(process.argv[1])
    const { readFileSync } = await import('node:fs')
    process.stdout.write(readFileSync(openForReading(process.argv[2]), 'utf8'))`
  const url = new URL('../../agent-core/platform/posix.ts', import.meta.url).href
  const run = spawnSync(process.execPath, ['--input-type=module', '-e', script, url, readable], {
    uid: 65_534,
    gid: 65_534,
    encoding: 'utf8',
  })
  expect(run.stderr).toBe('')
  expect(run.stdout).toBe('x')
})

describe('on ext4', needs('mkfs.ext4', 'mount', 'losetup'), () => {
  test('a file system is known again at another place and on another device, and another one is another', () => {
    const first = makeImage('first', 16)
    const second = makeImage('second', 16)
    const place = join(folder, 'place')
    mkdirSync(place)
    const bare = fileSystemId(place)
    mount(place, '-o', 'loop', first)
    const id = fileSystemId(place)
    expect(id).toMatch(/^ext4:fsid=/)
    expect(id).not.toBe(bare)
    unmount(place)
    expect(fileSystemId(place)).toBe(bare)
    mount(place, '-o', 'loop', second)
    expect(fileSystemId(place)).not.toBe(id)
    const other = mount(join(folder, 'other place'), '-o', 'loop,ro', first)
    expect(fileSystemId(other)).toBe(id)
    const bound = mount(join(folder, 'bound'), '--bind', other)
    expect(fileSystemId(bound)).toBe(id)
  })

  test('reading leaves the access time alone', () => {
    const place = mount(join(folder, 'place'), '-o', 'loop,strictatime', makeImage('image', 16))
    const read = join(place, 'read')
    writeFileSync(read, 'content')
    setTimes(read, { sec: 1, ns: 2 }, { sec: 3, ns: 4 })
    const fd = openForReading(read)
    expect(readSync(fd, Buffer.alloc(7), 0, 7, 0)).toBe(7)
    closeSync(fd)
    expect(lstatSync(read, { bigint: true }).atimeNs).toBe(1_000_000_002n)
    expect(readFileSync(read, 'utf8')).toBe('content')
    expect(lstatSync(read, { bigint: true }).atimeNs).not.toBe(1_000_000_002n)
  })

  test('the data of a sparse file is told exactly', () => {
    const place = mount(join(folder, 'place'), '-o', 'loop', makeImage('image', 16))
    const fd = openSync(join(place, 'sparse'), 'w+')
    ftruncateSync(fd, 2 ** 33)
    const block = 4096
    writeSync(fd, Buffer.alloc(block, 1), 0, block, 2 ** 32)
    writeSync(fd, Buffer.alloc(block, 1), 0, block, 0)
    expect([...dataRanges(fd, 2 ** 33)]).toEqual([
      { offset: 0, sizeBytes: block },
      { offset: 2 ** 32, sizeBytes: block },
    ])
    ftruncateSync(fd, 2 ** 32)
    expect([...dataRanges(fd, 2 ** 33)]).toEqual([{ offset: 0, sizeBytes: block }])
    closeSync(fd)
  })
})

test('a memory file system is known by its place', needs('mount'), () => {
  const place = mount(join(folder, 'memory place'), '-t', 'tmpfs', 'tmpfs')
  expect(fileSystemId(place)).toBe(`tmpfs:at=${place}`)
})
