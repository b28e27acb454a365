import { expect, test } from 'vitest'
import type { Phase } from '../contract/documents/progress.ts'
import { JobPhases } from './job-phases.ts'

const beginMs = Date.parse('2026-11-22T12:00:00Z')

/** Phases of a job whose clock goes on by a second before each look at it. */
function phasesOf(noted: readonly (readonly [phase: Phase, files: number])[]): JobPhases {
  let nowMs = beginMs
  const phases = new JobPhases({ nowMs: () => nowMs, delay: async () => {} })
  for (const [phase, files] of noted) {
    nowMs += 1000
    phases.note({ phase, filesDone: files, bytesDone: files * 10, warnings: 0 })
  }
  return phases
}

test('each phase has its own times and counts; one that comes again is another', () => {
  const phases = phasesOf([
    ['capture', 1],
    ['capture', 3],
    ['transfer', 2],
    ['capture', 1],
  ])
  phases.end()
  phases.end()
  const at = (second: number) => new Date(beginMs + second * 1000).toISOString()
  expect(phases.all()).toEqual([
    { phase: 'capture', startedAt: at(1), finishedAt: at(3), files: 3, bytes: 30 },
    { phase: 'transfer', startedAt: at(3), finishedAt: at(4), files: 2, bytes: 20 },
    { phase: 'capture', startedAt: at(4), finishedAt: at(4), files: 1, bytes: 10 },
  ])
})

test('a list that was given does not change any more', () => {
  const phases = phasesOf([['capture', 1]])
  const before = phases.all()
  phases.note({ phase: 'capture', filesDone: 9, bytesDone: 0, warnings: 0 })
  phases.end()
  expect(before).toMatchObject([{ files: 1, finishedAt: null }])
})

test('those beyond the most that are kept leave the others as they were', () => {
  const noted = Array.from({ length: 1005 }, (_, at) => [at % 2 === 0 ? 'capture' : 'transfer', at] as const)
  const phases = phasesOf(noted)
  phases.end()
  const kept = phases.all()
  expect(kept).toHaveLength(1000)
  expect(kept.map(({ phase, files }) => [phase, files])).toEqual(noted.slice(0, 1000))
  expect(kept.filter(({ finishedAt }) => finishedAt === null)).toEqual([])
})
