import { expect, test } from 'vitest'
import { sampleMeasured, sampleRow } from './measured-samples.ts'
import { bestPeer, failedSteps, isOurs, measure, parseRows } from './measurements.ts'

test('rows are read line by line, and the facts of the run passed over', () => {
  const rows = [sampleRow(), sampleRow({ rep: 2 })]
  const text = [{ facts: { date: '2026-01-01' } }, ...rows].map((value) => `${JSON.stringify(value)}\n`).join('')
  expect(parseRows(text)).toEqual(rows)
  expect(() => parseRows('{')).toThrow(SyntaxError)
})

test('rows of one program, corpus and step become one spread; CPU is user and system time', () => {
  const measured = sampleMeasured(
    { wall: 10, user: 6, sys: 2 },
    { peer: 'borg', wall: 50 },
    { rep: 2, wall: 20, user: 7, sys: 3 },
    { rep: 3, wall: 12, user: 1, sys: 1 },
  )
  expect(measured.map(({ program }) => program)).toEqual(['restic', 'borg'])
  expect(measured[0]).toMatchObject({
    corpus: 'small',
    step: 'initial',
    wallSeconds: { median: 12, least: 10, most: 20, count: 3 },
    cpuSeconds: { median: 8, least: 2, most: 10 },
    peakBytes: { median: 100 * 1024 ** 2 },
    addedBytes: { median: 5e6 },
    storedBytes: { median: 9e6 },
  })
})

test('a step with a dropped page cache is another step', () => {
  expect(sampleMeasured({}, { cold: true, wall: 99 }).map(({ step }) => step)).toEqual(['initial', 'initial (cold)'])
})

test('a step that failed counts in no figure and is named', () => {
  const rows = [
    sampleRow(),
    sampleRow({ rep: 2, rc: 3, wall: 0.1 }),
    sampleRow({ peer: 'borg', rc: null, step: 'check' }),
  ]
  expect(measure(rows)).toMatchObject([{ wallSeconds: { median: 10, count: 1 } }])
  expect(failedSteps(rows)).toEqual([
    'restic: initial of small, round 2, ended with 3',
    'borg: check of small, round 1, was ended: it took too long',
  ])
})

test('the best peer is the one with the least of what is asked for, and never Tharsis', () => {
  const measured = sampleMeasured(
    { peer: 'tharsis', wall: 1, added: 1 },
    { peer: 'restic', wall: 10, added: 50 },
    { peer: 'borg', wall: 20, added: 40 },
  )
  expect(bestPeer(measured, 'wallSeconds')?.program).toBe('restic')
  expect(bestPeer(measured, 'addedBytes')?.program).toBe('borg')
  expect(bestPeer(measured.slice(0, 1), 'wallSeconds')).toBeUndefined()
  expect(['tharsis', 'tharsis-zstd', 'restic', 'tharsisish'].map(isOurs)).toEqual([true, true, false, false])
})
