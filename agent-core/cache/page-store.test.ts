import { expect, test, vi } from 'vitest'
import { type PlannedEntry, PointTree } from '../../test/support/point-tree.ts'
import { testCapturedPoint, testIdOf, testKeys, testKeyspace } from '../../test/support/test-keys.ts'
import { fromHex } from '../base/bytes.ts'
import { openBase } from './base-db.ts'
import { PageStore } from './page-store.ts'

const unexpected = () => Promise.reject(new Error('nothing is to be fetched'))
const pageOf = (text: string) => [testIdOf(Buffer.from(text)), Buffer.from(text)] as const

test('a page is there at once, and in the base after the flush', async () => {
  using base = openBase(':memory:')
  const store = new PageStore(base, testKeys.id)
  const [id, page] = pageOf('a page')
  store.keep(id, page)
  expect(base.pages.page(id)).toBeUndefined()
  expect(await store.read(id, unexpected)).toEqual(page)
  store.flush()
  expect(base.pages.page(id)).toEqual(page)
  expect(await store.read(id, unexpected)).toEqual(page)
})

test('pages are written by themselves when they are many', () => {
  using base = openBase(':memory:')
  const store = new PageStore(base, testKeys.id)
  for (let number = 0; number < 5; number++) {
    const page = Buffer.alloc(1024 * 1024, number)
    store.keep(testIdOf(page), page)
  }
  expect(base.pages.counts().held).toBe(4)
})

test('pages that lie together are read together, however many are read', async () => {
  using base = openBase(':memory:')
  const pages = Array.from({ length: 2000 }, (_, number) => pageOf(`${number} ${'x'.repeat(2000)}`))
  base.pages.put(pages)
  const reads = vi.spyOn(base.pages, 'runWith')
  const store = new PageStore(base, testKeys.id)
  for (const [id, page] of pages) expect(await store.read(id, unexpected)).toEqual(page)
  expect(reads.mock.calls.length).toBeLessThan(70)
  for (const [id, page] of pages.toReversed()) expect(await store.read(id, unexpected)).toEqual(page)
  expect(reads.mock.calls.length).toBeLessThan(180)
})

test('a page that is not here is fetched once', async () => {
  using base = openBase(':memory:')
  const store = new PageStore(base, testKeys.id)
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

test('a page that has rotted in the base is fetched and put right', async () => {
  using base = openBase(':memory:')
  const store = new PageStore(base, testKeys.id)
  const [id, page] = pageOf('of the vault')
  base.pages.put([[id, Buffer.from('of the vaulT')]])
  expect(Buffer.from(await store.read(id, async () => page))).toEqual(Buffer.from(page))
  store.flush()
  expect(Buffer.from(await store.read(id, unexpected))).toEqual(Buffer.from(page))
  expect(base.pages.page(id)).toEqual(Buffer.from(page))
})

test('pages that no latest state needs are dropped, all others stay', async () => {
  using base = openBase(':memory:')
  const store = new PageStore(base, testKeys.id)
  const point = new PointTree()
  const children = Array.from(
    { length: 300 },
    (_, index): PlannedEntry => ({ name: `entry ${index}`, type: 'file', content: [] }),
  )
  const long = Array.from({ length: 100 }, (_, index) => Buffer.alloc(8192, index))
  const file: PlannedEntry = { name: 'long list of parts', type: 'file', content: long }
  const folder: PlannedEntry = { name: 'folder', type: 'directory', children: [...children, file] }
  const root = point.root({ '/src': { name: 'src', type: 'directory', children: [folder] } })
  const needed = [...point.blocks].filter(([id]) => !point.fileBlocks.includes(id))
  for (const [id, page] of needed) store.keep(fromHex(id), page)
  const newest = testCapturedPoint(1, { root })
  base.capture({ keyspace: testKeyspace, point: newest, chunkFiles: [], vaults: [], lastFileId: undefined })

  for (let number = 0; number < 500; number++) store.keep(...pageOf(`dead ${number}`))
  await store.dropUnused()
  expect(base.pages.counts().held).toBe(needed.length + 500)
  for (let number = 500; number < 1200; number++) store.keep(...pageOf(`dead ${number}`))
  await store.dropUnused()
  expect(base.pages.counts()).toEqual({ held: needed.length, lastLive: needed.length })
  for (const [id] of needed) expect(base.pages.page(fromHex(id))).toBeDefined()
})

test('the pages of an item that is new are not looked through; what is dead later is dropped among them', async () => {
  using base = openBase(':memory:')
  const point = new PointTree()
  const children = Array.from({ length: 2000 }, (_, index): PlannedEntry => {
    return {
      name: `folder ${index}`,
      type: 'directory',
      children: [{ name: `file ${index}`, type: 'file', content: [] }],
    }
  })
  const root = point.root({ '/src': { name: 'src', type: 'directory', children } })
  const first = new PageStore(base, testKeys.id)
  for (const [id, page] of point.blocks) first.keep(fromHex(id), page)
  const newest = testCapturedPoint(1, { root })
  base.capture({ keyspace: testKeyspace, point: newest, chunkFiles: [], vaults: [], lastFileId: undefined })
  first.countAsLive(0)
  const live = point.blocks.size
  expect(live).toBeGreaterThan(2000)
  const unread = vi.spyOn(base.pages, 'page')
  await first.dropUnused()
  expect(unread).not.toHaveBeenCalled()
  expect(base.pages.counts()).toEqual({ held: live, lastLive: live })

  const later = new PageStore(base, testKeys.id)
  for (let number = 0; number < live + 1024; number++) later.keep(...pageOf(`dead ${number}`))
  await later.dropUnused()
  expect(base.pages.counts()).toEqual({ held: live, lastLive: live })
})

test('while a page of a latest state is not here, nothing is dropped', async () => {
  using base = openBase(':memory:')
  const store = new PageStore(base, testKeys.id)
  const point = new PointTree()
  const inner: PlannedEntry = {
    name: 'inner',
    type: 'directory',
    children: [{ name: 'file', type: 'file', content: [] }],
  }
  const root = point.root({ '/src': { name: 'src', type: 'directory', children: [inner] } })
  if (root === undefined) throw new Error('a root was planned')
  const rootId = Buffer.from(root.id)
  for (const [id, page] of point.blocks) if (!rootId.equals(fromHex(id))) store.keep(fromHex(id), page)
  const newest = testCapturedPoint(1, { root })
  base.capture({ keyspace: testKeyspace, point: newest, chunkFiles: [], vaults: [], lastFileId: undefined })
  for (let number = 0; number < 1200; number++) store.keep(...pageOf(`dead ${number}`))
  expect(await store.dropUnused()).toBeUndefined()
  expect(base.pages.counts()).toEqual({ held: point.blocks.size - 1 + 1200, lastLive: 0 })
})

test('what keeps it from cleaning is told, not thrown', async () => {
  using base = openBase(':memory:')
  const store = new PageStore(base, testKeys.id)
  const broken = { ...testCapturedPoint(1), manifest: Buffer.from('no manifest') }
  base.capture({ keyspace: testKeyspace, point: broken, chunkFiles: [], vaults: [], lastFileId: undefined })
  for (let number = 0; number < 1200; number++) store.keep(...pageOf(`dead ${number}`))
  expect(await store.dropUnused()).toMatchObject({ code: 'format.invalid' })
  expect(base.pages.counts().held).toBe(1200)
})
