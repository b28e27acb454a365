import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { TestFolder } from '../../test/support/test-home.ts'
import { joinPath, listDirectory, lookAt } from './list-directory.ts'

test('paths are joined by one slash, byte for byte', () => {
  const join = (path: string, name: Buffer) => joinPath(Buffer.from(path), name).toString('latin1')
  expect(join('/a', Buffer.from('b'))).toBe('/a/b')
  expect(join('/', Buffer.from('b'))).toBe('/b')
  expect(join('', Buffer.from('b'))).toBe('/b')
  expect(join('/a', Buffer.of(0xff, 0x0a))).toBe('/a/\u00ff\n')
})

test('names come in the order of their bytes, whatever they are', () => {
  using folder = new TestFolder()
  const names = [
    Buffer.of(0xff),
    Buffer.from('é'),
    Buffer.from('b'),
    Buffer.from('B'),
    Buffer.from('a b'),
    Buffer.of(1),
  ]
  for (const name of names) writeFileSync(joinPath(Buffer.from(folder.path), name), '')
  const expected = names.toSorted((a, b) => Buffer.compare(a, b)).map((name) => name.toString('latin1'))
  expect(listDirectory(Buffer.from(folder.path))).toEqual(expected)
})

test('a look does not follow links, and finds nothing where nothing is', () => {
  using folder = new TestFolder()
  mkdirSync(folder.at('directory'))
  symlinkSync('directory', folder.at('link'))
  expect(lookAt(Buffer.from(folder.at('link')))?.type).toBe('symlink')
  expect(lookAt(Buffer.from(folder.at('absent')))).toBeUndefined()
  expect(lookAt(Buffer.from(folder.at('absent', 'too')))).toBeUndefined()
  expect(() => listDirectory(Buffer.from(folder.at('absent')))).toThrow(expect.objectContaining({ code: 'ENOENT' }))
})
