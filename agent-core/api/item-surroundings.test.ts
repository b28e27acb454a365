import { expect, test } from 'vitest'
import type { ItemId } from '../contract/ids.ts'
import type { Item } from '../state/state-db.ts'
import { ItemSurroundings } from './item-surroundings.ts'

function itemOf(name: string, ...folders: readonly string[]): Item {
  return {
    name,
    id: name as ItemId,
    vaults: ['v'],
    folders: folders.map((folder) => Buffer.from(folder)),
    excludes: [],
    defaultExcludes: true,
    crossMounts: false,
    compression: 'lz4',
    policy: 'standard',
  }
}

test('a folder that other items protect too is told with them', () => {
  const items = [itemOf('home', '/home'), itemOf('letters', '/home/me/letters'), itemOf('etc', '/etc')]
  const around = new ItemSurroundings(items, [])
  expect(items.map((item) => around.remarksOn(item))).toEqual([
    ['Protected by other items too: /home/me/letters (item "letters"). What is equal is stored once.'],
    ['Protected by other items too: /home/me/letters (item "home"). What is equal is stored once.'],
    [],
  ])
})

test('of many it names a few, so that what is told stays short however many there are', () => {
  const users = Array.from({ length: 500 }, (_, at) => itemOf(`user-${at}`, `/home/user-${at}`))
  const same = Array.from({ length: 500 }, (_, at) => itemOf(`copy-${at}`, '/srv'))
  const home = itemOf('home', '/home')
  const around = new ItemSurroundings([home, ...users, ...same], [])
  expect(around.remarksOn(home)).toEqual([
    'Protected by other items too: /home/user-0 (item "user-0"), /home/user-1 (item "user-1"), ' +
      '/home/user-2 (item "user-2") and 497 more. What is equal is stored once.',
  ])
  expect(around.remarksOn(same[7] as Item)).toEqual([
    'Protected by other items too: /srv (item "copy-0", item "copy-1", item "copy-2" and 496 more). ' +
      'What is equal is stored once.',
  ])
})
