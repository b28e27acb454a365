import { expect, test } from 'vitest'
import type { PointFile } from '../../../agent-core/contract/index.ts'
import { type Basket, chosenOf, toggle } from './basket.ts'
import { PointTree } from './point-tree.ts'
import { actOfKey } from './tree-keys.ts'

const entry = (path: string, type = 'file'): PointFile => ({
  path,
  type,
  size: 1,
  mtime: '2026-11-26T12:00:00Z',
  mode: '0644',
  uid: 0,
  gid: 0,
})

const folders: Readonly<Record<string, readonly PointFile[]>> = {
  '': [entry('z.txt'), entry('a', 'directory'), entry('b', 'directory')],
  a: [entry('a/1'), entry('a/2'), entry('a/deep', 'directory')],
  'a/deep': [entry('a/deep/3')],
}

async function* listFolder(path = ''): AsyncGenerator<PointFile> {
  if (path === 'b') throw new Error('the vault is away')
  yield* folders[path] ?? []
}

const paths = (tree: PointTree) => tree.getState().rows.map(({ file }) => file.path)

test('folders come first, and open below themselves', async () => {
  const tree = new PointTree(listFolder)
  await tree.open()
  expect(paths(tree)).toEqual(['a', 'b', 'z.txt'])
  await tree.open('a')
  await tree.open('a/deep')
  expect(paths(tree)).toEqual(['a', 'a/deep', 'a/deep/3', 'a/1', 'a/2', 'b', 'z.txt'])
  expect(tree.getState().rows[2]).toMatchObject({ level: 3, position: 1, siblings: 1 })
  tree.close('a')
  expect(paths(tree)).toEqual(['a', 'b', 'z.txt'])
  await tree.open('a')
  expect(paths(tree)).toContain('a/deep/3')
})

test('a folder that cannot be listed says why, and is asked for again', async () => {
  const tree = new PointTree(listFolder)
  await tree.open()
  await tree.open('b')
  expect(tree.getState().errors.get('b')?.message).toContain('the vault is away')
  expect(tree.getState().loading.size).toBe(0)
})

test('a folder of 100,000 entries comes in batches', async () => {
  let told = 0
  const tree = new PointTree(async function* () {
    for (let at = 0; at < 100_000; at++) yield entry(`file ${at}`)
  })
  tree.subscribe(() => told++)
  await tree.open()
  expect(tree.getState().rows).toHaveLength(100_000)
  expect(told).toBeLessThan(30)
})

test('a chosen folder stands for what is in it', () => {
  let basket: Basket = new Map()
  basket = toggle(basket, entry('a/1'))
  expect([chosenOf(basket, 'a'), chosenOf(basket, 'a/1'), chosenOf(basket, 'ab')]).toEqual(['partly', 'own', 'no'])
  basket = toggle(basket, entry('a', 'directory'))
  expect([...basket.keys()]).toEqual(['a'])
  expect(chosenOf(basket, 'a/deep/3')).toBe('within')
  expect(toggle(basket, entry('a/1'))).toBe(basket)
  expect(toggle(basket, entry('a', 'directory')).size).toBe(0)
  expect(toggle(new Map(), { ...entry('x'), pathBytes: 'eP8=' }).size).toBe(0)
})

test('keys go through the tree as in every other one', async () => {
  const tree = new PointTree(listFolder)
  await tree.open()
  await tree.open('a')
  const { rows, open } = tree.getState()
  const act = (key: string, at: number) => actOfKey(key, { rows, at, isOpen: (path) => open.has(path), pageRows: 2 })
  expect(act('ArrowDown', 5)).toEqual({ kind: 'go', to: 5 })
  expect(act('ArrowRight', 0)).toEqual({ kind: 'go', to: 1 })
  expect(act('ArrowLeft', 0)).toEqual({ kind: 'close', at: 0 })
  expect(act('ArrowLeft', 2)).toEqual({ kind: 'go', to: 0 })
  expect(act('ArrowRight', 4)).toEqual({ kind: 'open', at: 4 })
  expect(act('PageDown', 1)).toEqual({ kind: 'go', to: 3 })
  expect(act(' ', 2)).toEqual({ kind: 'toggle', at: 2 })
  expect(act('x', 2)).toBeUndefined()
})
