/** Restores that need root: owners, ACLs, capabilities, devices, full disks, other file systems, other users. */

import { execFileSync, spawnSync } from 'node:child_process'
import {
  chownSync,
  constants,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  deviceNumbers,
  fileTimeFromNs,
  getXattr,
  listXattrs,
  makeNode,
  setTimes,
  setXattr,
} from '../../agent-core/platform/posix.ts'
import { putInChunkFiles } from '../support/chunked-point.ts'
import { needs } from '../support/needs.ts'
import { type PlannedEntry, PointTree } from '../support/point-tree.ts'
import { RestorePlace } from '../support/restore-place.ts'
import { TestFolder } from '../support/test-home.ts'

let point: PointTree
let place: RestorePlace
let mounted: string[]

beforeEach(() => {
  point = new PointTree()
  place = new RestorePlace(point)
  mounted = []
})

afterEach(() => {
  for (const folder of mounted.reverse()) execFileSync('umount', [folder])
  place[Symbol.dispose]()
})

const inFolder = (...names: readonly string[]): string => join(place.folder, ...names)

const file = (name: string, text: string, posix: PlannedEntry['posix'] = {}): PlannedEntry => ({
  name,
  type: 'file',
  content: [Buffer.from(text)],
  posix: { uid: 0, gid: 0, ...posix },
})

function rootOf(...children: PlannedEntry[]) {
  return point.root({ '/home/u/docs': { name: 'docs', type: 'directory', children } })
}

/** What stands at `path`, read with other code than the product's walk, as a test tree. */
function planned(path: string, name = 'docs'): PlannedEntry {
  const stats = lstatSync(path, { bigint: true })
  const xattrs = listXattrs(path).map((xattr) => ({
    name: Buffer.from(xattr, 'latin1'),
    value: getXattr(path, xattr) ?? Buffer.of(),
  }))
  const isDevice = stats.isBlockDevice() || stats.isCharacterDevice()
  return {
    name,
    type: typeOf(stats),
    mtime: fileTimeFromNs(stats.mtimeNs),
    posix: {
      mode: Number(stats.mode & 0o7777n),
      uid: Number(stats.uid),
      gid: Number(stats.gid),
      xattrs,
      ...(isDevice && { device: deviceNumbers(stats.rdev) }),
    },
    ...(stats.isFile() && { content: [readFileSync(path)] }),
    ...(stats.isSymbolicLink() && { linkTarget: readlinkSync(path) }),
    ...(stats.isDirectory() && { children: readdirSync(path).map((child) => planned(join(path, child), child)) }),
    ...(!stats.isDirectory() && stats.nlink > 1n && { inode: Number(stats.ino) }),
  }
}

function typeOf(stats: ReturnType<typeof lstatSync>): PlannedEntry['type'] {
  if (stats === undefined || stats.isFile()) return 'file'
  if (stats.isDirectory()) return 'directory'
  if (stats.isSymbolicLink()) return 'symlink'
  if (stats.isFIFO()) return 'fifo'
  if (stats.isSocket()) return 'socket'
  return stats.isBlockDevice() ? 'block-device' : 'character-device'
}

function differences(source: string): string {
  return execFileSync(
    'rsync',
    ['-aHAXn', '--checksum', '--itemize-changes', '--delete', `${source}/`, `${place.target}/`],
    { encoding: 'utf8' },
  )
}

// struct vfs_ns_cap_data of revision 2 (linux/capability.h): cap_net_raw permitted and effective.
const capability = Buffer.from('0100000200200000000000000000000000000000', 'hex')

describe('rsync finds nothing to change', needs('rsync', 'setfacl', 'setfattr'), () => {
  test('owners, ACLs, capabilities, attributes, devices, links, set-id bits', async () => {
    const source = inFolder('source')
    mkdirSync(join(source, 'acl', 'below'), { recursive: true })
    const names = ['plain', 'acl/file', 'acl/below/file', 'setuid', 'capable']
    for (const name of names) writeFileSync(join(source, name), name)
    execFileSync('setfacl', ['-m', 'u:12345:rw,g:54321:r,d:u:12345:rwx', join(source, 'acl')])
    execFileSync('setfacl', ['-m', 'u:12345:r', join(source, 'acl/file')])
    execFileSync('setfattr', ['-n', 'user.note', '-v', 'kept', join(source, 'plain')])
    execFileSync('setfattr', ['-n', 'user.note', '-v', 'kept', join(source, 'acl', 'below')])
    chownSync(join(source, 'setuid'), 12_345, 54_321)
    chownSync(join(source, 'acl', 'below'), 12_345, 54_321)
    execFileSync('chmod', ['6755', join(source, 'setuid')])
    execFileSync('chmod', ['3770', join(source, 'acl', 'below')])
    setXattr(join(source, 'capable'), 'security.capability', capability)
    symlinkSync('nowhere', join(source, 'link'))
    execFileSync('chown', ['-h', '12345:54321', join(source, 'link')])
    setXattr(join(source, 'link'), 'trusted.own', Buffer.from('link'))
    setTimes(join(source, 'link'), { sec: 5, ns: 6 }, { sec: 7, ns: 8 })
    linkSync(join(source, 'plain'), join(source, 'acl', 'plain too'))
    linkSync(join(source, 'link'), join(source, 'acl', 'link too'))
    makeNode(join(source, 'fifo'), constants.S_IFIFO | 0o640)
    makeNode(join(source, 'socket'), constants.S_IFSOCK | 0o600)
    makeNode(join(source, 'null'), constants.S_IFCHR | 0o666, { major: 1, minor: 3 })
    makeNode(join(source, 'loop'), constants.S_IFBLK | 0o660, { major: 7, minor: 0 })
    const result = await place.restore(point.root({ '/home/u/docs': planned(source) }))
    expect(result.task.warnings).toEqual([])
    expect(differences(source)).toBe('')
  })

  test('a default ACL of the target is not handed on', async () => {
    const source = inFolder('source')
    mkdirSync(join(source, 'sub'), { recursive: true })
    writeFileSync(join(source, 'sub', 'file'), 'x')
    mkdirSync(place.target)
    execFileSync('setfacl', ['-m', 'd:u:12345:rwx', place.target])
    await place.restore(point.root({ '/home/u/docs': planned(source) }))
    expect(differences(source)).toBe('')
  })

  test('/etc', async () => {
    const result = await place.restore(point.root({ '/etc': planned('/etc') }))
    expect(result.task.warnings).toEqual([])
    expect(differences('/etc')).toBe('')
  })
})

test('what gives power is restored on request only', async () => {
  const xattrs = [{ name: Buffer.from('security.capability'), value: capability }]
  const device: PlannedEntry = { name: 'null', type: 'character-device', posix: { device: { major: 1, minor: 3 } } }
  const root = rootOf(file('setuid', 'x', { mode: 0o4755 }), file('capable', 'x', { xattrs }), device)
  const result = await place.restore(root, { special: false })
  expect(result).toMatchObject({ restored: 2, failed: 1 })
  expect(result.task.warnings.map(({ code }) => code).sort()).toEqual([
    'file.special-left-out',
    'file.special-left-out',
    'file.special-left-out',
  ])
  for (const { advice } of result.task.warnings) expect(advice).toContain('--special')
  expect(statSync(place.at('setuid')).mode & 0o7777).toBe(0o755)
  expect(listXattrs(place.at('capable'))).not.toContain('security.capability')
  expect(readdirSync(place.target).sort()).toEqual(['capable', 'setuid'])
})

test('a user without root gets everything but the owners, told once', () => {
  execFileSync('chmod', ['755', place.folder])
  mkdirSync(place.target)
  chownSync(place.target, 65_534, 65_534)
  const script = `
    const [pointUrl, placeUrl, target] = process.argv.slice(1)
    const { PointTree } = await import(pointUrl)
    const { RestorePlace } = await import(placeUrl)
    const point = new PointTree()
    const file = (name, mode) => ({ name, type: 'file', content: [Buffer.from(name)], posix: { uid: 0, gid: 0, mode } })
    const root = point.root({ '/docs': { name: 'docs', type: 'directory', posix: { uid: 0, gid: 0, mode: 0o500 },
      children: [file('a', 0o4711), file('b', 0o440), file('c', 0o644)] } })
    const { task, ...result } = await new RestorePlace(point, target).restore(root)
    process.stdout.write(JSON.stringify({ result, warnings: task.warnings }))`
  const urls = ['point-tree.ts', 'restore-place.ts'].map((name) => new URL(`../support/${name}`, import.meta.url).href)
  const run = spawnSync(process.execPath, ['--input-type=module', '-e', script, ...urls, place.target], {
    uid: 65_534,
    gid: 65_534,
    encoding: 'utf8',
  })
  expect(run.stderr).toBe('')
  const { result, warnings } = JSON.parse(run.stdout) as { result: object; warnings: { message: string }[] }
  expect(result).toMatchObject({ restored: 3, failed: 0 })
  expect(warnings).toHaveLength(1)
  expect(warnings[0]?.message).toContain('owners can be set by root only: 4 entries')
  expect(statSync(place.at('a')).mode & 0o7777).toBe(0o711)
  expect(statSync(place.target).mode & 0o7777).toBe(0o500)
})

test('a folder of another user cannot trade what root makes there', async () => {
  mkdirSync(place.target)
  chownSync(place.target, 65_534, 65_534)
  const [secret] = [inFolder('secret')]
  writeFileSync(secret, 'secret', { mode: 0o600 })
  const theirs = { uid: 65_534, gid: 65_534, mode: 0o666 }
  const root = rootOf(file('a', 'one', theirs), { name: 'fifo', type: 'fifo', posix: theirs }, file('z', 'two', theirs))
  point.onRead = () => {
    // What the owner of the folder can do meanwhile: rename what is in it, put other things in its place.
    const staging = readdirSync(place.target).find((name) => name.startsWith('.tharsis-restore-'))
    if (staging === undefined) return
    expect(statSync(place.at(staging))).toMatchObject({ uid: 0, mode: constants.S_IFDIR | 0o700 })
    point.onRead = () => undefined
    renameSync(place.at(staging), place.at('moved'))
    mkdirSync(place.at(staging))
    for (const name of ['1', '2', '3', '4', '5']) linkSync(secret, place.at(staging, name))
  }
  await expect(place.restore(root)).rejects.toMatchObject({ code: 'restore.target' })
  expect(statSync(secret)).toMatchObject({ uid: 0, mode: constants.S_IFREG | 0o600 })
  expect(readFileSync(secret, 'utf8')).toBe('secret')
  expect(readFileSync(place.at('a'), 'utf8')).toBe('one')
})

describe('a small disk', needs('mount'), () => {
  function mountTmpfs(folder: string, size: string): void {
    mkdirSync(folder, { recursive: true })
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', folder])
    mounted.push(folder)
  }

  const big = (name: string): PlannedEntry => ({ ...file(name, ''), content: [Buffer.alloc(3_000_000, name)] })

  test('is refused before anything is written', async () => {
    mountTmpfs(place.target, '4m')
    await expect(place.restore(rootOf(big('a'), big('b')))).rejects.toMatchObject({ code: 'restore.no-space' })
    expect(readdirSync(place.target)).toEqual([])
  })

  test('that fills up meanwhile ends the restore; after room is made it is finished', async () => {
    mountTmpfs(place.target, '8m')
    const root = rootOf(big('a'), big('b'))
    point.onRead = (id) => {
      if (id === point.fileBlocks[1]) writeFileSync(place.at('other'), Buffer.alloc(4_000_000))
    }
    await expect(place.restore(root)).rejects.toMatchObject({ code: 'restore.no-space' })
    expect(readdirSync(place.target).sort()).toEqual(['a', 'other'])
    point.onRead = () => undefined
    execFileSync('rm', [place.at('other')])
    expect(await place.restore(root)).toMatchObject({ same: 1, new: 1, failed: 0 })
  })

  test('that fills up while workers restore ends it too; after room is made it is finished', async () => {
    mountTmpfs(place.target, '40m')
    using chunks = new TestFolder()
    const names = Array.from({ length: 600 }, (_, index) => `file ${index}`)
    const root = rootOf(...names.map((name) => ({ ...file(name, ''), content: [Buffer.alloc(50_000, name)] })))
    using _chunked = putInChunkFiles(point, chunks.path)
    let reads = 0
    point.onRead = () => {
      // Of the pages of the tree, after the one that lists the folder.
      if (++reads === 5) writeFileSync(place.at('other'), Buffer.alloc(15_000_000))
    }
    await expect(place.restore(root)).rejects.toMatchObject({ code: 'restore.no-space' })
    const whole = readdirSync(place.target).filter((name) => name !== 'other')
    expect(whole.length).toBeLessThan(600)
    for (const name of whole) expect(readFileSync(place.at(name)).equals(Buffer.alloc(50_000, name))).toBe(true)
    point.onRead = () => undefined
    execFileSync('rm', [place.at('other')])
    expect(await place.restore(root)).toMatchObject({ same: whole.length, new: 600 - whole.length, failed: 0 })
  })

  test('replacing needs no room for both', async () => {
    mountTmpfs(place.target, '8m')
    await place.restore(rootOf(big('a'), big('b')))
    const other = rootOf(
      { ...big('a'), content: [Buffer.alloc(3_000_000, 1)] },
      { ...big('b'), content: [Buffer.alloc(2_000_000, 2)] },
    )
    execFileSync('truncate', ['-s', '2000000', place.at('b')])
    expect(await place.restore(other, { conflict: 'overwrite' })).toMatchObject({ overwritten: 2 })
  })

  test('another file system below the target has a private folder of its own', async () => {
    mountTmpfs(place.at('sub', 'mounted'), '8m')
    const tree: PlannedEntry = {
      name: 'sub',
      type: 'directory',
      children: [{ name: 'mounted', type: 'directory', children: [file('x', 'y')] }, file('z', 'z')],
    }
    expect(await place.restore(rootOf(tree))).toMatchObject({ new: 2, failed: 0 })
    expect(readdirSync(place.at('sub', 'mounted'))).toEqual(['x'])
    expect(statSync(place.at('sub', 'mounted')).mtimeMs).toBe(1_700_000_000_123.4568)
    expect(readdirSync(place.at('sub')).sort()).toEqual(['mounted', 'z'])
  })
})
