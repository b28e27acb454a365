import { readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { TestFolder } from '../../test/support/test-home.ts'
import type { ItemId, PointId } from '../contract/ids.ts'
import { JournalFile, type JournalHeader } from './journal-file.ts'
import { DirtySet } from './known-changes.ts'

const header: JournalHeader = {
  item: 'a'.repeat(32) as ItemId,
  kind: 'folders',
  settings: 'settings',
  point: 'b'.repeat(32) as PointId,
  lastFullScanMs: 123,
  isDistrusted: true,
}
const raw = Buffer.from('/raw/\xff\n', 'latin1')

async function written(path: string): Promise<JournalFile> {
  const file = new JournalFile(path)
  const dirty = new DirtySet(10)
  dirty.addFolder(Buffer.from('/a'))
  file.begin(header, dirty)
  file.add(raw, true)
  await Promise.resolve()
  return file
}

test('none is absent', () => {
  using folder = new TestFolder()
  expect(new JournalFile(folder.at('j')).read()).toEqual({ state: 'absent', header: undefined, dirty: [] })
})

test('an open one is broken for the next agent, a closed one is whole', async () => {
  using folder = new TestFolder()
  const file = await written(folder.at('j'))
  const expected = { header: expect.objectContaining(header) as unknown, dirty: [Buffer.from('/a'), raw] }
  expect(new JournalFile(folder.at('j')).read()).toEqual({ state: 'broken', ...expected })
  file.close()
  expect(new JournalFile(folder.at('j')).read()).toEqual({ state: 'closed', ...expected })
})

test('cut anywhere, or with any byte changed, it is never taken for whole', async () => {
  using folder = new TestFolder()
  ;(await written(folder.at('j'))).close()
  const whole = readFileSync(folder.at('j'))
  for (let at = 0; at < whole.length; at++) {
    writeFileSync(folder.at('cut'), whole.subarray(0, at))
    expect(new JournalFile(folder.at('cut')).read().state, `cut at ${at}`).toBe('broken')
    const changed = Buffer.from(whole)
    changed[at] = (changed[at] ?? 0) ^ 1
    writeFileSync(folder.at('changed'), changed)
    expect(new JournalFile(folder.at('changed')).read().state, `byte ${at} changed`).toBe('broken')
  }
})
