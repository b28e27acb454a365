import { expect, test } from 'vitest'
import { countOf, formatCount, formatDuration, formatSize, formatTook } from './amounts.ts'

test.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1.0 KiB'],
  [1536, '1.5 KiB'],
  [150 * 1024, '150 KiB'],
  [1024 ** 2 - 1, '1.0 MiB'],
  [3 * 1024 ** 4, '3.0 TiB'],
])('%i bytes are %s', (sizeBytes, shown) => {
  expect(formatSize(sizeBytes)).toBe(shown)
})

test('counts have separators and nouns their number', () => {
  expect(formatCount(1_234_567)).toBe('1,234,567')
  expect(countOf(1, 'file')).toBe('1 file')
  expect(countOf(1000, 'file')).toBe('1,000 files')
})

test('durations', () => {
  expect(formatDuration(83_000)).toBe('1:23')
  expect(formatDuration(3_723_000)).toBe('1:02:03')
  expect(formatTook(2450)).toBe('2.5 s')
  expect(formatTook(83_000)).toBe('1:23 min')
})
