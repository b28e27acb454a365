import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DirtySet } from './known-changes.ts'

const bytes = (path: string) => Buffer.from(path, 'latin1')

test('a dirty folder is not clean, and its ancestors know of it', () => {
  const dirty = new DirtySet(10)
  expect(dirty.addFolder(bytes('/a/b/c'))).toBe('new')
  expect(dirty.addFolder(bytes('/a/b/c'))).toBe('known')
  const answers = ['/', '/a', '/a/b', '/a/b/c', '/a/b/c/d', '/a/bc', '/x'].map((path) => [
    dirty.isClean(bytes(path)),
    dirty.hasDirtyBelow(bytes(path)),
  ])
  expect(answers).toEqual([
    [true, true],
    [true, true],
    [true, true],
    [false, false],
    [true, false],
    [true, false],
    [true, false],
  ])
})

test('in a dirty tree nothing is clean', () => {
  const dirty = new DirtySet(10)
  dirty.addTree(bytes('/a/b'))
  expect(dirty.isClean(bytes('/a'))).toBe(true)
  expect(dirty.hasDirtyBelow(bytes('/a'))).toBe(true)
  for (const path of ['/a/b', '/a/b/c', '/a/b/c/d']) {
    expect([dirty.isClean(bytes(path)), dirty.hasDirtyBelow(bytes(path))]).toEqual([false, true])
  }
  expect(dirty.isClean(bytes('/a/bc'))).toBe(true)
})

test('what goes over the budget is not taken, and said so', () => {
  const dirty = new DirtySet(2)
  dirty.addFolder(bytes('/a'))
  dirty.addTree(bytes('/b'))
  expect([dirty.addFolder(bytes('/c')), dirty.addFolder(bytes('/a')), dirty.size]).toEqual(['full', 'known', 2])
  const other = new DirtySet(1)
  expect(other.addAll(dirty)).toBe(false)
})

test('it answers as a plain search through all its paths would', () => {
  const path = fc.array(fc.constantFrom('a', 'b', '\xff'), { maxLength: 5 }).map((names) => `/${names.join('/')}`)
  const isBelow = (inner: string, outer: string) =>
    inner.startsWith(outer === '/' ? outer : `${outer}/`) && inner !== outer
  fc.assert(
    fc.property(fc.array(path), fc.array(path), path, (folders, trees, asked) => {
      const dirty = new DirtySet(100)
      for (const each of folders) dirty.addFolder(bytes(each))
      for (const each of trees) dirty.addTree(bytes(each))
      const isInTree = trees.some((tree) => tree === asked || isBelow(asked, tree))
      const hasBelow = [...folders, ...trees].some((each) => isBelow(each, asked))
      expect(dirty.isClean(bytes(asked))).toBe(!folders.includes(asked) && !isInTree)
      expect(dirty.hasDirtyBelow(bytes(asked))).toBe(hasBelow || isInTree)
      expect(new Set([...dirty.entries()].map((entry) => entry.path.toString('latin1')))).toEqual(
        new Set([...folders, ...trees]),
      )
    }),
  )
})
