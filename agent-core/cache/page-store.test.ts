import { expect, test } from 'vitest'
import { type PlannedEntry, PointTree } from '../../test/support/point-tree.ts'
import { testCapturedPoint, testIdOf, testKeyspace } from '../../test/support/test-keys.ts'
import { fromHex } from '../base/bytes.ts'
import { openBase } from './base-db.ts'
import { PageStore } from './page-store.ts'
import { TreeReader } from './tree-reader.ts'

const unexpected = () => Promise.reject(new Error('nothing is to be fetched'))
const pageOf = (text: string) => [testIdOf(Buffer.from(text)), Buffer.from(text)] as const

test('a page is there at once, and in the base after the flush', async () => {
  using base = openBase(':memory:')
  const store = new PageStore(base)
  const [id, page] = pageOf('a page')
  store.keep(id, page)
  expect(base.treePage(id)).toBeUndefined()
  expect(await store.read(id, unexpected)).toEqual(page)
  store.flush()
  expect(base.treePage(id)).toEqual(page)
  expect(await store.read(id, unexpected)).toEqual(page)
})

test('pages are written by themselves when they are many', () => {
  using base = openBase(':memory:')
  const store = new PageStore(base)
  for (let number = 0; number < 5; number++) {
    const page = Buffer.alloc(1024 * 1024, number)
    store.keep(testIdOf(page), page)
  }
  expect(base.treePageCounts().held).toBe(4)
})

test('a page that is not here is fetched once', async () => {
  using base = openBase(':memory:')
  const store = new PageStore(base)
  const [id, page] = pageOf('of the vault')
  let fetches = 0
  const fetch = () => {
    fetches++
    return Promise.resolve(page)
  }
  expect(await store.read(id, fetch)).toEqual(page)
  expect(await store.read(id, fetch)).toEqual(page)
  store.flush()
  expect(await store.read(id, fetch)).toEqual(page)
  expect(fetches).toBe(1)
})

test('pages that no latest state needs are dropped, all others stay', async () => {
  using base = openBase(':memory:')
  const store = new PageStore(base)
  const point = new PointTree()
  const children = Array.from(
    { length: 300 },
    (_, index): PlannedEntry => ({ name: `entry ${index}`, type: 'file', content: [] }),
  )
  const long = Array.from({ length: 100 }, (_, index) => Buffer.from(`part ${index}`))
  const file: PlannedEntry = { name: 'long list of parts', type: 'file', content: long }
  const folder: PlannedEntry = { name: 'folder', type: 'directory', children: [...children, file] }
  const root = point.root({ '/src': { name: 'src', type: 'directory', children: [folder] } })
  const needed = [...point.blocks].filter(([id]) => !point.fileBlocks.includes(id))
  for (const [id, page] of needed) store.keep(fromHex(id), page)
  const newest = testCapturedPoint(1, { root })
  base.capture({ keyspace: testKeyspace, point: newest, chunkFiles: [], vaults: [], lastFileId: undefined })
  const tree = new TreeReader((id) => store.read(id, unexpected))

  for (let number = 0; number < 500; number++) store.keep(...pageOf(`dead ${number}`))
  await store.dropUnused(tree)
  expect(base.treePageCounts().held).toBe(needed.length + 500)
  for (let number = 500; number < 1200; number++) store.keep(...pageOf(`dead ${number}`))
  await store.dropUnused(tree)
  expect(base.treePageCounts()).toEqual({ held: needed.length, lastLive: needed.length })
  for (const [id] of needed) expect(base.treePage(fromHex(id))).toBeDefined()
})
