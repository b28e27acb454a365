import { expect, test } from 'vitest'
import { formatRatio, formatSpread, spreadOf } from './statistics.ts'

test('the median is the middle value, or lies half way between the two in the middle', () => {
  expect(spreadOf([5])).toEqual({ median: 5, least: 5, most: 5, count: 1 })
  expect(spreadOf([9, 1, 10])).toEqual({ median: 9, least: 1, most: 10, count: 3 })
  expect(spreadOf([10, 9, 1, 2])).toEqual({ median: 5.5, least: 1, most: 10, count: 4 })
  expect(() => spreadOf([])).toThrow(RangeError)
})

test('values are left in their order', () => {
  const values = [3, 1, 2]
  spreadOf(values)
  expect(values).toEqual([3, 1, 2])
})

test('a spread shows its range only where there is one', () => {
  expect(formatSpread(spreadOf([1.234]), 2)).toBe('1.23')
  expect(formatSpread(spreadOf([1, 2, 4]), 1)).toBe('2.0 (1.0–4.0)')
  expect(formatSpread(spreadOf([1_500_000, 2_500_000]), 1, 1e6)).toBe('2.0 (1.5–2.5)')
})

test('a ratio keeps the digits that count', () => {
  expect([0.1234, 0.996, 1, 9.96, 12.34, 123.4].map(formatRatio)).toEqual([
    '0.12',
    '1.00',
    '1.00',
    '9.96',
    '12.3',
    '123',
  ])
  expect([undefined, Number.NaN, Number.POSITIVE_INFINITY].map(formatRatio)).toEqual(['—', '—', '—'])
})
