import { expect, test } from 'vitest'
import { parseBenchOptions } from './bench-options.ts'

test('without a word everything but the scale is run, beside restic and Borg', () => {
  expect(parseBenchOptions([])).toMatchObject({
    peers: ['restic', 'borg'],
    compressions: ['lz4'],
    corpora: ['small', 'office', 'image', 'copy1g', 'log'],
    scale: [],
    rounds: 3,
    steps: undefined,
    harness: undefined,
    report: undefined,
    rows: undefined,
  })
})

test('lists are taken apart', () => {
  const words = '--peers none --compressions lz4,zstd --corpora log,small --steps initial,restore --rounds 1'
  expect(parseBenchOptions(words.split(' '))).toMatchObject({
    peers: [],
    compressions: ['lz4', 'zstd'],
    corpora: ['log', 'small'],
    steps: ['initial', 'restore'],
    rounds: 1,
  })
})

test('a scale alone leaves the other corpora out', () => {
  expect(parseBenchOptions(['--scale', '10000,100000'])).toMatchObject({ corpora: [], scale: [10_000, 100_000] })
  expect(parseBenchOptions(['--scale', '10000', '--corpora', 'log'])).toMatchObject({ corpora: ['log'] })
})

test.each([
  ['--corpora', 'smal', 'smal is none of small'],
  ['--compressions', 'gzip', 'gzip is none of lz4, zstd'],
  ['--rounds', '0', '0 is not a positive whole number'],
  ['--scale', '1e3.5', '1e3.5 is not a positive whole number'],
  ['--repetitions', '3', "Unknown option '--repetitions'"],
])('%s %s is refused with the reason', (option, value, reason) => {
  expect(parseBenchOptions([option, value])).toEqual(expect.stringContaining(reason))
})
