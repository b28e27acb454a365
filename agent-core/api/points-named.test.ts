import { expect, test } from 'vitest'
import type { PointId } from '../contract/ids.ts'
import { pointsNamed } from './points-named.ts'

const point = (beginning: string, sequence: number) => ({ id: beginning.padEnd(32, 'e') as PointId, sequence })
const points = [point('c0ffee00', 1), point('20aa', 2), point('12345678', 3), point('3b', 12), point('dead', 12)]

/** Beginnings of the ids that are named. */
const found = (wanted: string) => pointsNamed(points, wanted).map(({ id }) => id.slice(0, 4))

test.each<[string, readonly string[]]>([
  ['c', ['c0ff']],
  ['C0FFEE00', ['c0ff']],
  ['c0ffee00'.padEnd(32, 'e'), ['c0ff']],
  ['2', ['20aa']],
  // Not the point whose id begins so.
  ['1', ['c0ff']],
  ['3', ['1234']],
  ['20', []],
  // Two points have this number.
  ['12', ['3bee', 'dead']],
  // As many digits as lists show of an id are an id.
  ['12345678', ['1234']],
  ['00000001', []],
  ['01', []],
  ['0', []],
  ['4', []],
  ['nobody', []],
  ['', []],
])('"%s"', (wanted, ids) => {
  expect(found(wanted)).toEqual(ids)
})
