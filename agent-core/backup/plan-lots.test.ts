import { mkdirSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { Capturing } from '../../test/support/capturing.ts'
import type { Subtree } from './compare-tree.ts'
import { planLots } from './plan-lots.ts'
import { compareInWalk } from './walk-order.ts'

async function lotsOf(capturing: Capturing, entriesPerLot: number): Promise<Subtree[][]> {
  const { entry } = await capturing.capture()
  const section = entry.directory ?? { entriesBelow: 0, bytesBelow: 0 }
  const lots: Subtree[][] = []
  const folder = { path: capturing.source, relative: '', section }
  for await (const lot of planLots(capturing.tree, folder, entriesPerLot)) lots.push(lot)
  return lots
}

function makeFolders(capturing: Capturing, folders: Readonly<Record<string, number>>): void {
  for (const [folder, files] of Object.entries(folders)) {
    mkdirSync(capturing.at(folder), { recursive: true })
    for (let file = 0; file < files; file++) writeFileSync(capturing.at(folder, `f${file}`), '')
  }
}

test('small folders share a lot, a larger one is cut into those in it, in the order of the walk', async () => {
  using capturing = new Capturing()
  makeFolders(capturing, { a: 5, b: 3, 'large/c': 9, 'large/d': 2, 'large/e': 9, 'large.x': 4, z: 1 })
  const lots = await lotsOf(capturing, 10)
  const names = lots.map((lot) => lot.map(({ path }) => path.slice(capturing.source.length + 1)))
  expect(names).toEqual([['a', 'b'], ['large/c'], ['large/d', 'large/e'], ['large.x', 'z']])
  const paths = lots.flat().map(({ path }) => path)
  expect(paths).toEqual(paths.toSorted(compareInWalk))
  expect(lots.flat().map(({ relative }) => relative)).toEqual(names.flat())
})

test('where little lies below the first level nothing is worth a lot', async () => {
  using capturing = new Capturing()
  for (let file = 0; file < 50; file++) writeFileSync(capturing.at(`f${file}`), '')
  makeFolders(capturing, { a: 3 })
  expect(await lotsOf(capturing, 10)).toEqual([])
})
