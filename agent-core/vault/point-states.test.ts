import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { PointId } from '../contract/ids.ts'
import type { Mark, MarkContent } from '../format/mark.ts'
import type { StoredMark } from './point-marks.ts'
import { foldMarks, unmarkedState } from './point-states.ts'

const dayMs = 86_400_000
const point = 'b'.repeat(32) as PointId

function stored(contents: readonly MarkContent[], madeAtMs = 1_000, storedAtMs = madeAtMs): StoredMark[] {
  return contents.map((content, number) => ({
    number,
    mark: { point, madeAtMs, who: 'anna', ...content } as Mark,
    storedAtMs,
  }))
}

const time = fc.integer({ min: -(2 ** 45), max: 2 ** 45 })
const content: fc.Arbitrary<MarkContent> = fc.oneof(
  fc.constantFrom<MarkContent>({ kind: 'hold' }, { kind: 'release' }, { kind: 'whole' }, { kind: 'undelete' }),
  fc.record({ kind: fc.constantFrom('keep-until' as const, 'delete' as const), untilMs: time }),
  fc.record({
    kind: fc.constant('partial' as const),
    missing: fc.array(
      fc.record({
        path: fc.constantFrom('a', 'b', 'c').map((text) => Buffer.from(text)),
        code: fc.constant('file.damaged'),
      }),
      { maxLength: 3 },
    ),
    more: fc.nat(3),
  }),
)
const marks = fc
  .array(fc.tuple(content, time, time), { maxLength: 12 })
  .map((list) =>
    list.map(([each, madeAtMs, storedAtMs], number) => ({ ...stored([each], madeAtMs, storedAtMs)[0], number })),
  ) as fc.Arbitrary<StoredMark[]>

const kindOf = ({ mark }: StoredMark) => mark?.kind

describe('the fold of marks', () => {
  test('without marks nothing has become of a point', () => {
    expect(foldMarks([])).toEqual(unmarkedState)
  })

  test('the last of hold and release counts', () => {
    fc.assert(
      fc.property(marks, (list) => {
        const last = list.findLast((each) => kindOf(each) === 'hold' || kindOf(each) === 'release')
        expect(foldMarks(list).held).toBe(last !== undefined && kindOf(last) === 'hold')
      }),
    )
  })

  test('the last keep-until counts', () => {
    fc.assert(
      fc.property(marks, (list) => {
        const dates = list.flatMap(({ mark }) => (mark?.kind === 'keep-until' ? [mark.untilMs] : []))
        expect(foldMarks(list).keepUntilMs).toBe(dates.at(-1))
      }),
    )
  })

  test('a point is in the trash exactly from a delete to the next undelete, and no shorter than any of them promised', () => {
    fc.assert(
      fc.property(marks, (list) => {
        const since = list.slice(list.findLastIndex((each) => kindOf(each) === 'undelete') + 1)
        const deletes = since.filter((each) => kindOf(each) === 'delete')
        const { deleted } = foldMarks(list)
        expect(deleted === undefined).toBe(deletes.length === 0)
        for (const { mark, storedAtMs } of deletes) {
          if (mark?.kind !== 'delete') throw new Error('not a delete')
          expect(deleted?.untilMs).toBeGreaterThanOrEqual(mark.untilMs)
          expect(deleted?.untilMs).toBeGreaterThanOrEqual(storedAtMs + Math.max(0, mark.untilMs - mark.madeAtMs))
        }
        if (deletes[0]?.mark !== undefined) expect(deleted?.atMs).toBe(deletes[0].mark.madeAtMs)
      }),
    )
  })

  test('a clock set back when the mark was made does not shorten the window', () => {
    const content: MarkContent = { kind: 'delete', untilMs: 14 * dayMs }
    const trueNowMs = 1_800_000_000_000
    expect(foldMarks(stored([content], 0, trueNowMs)).deleted?.untilMs).toBe(trueNowMs + 14 * dayMs)
    // A clock set forward makes it longer, never shorter.
    const far = foldMarks(
      stored([{ kind: 'delete', untilMs: trueNowMs + 100 * dayMs }], trueNowMs + 86 * dayMs, trueNowMs),
    )
    expect(far.deleted?.untilMs).toBe(trueNowMs + 100 * dayMs)
  })

  test('what is missing adds up until something says that it is whole', () => {
    fc.assert(
      fc.property(marks, (list) => {
        const since = list.slice(list.findLastIndex((each) => kindOf(each) === 'whole') + 1)
        const paths = since.flatMap(({ mark }) =>
          mark?.kind === 'partial' ? mark.missing.map(({ path }) => Buffer.from(path).toString()) : [],
        )
        const state = foldMarks(list)
        expect(new Set(state.missing.map(({ path }) => Buffer.from(path).toString()))).toEqual(new Set(paths))
        expect(state.partial).toBe(since.some((each) => kindOf(each) === 'partial'))
      }),
    )
  })

  test('repeating the last mark changes nothing', () => {
    fc.assert(
      fc.property(marks, (list) => {
        const last = list.at(-1)
        if (last === undefined) return
        expect(foldMarks([...list, { ...last, number: last.number + 1 }])).toEqual(foldMarks(list))
      }),
    )
  })

  test('a mark that is lost or cannot be read keeps the point, whatever the others say', () => {
    fc.assert(
      fc.property(marks, fc.nat(), fc.boolean(), (list, which, isLost) => {
        if (list.length < 2) return
        const at = which % (list.length - 1)
        const spoilt = list.flatMap((each, index) =>
          index !== at ? [each] : isLost ? [] : [{ ...each, mark: undefined }],
        )
        const state = foldMarks(spoilt)
        expect(state.held).toBe(true)
        expect(state.doubt).toContain(String(at))
      }),
    )
  })
})
