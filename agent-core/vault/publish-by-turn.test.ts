/** The turn protocol of the real code under every kind of interleaving, halted and dead writers included. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Clock } from '../base/clock.ts'
import { finalNameOfTurn, type PublishOutcome, publishByTurn, type TurnFiles, turnName } from './publish-by-turn.ts'

/** A clock by which nothing takes time: a writer that waits looks as often as it may, and goes on. */
const impatient: Clock = { nowMs: () => 0, delay: async () => {} }

interface Folder {
  readonly files: Map<string, string>
  /** Every text that ever stood under the final name, in order. */
  readonly finals: string[]
}

/** File calls that take effect when `step` lets them; a call that `step` never lets through is a dead writer. */
function filesOf({ files, finals }: Folder, step: () => Promise<unknown>): TurnFiles {
  return {
    createExclusive: async (name, text) => {
      await step()
      if (files.has(name)) return false
      files.set(name, '')
      // The text comes after the name, and in two pieces.
      await step()
      if (files.has(name)) files.set(name, text.slice(0, 7))
      await step()
      if (files.has(name)) files.set(name, text)
      return true
    },
    readText: async (name) => {
      await step()
      return files.get(name)
    },
    exists: async (name) => {
      await step()
      return files.has(name)
    },
    rename: async (from, to) => {
      await step()
      const text = files.get(from)
      if (text === undefined) return false
      files.delete(from)
      files.set(to, text)
      finals.push(text)
      return true
    },
    remove: async (name) => {
      await step()
      files.delete(name)
    },
  }
}

/** Picks, for ever anew, a number from 0 up to and without `ways`. */
type Choose = (ways: number) => number

/**
 * Runs writers over one folder, one step of one writer at a time, in bursts: whoever is not chosen is
 * halted for as long, at whatever step it is. No writer waits for another before it ends its turn.
 */
async function race(writers: number, choose: Choose) {
  const folder: Folder = { files: new Map(), finals: [] }
  const waiting = new Map<number, () => void>()
  const outcomes = new Map<number, PublishOutcome>()
  for (let who = 0; who < writers; who++) {
    const temporaryName = `.tmp-${who}-of-writer`
    folder.files.set(temporaryName, `bytes of ${who}`)
    const step = () => new Promise<void>((resolve) => waiting.set(who, resolve))
    const publication = { temporaryName, finalName: 'final', pollsBeforeEnding: 0 }
    void publishByTurn(filesOf(folder, step), impatient, publication).then((outcome) => outcomes.set(who, outcome))
  }
  await settle()
  while (outcomes.size < writers) {
    const who = [...waiting.keys()][choose(waiting.size)] as number
    for (let burst = 1 + choose(24); burst > 0 && waiting.has(who); burst--) {
      const resume = waiting.get(who) as () => void
      waiting.delete(who)
      resume()
      await settle()
    }
  }
  return { folder, outcomes }
}

/** Lets everything run that waits for no step. */
async function settle(): Promise<void> {
  for (let tick = 0; tick < 12; tick++) await Promise.resolve()
}

describe('publishing by turns', () => {
  test('whatever the interleaving, and whoever is halted where, the final name is filled once', async () => {
    const seeds = fc.record({
      writers: fc.integer({ min: 1, max: 4 }),
      choices: fc.infiniteStream(fc.nat({ max: 1 << 20 })),
    })
    await fc.assert(
      fc.asyncProperty(seeds, async ({ writers, choices }) => {
        const { folder, outcomes } = await race(writers, (ways) => (choices.next().value as number) % ways)
        const makers = [...outcomes].filter(([, outcome]) => outcome === 'made').map(([who]) => who)
        expect(folder.finals.length).toBeLessThanOrEqual(1)
        expect(makers.map((who) => `bytes of ${who}`)).toEqual(folder.finals)
        expect([...outcomes.values()].every((outcome) => outcome !== 'taken' || folder.finals.length === 1)).toBe(true)
      }),
      { numRuns: 6000, endOnFailure: true },
    )
  })

  test('a turn that a dead writer holds is ended by the next one, at every point of its death', async () => {
    for (let steps = 0; steps <= 9; steps++) {
      const folder: Folder = {
        files: new Map([
          ['.tmp-dead', 'dead'],
          ['.tmp-next', 'next'],
        ]),
        finals: [],
      }
      let left = steps
      const untilDeath = () => (left-- > 0 ? Promise.resolve() : new Promise<void>(() => {}))
      void publishByTurn(filesOf(folder, untilDeath), impatient, { temporaryName: '.tmp-dead', finalName: 'final' })
      for (let tick = 0; tick < 100; tick++) await Promise.resolve()
      const outcome = await publishByTurn(
        filesOf(folder, () => Promise.resolve()),
        impatient,
        { temporaryName: '.tmp-next', finalName: 'final' },
      )
      const wasDone = folder.finals[0] === 'dead'
      expect(outcome).toBe(wasDone ? 'taken' : 'made')
      expect(folder.finals).toEqual([wasDone ? 'dead' : 'next'])
      // Turns of a published name are left to the sweep only by one who died after publishing it.
      const turns = [...folder.files.keys()].filter((name) => finalNameOfTurn(name) !== undefined)
      expect(wasDone || turns.length === 0).toBe(true)
    }
  })

  test('knows its own files by name', () => {
    expect(finalNameOfTurn(turnName(12, 'points.ok'))).toBe('points.ok')
    expect(finalNameOfTurn('.tmp-0123456789abcdef-turn1-x')).toBeUndefined()
    expect(finalNameOfTurn('turn1-x')).toBeUndefined()
  })
})
