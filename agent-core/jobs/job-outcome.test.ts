import { expect, test } from 'vitest'
import type { DamagedObject } from '../contract/documents/vault.ts'
import { outcomeOf } from './job-outcome.ts'

const due = '2026-12-10T12:00:00.000Z'
const cleanUp = {
  points: [{ id: 'a' }, { id: 'b' }],
  bytes: { before: 900, now: 800, afterGrace: 500 },
  deleted: { files: 1, bytes: 100 },
  announced: { files: 2, bytes: 300, due },
}

test('a clean-up tells what it took away; its plan took nothing', () => {
  expect(outcomeOf({ ...cleanUp, plan: false })).toMatchObject({
    state: 'completed',
    result: { cleanUp: { points: 2, deletedBytes: 100, announcedBytes: 300, due } },
  })
  expect(outcomeOf({ ...cleanUp, plan: true }).result).toEqual({ files: 0, bytes: 0, warnings: 0 })
})

test('damage that matters is told with the files that it affects', () => {
  const object: DamagedObject = {
    object: 'chunks/aa/aa.tcf',
    offset: 7,
    reason: 'its hash is another',
    points: [],
    files: Array.from({ length: 30 }, (_, at) => `docs:/home/me/${at}`),
    state: 'open',
  }
  const { state, warnings, result } = outcomeOf({ damaged: [object, { ...object, state: 'healed' }], bytesRead: 9 })
  expect([state, result]).toEqual([
    'completed with warnings',
    { files: 0, bytes: 9, warnings: 0, damaged: 2, openDamage: 1 },
  ])
  expect(warnings.map(({ code, count, examples }) => [code, count, examples.length])).toEqual([
    ['vault.damaged', 30, 20],
  ])
  expect(warnings[0]?.message).toContain('chunks/aa/aa.tcf')
})
