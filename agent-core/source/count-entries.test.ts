import { mkdirSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { TestFolder } from '../../test/support/test-home.ts'
import { countEntries } from './count-entries.ts'

test('counts all depths, and gives up above the limit', () => {
  using folder = new TestFolder()
  mkdirSync(folder.at('a', 'b'), { recursive: true })
  writeFileSync(folder.at('a', 'b', 'file'), '')
  const folders = [Buffer.from(folder.path), Buffer.from(folder.at('absent'))]
  expect([countEntries(folders, 3), countEntries(folders, 2)]).toEqual([3, undefined])
})
