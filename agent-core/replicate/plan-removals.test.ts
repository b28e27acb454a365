import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ChunkFileName, HomeId, ItemId, KeyspaceId, PointId } from '../contract/ids.ts'
import type { IndexGone, Intent } from '../format/clean-up.ts'
import { keyspaceLayout } from '../format/vault-layout.ts'
import { closeSuperseded, type Evidence, planAnnouncement, planEnd, planRemovals } from './plan-removals.ts'

const layout = keyspaceLayout('a'.repeat(32) as KeyspaceId)
const item = 'b'.repeat(32) as ItemId
const pointId = (number: number) => number.toString(16).padStart(32, '0') as PointId
const chunkName = (number: number) => number.toString(16).padStart(64, '0') as ChunkFileName
const nothing = { chunks: [], index: [], points: [], confirmations: [], others: [], indexGone: [] }
const empty: Evidence = {
  tombstones: new Map(),
  foldedTombstones: [],
  gone: new Map(),
  supersededSegments: new Set(),
  supersededGone: new Set(),
}
const numbers = fc.uniqueArray(fc.nat(7), { maxLength: 6 })

const intentOf = (more: Partial<Intent>): Intent => ({
  home: 'c'.repeat(32) as HomeId,
  machine: 'm',
  announcedAtMs: 0,
  dueAtMs: 0,
  chunkFiles: [],
  indexSegments: [],
  indexGone: [],
  points: [],
  ...more,
})

describe('planRemovals', () => {
  test('only what the vault names goes; one point that it does not name keeps everything', () => {
    fc.assert(
      fc.property(numbers, numbers, numbers, numbers, (points, buried, chunks, out) => {
        const extra = {
          ...nothing,
          confirmations: points.map((number) => layout.confirmation(item, number, pointId(number))),
          chunks: chunks.map((number) => layout.chunk(chunkName(number))),
        }
        const evidence = {
          ...empty,
          tombstones: new Map(buried.map((number) => [pointId(number), { item, sequence: number }])),
          gone: new Map([['gone', { chunkFiles: out.map(chunkName), supersedes: [] }]]),
        }
        const planned = planRemovals(extra, evidence)
        if (points.some((number) => !buried.includes(number))) expect(planned).toBeUndefined()
        else {
          expect(planned?.points.map(({ sequence }) => sequence)).toEqual(points)
          expect(planned?.chunkFiles).toEqual(chunks.filter((number) => out.includes(number)).map(chunkName))
        }
      }),
    )
  })

  test('a tombstone of another item or number is none', () => {
    const extra = { ...nothing, points: [layout.point(item, 3, pointId(1))] }
    const tombstones = new Map([[pointId(1), { item, sequence: 4 }]])
    expect(planRemovals(extra, { ...empty, tombstones })).toBeUndefined()
  })

  test('small objects go when others repeat them', () => {
    const extra = {
      ...nothing,
      index: [layout.indexSegment(2)],
      indexGone: [layout.indexGoneObject(0), layout.indexGoneObject(5)],
      others: [layout.tombstone(3), layout.tombstone(9), layout.key('old')],
    }
    const planned = planRemovals(extra, {
      ...empty,
      supersededSegments: new Set([2]),
      supersededGone: new Set([5]),
      foldedTombstones: [{ first: 0, last: 4 }],
    })
    expect(planned).toMatchObject({ indexSegments: [2], indexGone: [5], tombstones: [3] })
  })

  test('an index segment that nobody repeats is lost in the vault: nothing goes', () => {
    const extra = { ...nothing, chunks: [layout.chunk(chunkName(1))], index: [1, 2].map(layout.indexSegment) }
    const gone = new Map([[layout.indexGoneObject(0), { chunkFiles: [chunkName(1)], supersedes: [] }]])
    expect(planRemovals(extra, { ...empty, gone, supersededSegments: new Set([2]) })).toBeUndefined()
    expect(planRemovals(extra, { ...empty, gone, supersededSegments: new Set([1, 2]) })?.chunkFiles).toHaveLength(1)
  })
})

test('closeSuperseded follows what only the replica holds any more, and stops at what nobody supersedes', () => {
  const extra = new Map([
    [3, { supersedes: [1, 2] }],
    [4, { supersedes: [0] }],
    [6, { supersedes: [3, 6] }],
  ])
  expect([...closeSuperseded([{ supersedes: [6] }, { supersedes: [9] }], extra)].toSorted((a, b) => a - b)).toEqual([
    1, 2, 3, 6, 9,
  ])
})

describe('planAnnouncement', () => {
  const removable = {
    points: [{ item, sequence: 1, point: pointId(1) }],
    chunkFiles: [chunkName(1), chunkName(2)],
    indexSegments: [4],
    indexGone: [],
    tombstones: [],
  }

  test('names what no open intent names, and all points again', () => {
    const open = [intentOf({ points: removable.points, chunkFiles: [chunkName(1)], indexSegments: [4] })]
    expect(planAnnouncement(removable, open)).toEqual({
      points: removable.points,
      chunkFiles: [chunkName(2)],
      indexSegments: [],
      indexGone: [],
    })
  })

  test('is nothing when all is announced', () => {
    expect(planAnnouncement(removable, [intentOf(removable)])).toBeUndefined()
  })
})

describe('planEnd', () => {
  const objects = fc.array(numbers, { maxLength: 4 })

  test('a chunk file goes only when due, gone in the vault, and named by what the replica holds by then', () => {
    fc.assert(
      fc.property(objects, numbers, numbers, numbers, fc.nat(4), (gone, held, mayGo, due, copied) => {
        const named = gone.map((chunkFiles, at): [string, IndexGone] => [
          `g${at}`,
          { chunkFiles: chunkFiles.map(chunkName), supersedes: [] },
        ])
        const removable = {
          points: [],
          chunkFiles: mayGo.map(chunkName),
          indexSegments: [],
          indexGone: [],
          tombstones: [],
        }
        const heldThere = {
          chunkFiles: new Set([...held, ...mayGo].map(chunkName)),
          gone: new Set(named.slice(0, copied).map(([name]) => name)),
        }
        const end = planEnd([intentOf({ chunkFiles: due.map(chunkName) })], removable, heldThere, {
          ...empty,
          gone: new Map(named),
        })
        const going = new Set(end.chunkFiles)
        const told = named.filter(([name]) => heldThere.gone.has(name) || end.goneToCopy.includes(name))
        for (const name of going) {
          expect(due.map(chunkName)).toContain(name)
          expect(mayGo.map(chunkName)).toContain(name)
          expect(told.some(([, object]) => object.chunkFiles.includes(name))).toBe(true)
        }
        for (const [name, object] of named.filter(([copy]) => end.goneToCopy.includes(copy))) {
          expect(heldThere.gone.has(name)).toBe(false)
          for (const file of object.chunkFiles) expect(going.has(file) || !heldThere.chunkFiles.has(file)).toBe(true)
        }
      }),
    )
  })
})
