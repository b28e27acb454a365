import { expect, test } from 'vitest'
import type { PointId } from '../contract/ids.ts'
import { pointsNamed } from './points-named.ts'

const point = (beginning: string, sequence: number) => ({ id: beginning.padEnd(32, 'e') as PointId, sequence })
const points = [point('c0ffee00', 1), point('20aa', 2), point('12345678', 3), point('3b', 12), point('dead', 12)]

/** Beginnings of the ids that are named. */
const found = (wanted: string) => pointsNamed(points, wanted).matches.map(({ id }) => id.slice(0, 4))

test.each<[string, readonly string[]]>([
  ['c', ['c0ff']],
  ['C0FFEE00', ['c0ff']],
  ['c0ffee00'.padEnd(32, 'e'), ['c0ff']],
  // The number and the beginning of the id of one point.
  ['2', ['20aa']],
  ['no1', ['c0ff']],
  ['NO3', ['1234']],
  // One point's number, and the beginning of another's id.
  ['1', ['c0ff', '1234']],
  ['3', ['1234', '3bee']],
  // Two points have this number.
  ['no12', ['3bee', 'dead']],
  ['12', ['1234', '3bee', 'dead']],
  // As many digits as lists show of an id are an id.
  ['12345678', ['1234']],
  ['00000001', []],
  ['no4', []],
  ['no', []],
  ['no01', []],
  ['0', []],
  ['nobody', []],
  ['', []],
])('"%s"', (wanted, ids) => {
  expect(found(wanted)).toEqual(ids)
})

test('where digits mean several points, the word for the number is known, if it names one', () => {
  expect(pointsNamed(points, '1').numberWord).toBe('no1')
  expect(pointsNamed(points, '12').numberWord).toBeUndefined()
  expect(pointsNamed(points, 'no12').numberWord).toBeUndefined()
  expect(pointsNamed(points, '2').numberWord).toBeUndefined()
})
