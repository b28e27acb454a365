import { describe, expect, test } from 'vitest'
import { type PlannedEntry, PointTree } from '../../test/support/point-tree.ts'
import type { DirectorySection } from '../format/tree.ts'

function directoryOf(names: readonly string[]) {
  const point = new PointTree()
  const children = names.map((name): PlannedEntry => ({ name, type: 'file', content: [Buffer.from(name)] }))
  const { directory } = point.entry({ name: 'd', type: 'directory', children })
  return { point, section: directory as DirectorySection }
}
const names = Array.from({ length: 3000 }, (_, index) => `entry ${String(index * 2).padStart(5, '0')}`)

describe('a directory of several levels of pages', () => {
  const { point, section } = directoryOf(names)

  test('is read in the order of its names', async () => {
    expect(section.list?.level).toBeGreaterThan(0)
    const read: string[] = []
    for await (const { entry, encoded } of point.tree.entries(section.list)) {
      read.push(Buffer.from(entry.name).toString())
      expect(encoded.length).toBeGreaterThan(20)
    }
    expect(read).toEqual(names)
  })

  test('finds each name by one page a level, and no other', async () => {
    let pages = 0
    point.onRead = () => pages++
    for (const name of [names[0], names[1], names[1499], names.at(-1)] as string[]) {
      pages = 0
      const found = await point.tree.find(section.list, Buffer.from(name))
      expect(Buffer.from(found?.entry.name ?? []).toString()).toBe(name)
      expect(pages).toBe((section.list?.level ?? 0) + 1)
    }
    for (const name of ['', 'a', 'entry 00001', 'entry 99999', 'z']) {
      expect(await point.tree.find(section.list, Buffer.from(name))).toBeUndefined()
    }
  })

  test('loads no page more than was looked at', async () => {
    let pages = 0
    point.onRead = () => pages++
    pages = 0
    for await (const _ of point.tree.entries(section.list)) break
    expect(pages).toBeLessThanOrEqual((section.list?.level ?? 0) + 1)
  })

  test('names all its pages, the topmost first', async () => {
    const list = section.list
    if (list === undefined) throw new Error('no list')
    const ids: string[] = []
    for await (const id of point.tree.pageIds(list)) ids.push(Buffer.from(id).toString('hex'))
    expect(ids[0]).toBe(Buffer.from(list.id).toString('hex'))
    expect(new Set(ids).size).toBe(ids.length)
    const pages = [...point.blocks.keys()].filter((id) => !point.fileBlocks.includes(id))
    expect(ids.toSorted()).toEqual(pages.toSorted())
  })
})

test('an empty directory has no entries', async () => {
  const { point, section } = directoryOf([])
  expect(section.list).toBeUndefined()
  for await (const _ of point.tree.entries(section.list)) throw new Error('an entry')
  expect(await point.tree.find(section.list, Buffer.from('x'))).toBeUndefined()
})

test('a lost page is an error, not a shorter directory', async () => {
  const { point, section } = directoryOf(names)
  const pages = [...point.blocks.keys()].filter((id) => !point.fileBlocks.includes(id))
  point.blocks.delete(pages[3] as string)
  const read = async () => {
    for await (const _ of point.tree.entries(section.list)) continue
  }
  await expect(read()).rejects.toMatchObject({ code: 'vault.damaged' })
})

test('a page of another level than its link says is refused', async () => {
  const { point, section } = directoryOf(names)
  const list = section.list
  if (list === undefined) throw new Error('no list')
  await expect(point.tree.entries({ ...list, level: 0 }).next()).rejects.toMatchObject({ code: 'format.invalid' })
  await expect(point.tree.find({ ...list, level: list.level + 1 }, Buffer.from('x'))).rejects.toMatchObject({
    code: 'format.invalid',
  })
})
