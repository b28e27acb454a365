import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { TestFolder } from '../../test/support/test-home.ts'
import { listDirectory } from '../source/list-directory.ts'
import { lookAtFolders, sourceRules } from './look-at-folders.ts'

const item = { excludes: ['*.tmp'], defaultExcludes: true }

test('tells folders with content, empty ones and absent ones apart', () => {
  using folder = new TestFolder()
  mkdirSync(folder.at('full', 'inner'), { recursive: true })
  mkdirSync(folder.at('empty'))
  writeFileSync(folder.at('file'), '')
  symlinkSync('full', folder.at('link'))
  const paths = ['full', 'empty', 'absent', 'file', 'link'].map((name) => Buffer.from(folder.at(name)))
  const states = lookAtFolders([...paths, Buffer.from(folder.at('file', 'below'))])
  expect(states.map(({ found }) => found?.isEmpty)).toEqual([false, true, undefined, undefined, undefined, undefined])
  expect(states[0]?.found?.fileSystem).toBe(states[1]?.found?.fileSystem)
  expect(states[0]?.found?.fileSystem).not.toBe('')
})

test('barriers are kept as folders but not entered; excluded entries stay out', () => {
  const rules = sourceRules(item, [Buffer.from('/src/vault')])
  expect(rules.judge(Buffer.from('/src/vault'), 'vault', true)).toBe('folder-only')
  expect(rules.judge(Buffer.from('/src/vault 2'), 'vault 2', true)).toBe('in')
  expect(rules.judge(Buffer.from('/src/a.tmp'), 'a.tmp', false)).toBe('out')
  expect(rules.judge(Buffer.from('/src/a.txt'), 'a.txt', false)).toBe('in')
})

test('a folder tagged as a cache is kept without its content, unless the defaults are off', () => {
  using folder = new TestFolder()
  mkdirSync(folder.at('cache'))
  writeFileSync(folder.at('cache', 'CACHEDIR.TAG'), 'Signature: 8a477f597d28d172789f06886806bc55\n')
  mkdirSync(folder.at('false cache'))
  writeFileSync(folder.at('false cache', 'CACHEDIR.TAG'), 'something else')
  const judge = (name: string, defaultExcludes: boolean) => {
    const path = Buffer.from(folder.at(name))
    const listed = { path, openPath: path, relative: name, names: listDirectory(path), isNoDump: undefined }
    return sourceRules({ excludes: [], defaultExcludes }, []).judgeContent(listed)
  }
  expect(judge('cache', true)).toBe('folder-only')
  expect(judge('cache', false)).toBe('in')
  expect(judge('false cache', true)).toBe('in')
})
