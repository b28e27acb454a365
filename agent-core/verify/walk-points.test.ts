import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { MadeVault } from '../../test/support/made-vault.ts'
import type { PlannedEntry } from '../../test/support/point-tree.ts'
import { systemClock } from '../base/clock.ts'
import { createTask } from '../base/task.ts'
import { BlockReader } from '../cache/chunk-reader.ts'
import type { CompleteChunkFile } from '../cache/chunk-writer.ts'
import { decodeBlockTable } from '../format/block-table.ts'
import type { ListRef } from '../format/paged-list.ts'
import { checkVault, type VaultCheck } from './check-vault.ts'

let made: MadeVault

beforeEach(async () => {
  made = await MadeVault.make()
})

afterEach(() => made[Symbol.dispose]())

async function check(readDataPercent = 100): Promise<VaultCheck> {
  using task = createTask({ clock: systemClock })
  return await checkVault({ vault: made.vault, readDataPercent, task })
}

/** A directory of many pages, so that its tree fills more than one extent. */
function crowd(count: number, mark = ''): PlannedEntry[] {
  return Array.from({ length: count }, (_, index) => ({
    name: `f${String(index).padStart(6, '0')}${'-'.repeat(60)}${mark}`,
    type: 'file',
    content: [Buffer.from(`content ${index % 50}`)],
  }))
}

test('one damaged page hurts the rest of its directory only, in every point and item that shares it', async () => {
  const children: PlannedEntry[] = [
    { name: 'crowd', type: 'directory', children: crowd(4000) },
    { name: 'other', type: 'directory', children: [{ name: 'x', type: 'file', content: [Buffer.from('x')] }] },
  ]
  await made.addPoint(children)
  await made.addPoint([...children, { name: 'new', type: 'file', content: [Buffer.from('new')] }])
  const tree = made.chunkFiles.find(({ kind }) => kind === 'tree') as CompleteChunkFile
  const { extents } = decodeBlockTable(tree.table)
  expect(extents.length).toBeGreaterThan(2)
  made.store.damage(made.objectOf(tree), (bytes) =>
    bytes.fill(0, (extents[0]?.offset ?? 0) + 24, (extents[0]?.offset ?? 0) + 60),
  )
  const { damaged } = await check(0)
  expect(damaged).toEqual([
    {
      object: made.objectOf(tree),
      offset: 512,
      reason: 'extent 0: an extent fails its authentication',
      points: made.points.map(({ id }) => id).sort(),
      files: ['docs:/src/crowd/…'],
      state: 'open',
    },
  ])
})

test('pages that points share are read once, also when all of them are walked at the same time', async () => {
  const children: PlannedEntry[] = [{ name: 'crowd', type: 'directory', children: crowd(2000) }]
  for (let point = 0; point < 20; point++) {
    await made.addPoint([...children, { name: `new ${point}`, type: 'file', content: [Buffer.from(`${point}`)] }])
  }
  const read = vi.spyOn(BlockReader.prototype, 'read')
  try {
    const { damaged, points } = await check(0)
    expect(damaged).toEqual([])
    expect(points).toHaveLength(20)
    const ids = read.mock.calls.map(([id]) => Buffer.from(id).toString('hex'))
    expect(ids.length).toBeGreaterThan(40)
    expect(ids.length).toBe(new Set(ids).size)
  } finally {
    read.mockRestore()
  }
})

test('a damaged page that points share under two paths hurts both, in every point', async () => {
  const pages = crowd(4000)
  for (let point = 0; point < 20; point++) {
    await made.addPoint([
      { name: point % 2 === 0 ? 'even' : 'odd', type: 'directory', children: pages },
      { name: `new ${point}`, type: 'file', content: [Buffer.from(`${point}`)] },
    ])
  }
  const tree = made.chunkFiles.find(({ kind }) => kind === 'tree') as CompleteChunkFile
  const { extents } = decodeBlockTable(tree.table)
  made.store.damage(made.objectOf(tree), (bytes) =>
    bytes.fill(0, (extents[0]?.offset ?? 0) + 24, (extents[0]?.offset ?? 0) + 60),
  )
  const { damaged } = await check(0)
  expect(damaged).toHaveLength(1)
  expect(damaged[0]?.points).toEqual(made.points.map(({ id }) => id).sort())
  expect(damaged[0]?.files).toEqual(['docs:/src/even/…', 'docs:/src/odd/…'])
})

test('names that are not UTF-8, and the same content under two names', async () => {
  const content = [Buffer.alloc(300_000, 5)]
  await made.addPoint([
    { name: Buffer.from([0x66, 0xff]), type: 'file', content },
    { name: 'plain', type: 'file', content },
  ])
  const data = made.chunkFiles.find(({ kind }) => kind === 'data') as CompleteChunkFile
  await made.store.delete(made.objectOf(data))
  expect((await check(0)).damaged[0]?.files).toEqual(['docs:/src/f\ufffd', 'docs:/src/plain'])
})

test('a block that was sealed under another id is found, though seals and hashes fit', async () => {
  const content = Buffer.from('the right content')
  const id = made.tree.put(content).toString('hex')
  made.tree.blocks.set(id, Buffer.from('the wrong content'))
  const files = await made.writeNew('data', [id])
  await made.writeIndex(files)
  made.tree.blocks.set(id, content)
  await made.addPoint([{ name: 'a', type: 'file', content: [content] }])
  const { damaged } = await check()
  expect(damaged).toMatchObject([{ offset: 512, files: ['docs:/src/a'] }])
  expect(damaged[0]?.reason).toContain('a block has another id')
})

test('trees that open but do not add up', async () => {
  const { tree, vault } = made
  const page = tree.root({ '/src': { name: 'src', type: 'directory', children: [] } })
  const roots: ListRef[] = [
    { ...page, count: 2 },
    { ...page, totalBytes: 1 },
    { ...page, level: 1 },
  ]
  for (const root of roots) {
    await made.addRoot(root)
  }
  const { damaged } = await check(0)
  expect(damaged).toHaveLength(1)
  expect(damaged[0]).toMatchObject({ points: made.points.map(({ id }) => id).sort(), files: ['docs:…'] })
  expect(damaged[0]?.object.startsWith(vault.layout.chunks)).toBe(true)
  expect(damaged[0]?.reason).toBe('a list does not add up to what is said of it; a page of another level')
})

test('a file that names a block of another length, or makes another length', async () => {
  const { tree } = made
  const content = Buffer.from('twelve bytes')
  const normal = tree.entry.bind(tree)
  tree.entry = (planned) => {
    const entry = normal(planned)
    if (planned.name === 'short' && entry.content && !('id' in entry.content.parts)) {
      const parts = entry.content.parts.map((part) => ({ ...part, sizeBytes: 11 }))
      return { ...entry, sizeBytes: 11, content: { ...entry.content, parts } }
    }
    return planned.name === 'sized' ? { ...entry, sizeBytes: 13 } : entry
  }
  await made.addPoint([
    { name: 'good', type: 'file', content: [content] },
    { name: 'short', type: 'file', content: [content] },
    { name: 'sized', type: 'file', content: [content] },
  ])
  const { damaged } = await check()
  const files = damaged.flatMap((damage) => damage.files)
  expect(files).toContain('docs:/src/short')
  expect(files).toContain('docs:/src/sized')
  expect(files).not.toContain('docs:/src/good')
})
