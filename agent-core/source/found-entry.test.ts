import { type BigIntStats, lstatSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { TestFolder } from '../../test/support/test-home.ts'
import { makeNode, setTimes } from '../platform/posix.ts'
import { foundEntry } from './found-entry.ts'

const look = (path: string) => foundEntry(lstatSync(path, { bigint: true }))

test('tells files, directories, links and pipes apart', () => {
  using folder = new TestFolder()
  writeFileSync(folder.at('file'), 'four', { mode: 0o600 })
  mkdirSync(folder.at('directory'))
  symlinkSync('file', folder.at('link'))
  makeNode(folder.at('pipe'), 0o010644)
  expect(look(folder.at('file'))).toMatchObject({ type: 'file', sizeBytes: 4, mode: 0o600, linkCount: 1 })
  expect(look(folder.at('directory')).type).toBe('directory')
  expect(look(folder.at('link')).type).toBe('symlink')
  expect(look(folder.at('pipe')).type).toBe('fifo')
})

test('times before 1970 have nanoseconds that count upwards', () => {
  using folder = new TestFolder()
  writeFileSync(folder.at('file'), '')
  const stats = lstatSync(folder.at('file'), { bigint: true })
  const at = (mtimeNs: bigint) => foundEntry(Object.assign(Object.create(stats) as BigIntStats, { mtimeNs })).mtime
  expect(at(-1n)).toEqual({ sec: -1, ns: 999_999_999 })
  expect(at(-1_000_000_000n)).toEqual({ sec: -1, ns: 0 })
  expect(at(-1_500_000_000n)).toEqual({ sec: -2, ns: 500_000_000 })
  expect(at(1_700_000_000_123_456_789n)).toEqual({ sec: 1_700_000_000, ns: 123_456_789 })
  setTimes(folder.at('file'), { sec: 1, ns: 0 }, { sec: -10, ns: 0 })
  expect(look(folder.at('file')).mtime).toEqual({ sec: -10, ns: 0 })
})

test('a birth time of zero is none, and an unknown type is refused', () => {
  using folder = new TestFolder()
  writeFileSync(folder.at('file'), '')
  const stats = lstatSync(folder.at('file'), { bigint: true })
  expect(foundEntry(Object.assign(Object.create(stats) as BigIntStats, { birthtimeNs: 0n })).birth).toBeUndefined()
  const strange = Object.assign(Object.create(stats) as BigIntStats, { mode: 0o170644n })
  expect(() => foundEntry(strange)).toThrow('unknown file type')
})
