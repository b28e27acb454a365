import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { TestFolder } from '../../test/support/test-home.ts'
import { fileStatus } from '../platform/file-status.ts'
import { makeNode, setTimes } from '../platform/posix.ts'
import { foundEntry } from './found-entry.ts'

const look = (path: string) => foundEntry(fileStatus(path))

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

test('a time before 1970 has nanoseconds that count upwards', () => {
  using folder = new TestFolder()
  writeFileSync(folder.at('file'), '')
  setTimes(folder.at('file'), { sec: 1, ns: 0 }, { sec: -10, ns: 5 })
  expect(look(folder.at('file')).mtime).toEqual({ sec: -10, ns: 5 })
})

test('an unknown type is refused', () => {
  using folder = new TestFolder()
  writeFileSync(folder.at('file'), '')
  expect(() => foundEntry({ ...fileStatus(folder.at('file')), mode: 0o170644 })).toThrow('unknown file type')
})
