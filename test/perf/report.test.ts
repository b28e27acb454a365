import { expect, test } from 'vitest'
import { judgeTargets } from './judge-targets.ts'
import { sampleMeasured } from './measured-samples.ts'
import type { Row } from './measurements.ts'
import { type RunFacts, renderReport } from './report.ts'
import { targets } from './targets.ts'

const facts: RunFacts = {
  date: '2026-01-02',
  command: 'npm run bench -- --rounds 2',
  machine: '2 cores',
  programs: ['restic: restic 0.14.0'],
  seed: 7,
  rounds: 2,
}

function linesOf(rows: readonly Partial<Row>[], failures: readonly string[] = []): string[] {
  const measured = sampleMeasured(...rows)
  return renderReport({ facts, measured, verdicts: judgeTargets(targets, measured), failures }).split('\n')
}

test('a report says how it came about', () => {
  expect(linesOf([{}])).toContain(
    '`npm run bench -- --rounds 2`, 2026-01-02. 2 cores. restic: restic 0.14.0. Corpus seed 7, 2 rounds; median (least–most).',
  )
})

test('a step shows Tharsis first, with its ratios to the best peer of each measure', () => {
  const lines = linesOf([
    { peer: 'restic', wall: 10, added: 20e6 },
    { peer: 'borg', wall: 20, added: 10e6 },
    { peer: 'tharsis-lz4', wall: 4, user: 1, sys: 1, added: 5e6 },
    { peer: 'tharsis-lz4', rep: 2, wall: 6, user: 1, sys: 1, added: 5e6 },
  ])
  expect(lines.slice(lines.indexOf('### small') + 4)).toEqual([
    '| initial | tharsis-lz4 | 2 | 5.00 (4.00–6.00) | 2.00 (2.00–2.00) | 100 (100–100) | 5.00 (5.00–5.00) | 9.0 (9.0–9.0) | 0.50, 0.25, 0.50 |',
    '| initial | restic | 1 | 10.00 | 8.00 | 100 | 20.00 | 9.0 |  |',
    '| initial | borg | 1 | 20.00 | 8.00 | 100 | 10.00 | 9.0 |  |',
    '',
  ])
})

test('targets are met or not', () => {
  const lines = linesOf([
    { peer: 'tharsis-lz4', wall: 5, user: 7, sys: 0 },
    { peer: 'restic', wall: 10, user: 8, sys: 0 },
  ])
  expect(lines).toContain(
    '| first backup | small, initial | wall time | ≤ 0.50 × | 0.50 × restic (5.00 s : 10.00 s) | met |',
  )
  expect(lines).toContain(
    '| first backup | small, initial | CPU time | ≤ 0.50 × | 0.88 × restic (7.00 s : 8.00 s) | **not met** |',
  )
})

test('without a peer there are no ratios, and a step that does nothing yet is left out', () => {
  const lines = linesOf([{ peer: 'tharsis-lz4' }, { peer: 'tharsis-lz4', step: 'prune-half' }, { step: 'prune-half' }])
  expect(lines.filter((line) => line.startsWith('| initial | tharsis'))).toEqual([
    '| initial | tharsis-lz4 | 1 | 10.00 | 8.00 | 100 | 5.00 | 9.0 | —, —, — |',
  ])
  expect(lines.filter((line) => line.startsWith('| prune-half'))).toEqual([
    expect.stringContaining('| prune-half | restic |'),
  ])
})

test('growth is shown by the file, where more than one number of files was measured', () => {
  const small = { peer: 'tharsis-lz4', corpus: 'tiny10000', wall: 2 }
  const lines = linesOf([small, { ...small, corpus: 'tiny100000', wall: 10 }, { ...small, peer: 'borg' }])
  expect(lines).toContain('| step | program | 10,000 files | 100,000 files |')
  expect(lines).toContain('| initial | tharsis-lz4 | 200 µs, 100 MiB | 100 µs, 100 MiB |')
  expect(lines).toContain('| initial | borg | 200 µs, 100 MiB | — |')
  expect(linesOf([small]).join('\n')).not.toContain('Growth')
})

test('failures stand above the figures', () => {
  const lines = linesOf([{}], ['borg: check of small, round 1, ended with 2'])
  expect(lines).toContain('- borg: check of small, round 1, ended with 2')
  expect(linesOf([{}])).not.toContain('Failed:')
})
