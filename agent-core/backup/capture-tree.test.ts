/** The walk with the real engine: a folder on disk becomes a tree of pages. */
import { randomBytes } from 'node:crypto'
import { chmodSync, linkSync, mkdirSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Capturing } from '../../test/support/capturing.ts'
import { makeNode } from '../platform/posix.ts'

function fill(capturing: Capturing): void {
  for (let index = 0; index < 150; index++) writeFileSync(capturing.at(`file ${index}`), `content ${index}`)
  mkdirSync(capturing.at('folder', 'inner'), { recursive: true })
  writeFileSync(capturing.at('folder', 'inner', 'deep'), 'deep')
  symlinkSync('nowhere', capturing.at('link'))
  makeNode(capturing.at('pipe'), 0o010644)
}

test('everything is captured with its counts; a second look reads nothing and makes no page', async () => {
  using capturing = new Capturing()
  fill(capturing)
  const first = await capturing.capture()
  expect(first.counts).toMatchObject({ files: 151, others: 2, filesRead: 151, filesChanged: 151, deleted: 0 })
  expect(first.entry.directory).toMatchObject({ entriesBelow: 155, bytesBelow: first.counts.bytes })
  expect(await capturing.names(first.entry)).toHaveLength(155)
  const { size } = capturing.pages
  const second = await capturing.capture()
  expect(second.counts).toMatchObject({ files: 151, others: 2, filesRead: 0, filesChanged: 0, deleted: 0 })
  expect(second.root).toEqual(first.root)
  expect(second.chunkFiles).toHaveLength(0)
  expect(capturing.pages.size).toBe(size)
  expect(capturing.told).toEqual([])
})

test('of what is unchanged only directories are judged, and what a rule may speak of', async () => {
  using capturing = new Capturing()
  fill(capturing)
  writeFileSync(capturing.at('folder', 'kept.tmp'), 'a name that a rule speaks of')
  const excludes = ['/elsewhere/kept.tmp', '*.iso']
  await capturing.capture({ excludes })
  const judged: string[] = []
  const { counts } = await capturing.capture({ excludes, onJudged: (path) => judged.push(path) })
  expect(counts).toMatchObject({ files: 152, others: 2, filesChanged: 0, excluded: 0 })
  expect(judged.sort()).toEqual(
    [['folder'], ['folder', 'inner'], ['folder', 'kept.tmp']].map((names) => capturing.at(...names)).sort(),
  )
})

test('a directory whose attributes alone have changed is recorded anew', async () => {
  using capturing = new Capturing()
  fill(capturing)
  await capturing.capture()
  chmodSync(capturing.at('folder'), 0o700)
  utimesSync(capturing.at('folder', 'inner'), 1_000_000_000, 1_000_000_000)
  const { entry } = await capturing.capture()
  const folder = await capturing.tree.find(entry.directory?.list, Buffer.from('folder'))
  const inner = await capturing.tree.find(folder?.entry.directory?.list, Buffer.from('inner'))
  expect(folder?.entry.posix.mode).toBe(0o700)
  expect(inner?.entry.mtime).toEqual({ sec: 1_000_000_000, ns: 0 })
})

test('new, changed and deleted entries are seen, and the rest is not read', async () => {
  using capturing = new Capturing()
  fill(capturing)
  await capturing.capture()
  writeFileSync(capturing.at('file 7'), 'changed content')
  writeFileSync(capturing.at('folder', 'new'), 'new')
  rmSync(capturing.at('folder', 'inner'), { recursive: true })
  rmSync(capturing.at('link'))
  const { counts, entry } = await capturing.capture()
  expect(counts).toMatchObject({ files: 151, filesRead: 2, filesChanged: 2, deleted: 3, others: 1 })
  const names = await capturing.names(entry)
  expect(names).toContain('folder/new')
  expect(names).not.toContain('link')
  expect(names.some((name) => name.includes('inner'))).toBe(false)
  const found = await capturing.tree.find(entry.directory?.list, Buffer.from('file 7'))
  expect(found?.entry.sizeBytes).toBe('changed content'.length)
})

test('a directory that became a file, and the other way round', async () => {
  using capturing = new Capturing()
  fill(capturing)
  await capturing.capture()
  rmSync(capturing.at('folder'), { recursive: true })
  writeFileSync(capturing.at('folder'), 'now a file')
  rmSync(capturing.at('file 1'))
  mkdirSync(capturing.at('file 1'))
  const { entry } = await capturing.capture()
  const typeOf = async (name: string) =>
    (await capturing.tree.find(entry.directory?.list, Buffer.from(name)))?.entry.type
  expect([await typeOf('folder'), await typeOf('file 1')]).toEqual(['file', 'directory'])
})

test('the names of one inode share a group, and it is read once', async () => {
  using capturing = new Capturing()
  writeFileSync(capturing.at('a'), 'shared')
  linkSync(capturing.at('a'), capturing.at('b'))
  const { counts, entry } = await capturing.capture()
  expect(counts).toMatchObject({ files: 2, filesRead: 1 })
  const [a, b] = await Promise.all(
    ['a', 'b'].map(async (name) => await capturing.tree.find(entry.directory?.list, Buffer.from(name))),
  )
  expect(a?.entry.linkGroup).toBeDefined()
  expect(b?.entry).toEqual({ ...a?.entry, name: b?.entry.name })
})

test('a file that goes away after it was seen is told, and is not in the tree', async () => {
  using capturing = new Capturing()
  fill(capturing)
  const { entry } = await capturing.capture({ onSeen: (path) => path.endsWith('/file 3') && rmSync(path) })
  expect(capturing.told).toEqual(['vanished file 3'])
  expect(await capturing.names(entry)).not.toContain('file 3')
})

test('a folder that is swapped for a link after it was looked at does not lead elsewhere', async () => {
  using capturing = new Capturing()
  fill(capturing)
  const elsewhere = capturing.folder.at('elsewhere')
  mkdirSync(join(elsewhere, 'inner'), { recursive: true })
  writeFileSync(join(elsewhere, 'secret'), 'secret')
  const swap = (path: string): void => {
    if (!path.endsWith('/folder')) return
    renameSync(path, `${path} before`)
    symlinkSync(elsewhere, path)
  }
  const { entry } = await capturing.capture({ onJudged: swap })
  expect(capturing.told).toEqual(['unreadable folder'])
  expect((await capturing.names(entry)).filter((name) => name.includes('secret'))).toEqual([])
})

test('what is excluded later leaves the tree', async () => {
  using capturing = new Capturing()
  fill(capturing)
  await capturing.capture()
  const { counts, entry } = await capturing.capture({ excludes: ['file 1*', 'folder/'] })
  expect(counts.excluded).toBe(62)
  expect(await capturing.names(entry)).toHaveLength(155 - 64)
})

test('a file under a name of raw bytes keeps them', async () => {
  using capturing = new Capturing()
  writeFileSync(Buffer.concat([Buffer.from(capturing.at('x')), Buffer.of(0xff, 0x0a)]), 'raw')
  const { entry } = await capturing.capture()
  expect(await capturing.names(entry)).toEqual(['x\u00ff\n'])
})

test('an engine that fails as a whole is heard once, by who asked for the capture', async () => {
  using capturing = new Capturing()
  mkdirSync(capturing.at('sub'))
  // Sealed at once, so that the chunk file is created while the walk still goes on.
  writeFileSync(capturing.at('sub', 'large'), randomBytes(400 * 1024))
  rmSync(capturing.folder.at('chunks'), { recursive: true })
  await expect(capturing.capture()).rejects.toMatchObject({ code: 'cache.failed' })
})
