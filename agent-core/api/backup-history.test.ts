import fc from 'fast-check'
import { expect, test } from 'vitest'
import { TestHome } from '../../test/support/test-home.ts'
import { randomId, systemRandom } from '../base/random.ts'
import type { PointId } from '../contract/ids.ts'
import { JobBook } from '../jobs/job-book.ts'
import { BackupHistory } from './backup-history.ts'

const dayMs = 86_400_000
const begunMs = Date.parse('2026-03-01T00:00:00Z')
const outcome = { warnings: [], error: null, reason: undefined }

/** What happens between two looks. */
const step = fc.record({
  item: fc.constantFrom('docs', 'photos'),
  act: fc.constantFrom('add', 'skip', 'finish', 'fail', 'wait a day', 'look'),
  sizeBytes: fc.option(fc.nat(1e12), { nil: undefined }),
})

test('a history that follows the changes is one that is read anew, whatever happens in between', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const clock = { ms: begunMs, nowMs: () => clock.ms, delay: async () => {} }
      using home = new TestHome({ clock })
      const { jobs } = home.deps.state
      const book = new JobBook({ table: jobs, clock, random: systemRandom, owner: '1:1', isAlive: () => true })
      const followed = new BackupHistory(jobs)
      const compare = (): void => {
        const sinceMs = clock.ms - 5 * dayMs
        const anew = new BackupHistory(jobs)
        for (const history of [followed, anew]) history.update(sinceMs)
        for (const item of ['docs', 'photos', 'none']) {
          const { ended, outcome: last, live, newestEnded } = anew.of(item)
          expect(followed.of(item)).toMatchObject({ ended, outcome: last, live, newestEnded })
          const kept = jobs.list({ item, kind: 'backup', sinceMs, limit: 1000 }).toReversed()
          expect(live).toBe(kept.findLast(({ finishedMs }) => finishedMs === null)?.id)
          expect(ended.map(({ state }) => state)).toEqual(
            kept.filter(({ finishedMs }) => finishedMs).map(({ state }) => state),
          )
        }
      }
      for (const { item, act, sizeBytes } of steps) {
        clock.ms += 1000
        const [oldest] = jobs.list({ item, live: true, limit: 100 }).toReversed()
        if (act === 'add') book.add({ kind: 'backup', item, trigger: 'person' })
        if (act === 'skip') book.addSkipped({ kind: 'backup', item, trigger: 'schedule', reason: 'paused' })
        if (act === 'wait a day') clock.ms += dayMs
        if (act === 'fail' && oldest) book.finish(oldest.id, { ...outcome, state: 'failed', result: null })
        if (act === 'finish' && oldest) {
          const id = randomId<PointId>(systemRandom)
          const point = sizeBytes === undefined ? {} : { point: { id, seq: 1, sizeBytes, confirmed: true } }
          const result = { files: 1, bytes: 1, warnings: 0, ...point }
          book.finish(oldest.id, { ...outcome, state: 'completed', result })
        }
        if (act === 'look') compare()
      }
      compare()
    }),
    { numRuns: 30 },
  )
})
