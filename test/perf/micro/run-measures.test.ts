import { expect, test } from 'vitest'
import { rateOf, runMeasures, type Timed } from './run-measures.ts'

test('bytes become megabytes a second, operations microseconds each', () => {
  expect(rateOf({ bytes: 50e6 }, 0.5)).toBe(100)
  expect(rateOf({ operations: 1000 }, 0.5)).toBe(500)
})

test('each piece of work is run in every round, and what it needs is let go afterwards', () => {
  const events: string[] = []
  function* bench(): Generator<Timed, void, undefined> {
    yield { name: 'first', amount: { bytes: 1e6 }, work: () => events.push('first') }
    events.push('first is over')
    yield { name: 'second', amount: { operations: 10 }, work: () => events.push('second') }
  }
  const lines = runMeasures(bench, 3)
  // Three rounds, and two that are not counted.
  const fiveOf = (name: string) => Array.from({ length: 5 }, () => name)
  expect(events).toEqual([...fiveOf('first'), 'first is over', ...fiveOf('second')])
  expect(lines).toEqual([
    expect.stringMatching(/^WORK +UNIT +MEDIAN \(RANGE\) +BY CPU$/),
    expect.stringMatching(/^first +MB\/s +\d+ \(\d+–\d+\) +\d+$/),
    expect.stringMatching(/^second +µs +[\d.]+ \([\d.]+–[\d.]+\) +[\d.]+$/),
  ])
})
