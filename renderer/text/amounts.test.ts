import { expect, test } from 'vitest'
import {
  countOf,
  formatAge,
  formatAhead,
  formatDay,
  formatDuration,
  formatSize,
  formatTime,
  localDay,
} from './amounts.ts'

test('sizes and counts', () => {
  expect([0, 1023, 1536, 1_048_575, 5 * 2 ** 30].map(formatSize)).toEqual([
    '0 B',
    '1023 B',
    '1.5 KiB',
    '1.0 MiB',
    '5.0 GiB',
  ])
  expect([countOf(1, 'file'), countOf(12_345, 'file'), countOf(2, 'entry', 'entries')]).toEqual([
    '1 file',
    '12,345 files',
    '2 entries',
  ])
})

test('durations, the past and the future', () => {
  expect([0.4, 59.4, 59.6, 3599, 3600, 7800, 300_000].map(formatDuration)).toEqual([
    'under 1 s',
    '59 s',
    '1 min',
    '1 h',
    '1 h',
    '2 h 10 min',
    '3 days',
  ])
  expect([formatAge(-5), formatAge(120_000), formatAhead(-1), formatAhead(3_600_000)]).toEqual([
    'just now',
    '2 min ago',
    'now',
    'in 1 h',
  ])
})

test('times of this time zone; what is no time stays as it is', () => {
  const noon = new Date(2026, 10, 26, 12, 5).toISOString()
  expect([formatTime(noon), localDay(noon)]).toEqual(['26 Nov 2026, 12:05', '2026-11-26'])
  expect([formatTime('soon'), formatDay('2026-11-26'), formatDay('never')]).toEqual([
    'soon',
    'Thursday, 26 November 2026',
    'never',
  ])
})
