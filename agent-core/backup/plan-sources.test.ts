import { expect, test } from 'vitest'
import { PointTree } from '../../test/support/point-tree.ts'
import type { Entry } from '../format/tree.ts'
import type { FoundEntry } from '../source/found-entry.ts'
import { checkNotEmptied, type FolderState, planSources } from './plan-sources.ts'

const entry = { type: 'directory' } as FoundEntry
const folder = (path: string, change: Partial<NonNullable<FolderState['found']>> = {}): FolderState => ({
  path: Buffer.from(path),
  found: { entry, fileSystem: 'ext4:1', isEmpty: false, ...change },
})
const absent = (path: string): FolderState => ({ path: Buffer.from(path), found: undefined })

/** The root entry of a folder in the last point. */
function before(path: string, entriesBelow: number, fileSystem = 'ext4:1'): Entry {
  const built = new PointTree().entry({ name: 'x', type: 'directory' })
  return { ...built, directory: { entriesBelow, bytesBelow: 0 }, origin: { path: Buffer.from(path), fileSystem } }
}
const code = (expected: string) => expect.objectContaining({ code: expected }) as unknown

test('every folder is labelled by its own name, made unique', () => {
  const states = ['/a/docs', '/b/docs', '/b/docs/docs/', '/'].map((path) => folder(path))
  const { folders, absent: none } = planSources(states, [], false)
  expect(folders.map(({ label }) => Buffer.from(label).toString())).toEqual(['docs', 'docs (2)', 'docs (3)', 'root'])
  expect(none).toEqual([])
})

test('a folder finds its own entry of the last point by its path', () => {
  const previous = [before('/a', 1), before('/b', 2)]
  const { folders } = planSources([folder('/b'), folder('/c'), folder('/a')], previous, false)
  expect(folders.map((each) => each.previous?.directory?.entriesBelow)).toEqual([2, undefined, 1])
})

test('an absent folder is refused, or left out when that is accepted', () => {
  expect(() => planSources([folder('/a'), absent('/b')], [], false)).toThrow(code('source.missing'))
  const plan = planSources([folder('/a'), absent('/b')], [before('/b', 5)], true)
  expect(plan.folders).toHaveLength(1)
  expect(plan.absent.map(String)).toEqual(['/b'])
})

test('another file system in its place is refused unless accepted', () => {
  const previous = [before('/a', 5, 'ext4:0')]
  expect(() => planSources([folder('/a')], previous, false)).toThrow(code('source.replaced'))
  expect(planSources([folder('/a')], previous, true).folders).toHaveLength(1)
})

test('an emptied folder is refused unless accepted; one that was empty is not', () => {
  const empty = folder('/a', { isEmpty: true })
  expect(() => planSources([empty], [before('/a', 1)], false)).toThrow(code('source.emptied'))
  expect(planSources([empty], [before('/a', 1)], true).folders).toHaveLength(1)
  expect(planSources([empty], [before('/a', 0)], false).folders).toHaveLength(1)
  expect(planSources([empty], [], false).folders).toHaveLength(1)
})

test('folders that have lost more than half of their entries are refused after the walk', () => {
  const { folders } = planSources([folder('/a'), folder('/b')], [], false)
  expect(() => checkNotEmptied(folders, { before: 10, now: 4 })).toThrow(code('source.emptied'))
  expect(checkNotEmptied(folders, { before: 10, now: 5 })).toBeUndefined()
  expect(checkNotEmptied(folders, { before: 0, now: 0 })).toBeUndefined()
})
