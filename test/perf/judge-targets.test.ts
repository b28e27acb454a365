import { describe, expect, test } from 'vitest'
import { corpusNames } from './corpora.ts'
import { judgeTargets } from './judge-targets.ts'
import { sampleMeasured } from './measured-samples.ts'
import type { Row } from './measurements.ts'
import { type Bound, type Target, targets } from './targets.ts'

/** Whether a target over `small`, `initial` is met, with what is said of it. */
function judgeOne(target: Partial<Target> & { readonly bound: Bound }, ...rows: readonly Partial<Row>[]) {
  const whole: Target = {
    work: 'work',
    corpus: 'small',
    step: 'initial',
    measure: 'wallSeconds',
    compression: 'lz4',
    ...target,
  }
  return judgeTargets([whole], sampleMeasured(...rows)).map(({ value, mustBe, isMet }) => ({ value, mustBe, isMet }))
}

const halfOfFastest: Bound = { kind: 'of-fastest', atMost: 0.5 }
const ours = 'tharsis-lz4'

describe('a target', () => {
  test('of the fastest peer is met up to the bound itself', () => {
    const peers = [{ peer: 'borg', wall: 30 }, { wall: 10 }]
    expect(judgeOne({ bound: halfOfFastest }, { peer: ours, wall: 5 }, ...peers)).toEqual([
      { value: '0.50 × restic (5.00 s : 10.00 s)', mustBe: '≤ 0.50 ×', isMet: true },
    ])
    expect(judgeOne({ bound: halfOfFastest }, { peer: ours, wall: 5.1 }, ...peers)).toMatchObject([{ isMet: false }])
  })

  test('of CPU is held against the peer with the least wall time, even where another needs less CPU', () => {
    const rows = [
      { peer: ours, user: 4, sys: 0 },
      { peer: 'restic', wall: 10, user: 20, sys: 0 },
      { peer: 'borg', wall: 20, user: 5, sys: 0 },
    ]
    expect(judgeOne({ bound: halfOfFastest, measure: 'cpuSeconds' }, ...rows)).toMatchObject([
      { value: '0.20 × restic (4.00 s : 20.00 s)', isMet: true },
    ])
    expect(judgeOne({ bound: { kind: 'of-best', atMost: 0.5 }, measure: 'cpuSeconds' }, ...rows)).toMatchObject([
      { value: '0.80 × borg (4.00 s : 5.00 s)', isMet: false },
    ])
  })

  test('of bytes that no peer added is met by none alone', () => {
    const bound: Bound = { kind: 'of-best', atMost: 1 }
    const judged = (added: number) =>
      judgeOne({ bound, measure: 'addedBytes' }, { peer: ours, added }, { peer: 'borg', added: 0 })
    expect(judged(0)).toMatchObject([{ isMet: true }])
    expect(judged(1)).toMatchObject([{ isMet: false }])
  })

  test('below one peer is judged against that one, by the program with its compression', () => {
    const target = { measure: 'storedBytes', compression: 'zstd', bound: { kind: 'below-peer', peer: 'borg' } } as const
    const rows = [
      { peer: 'tharsis-zstd', repoBytes: 9e6 },
      { peer: ours, repoBytes: 1e6 },
      { peer: 'restic', repoBytes: 1e6 },
    ]
    expect(judgeOne(target, ...rows, { peer: 'borg', repoBytes: 9e6 })).toEqual([
      { value: '1.00 × borg (9.00 MB : 9.00 MB)', mustBe: '< borg', isMet: false },
    ])
    expect(judgeOne(target, ...rows, { peer: 'borg', repoBytes: 10e6 })).toMatchObject([{ isMet: true }])
    expect(judgeOne(target, ...rows)).toEqual([])
  })

  test('in absolute figures needs no peer', () => {
    const bound: Bound = { kind: 'below', amount: 200 * 1024 ** 2 }
    expect(judgeOne({ bound, measure: 'peakBytes' }, { peer: 'tharsis', rssKiB: 150 * 1024 })).toEqual([
      { value: '150 MiB', mustBe: '< 200 MiB', isMet: true },
    ])
    expect(judgeOne({ bound, measure: 'peakBytes' }, { peer: ours, rssKiB: 200 * 1024 })).toMatchObject([
      { isMet: false },
    ])
  })

  test('of growth compares Tharsis with itself', () => {
    const bound: Bound = { kind: 'growth', corpus: 'tiny10', atMost: 100 }
    const rows = [
      { peer: ours, corpus: 'tiny10', wall: 2 },
      { peer: 'restic', corpus: 'tiny10', wall: 1 },
      { peer: ours, corpus: 'tiny1000', wall: 150 },
    ]
    expect(judgeOne({ bound, corpus: 'tiny1000' }, ...rows)).toEqual([
      { value: '75.0 × tiny10 (150.00 s : 2.00 s)', mustBe: '≤ 100 ×', isMet: true },
    ])
    expect(judgeOne({ bound, corpus: 'tiny1000' }, ...rows.slice(1))).toEqual([])
  })

  test('is passed over where Tharsis or every peer is missing', () => {
    expect(judgeOne({ bound: halfOfFastest }, { peer: ours })).toEqual([])
    expect(judgeOne({ bound: halfOfFastest }, { peer: 'borg' })).toEqual([])
  })
})

describe('the table of targets', () => {
  test('names corpora that there are, and no target twice', () => {
    const known = [...corpusNames, 'tiny100000', 'tiny1000000']
    expect(targets.filter(({ corpus }) => !known.includes(corpus))).toEqual([])
    const keys = targets.map((target) => JSON.stringify({ ...target, work: '' }))
    expect(new Set(keys).size).toBe(keys.length)
    expect(keys.length).toBeGreaterThan(30)
  })
})
