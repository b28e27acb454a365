/**
 * A year of four machines in one vault, with the real thing from capture to clean-up; `npm run test:campaign -- backups` makes
 * it ten years.
 */
import { expect, test } from 'vitest'
import { type WeekSpace, YearsOfBackups } from '../support/years-of-backups.ts'

const years = process.env['THARSIS_CAMPAIGN'] === '1' ? 10 : 1
const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31))

/**
 * A machine's part of the vault may be so many times the bytes of the different contents that its points have. Chunk files are left as they are until less
 * than 60 % of them is needed (1.7 times); beside them are trees and everything else, and, for two weeks and up to a week more, what
 * clean-ups have announced, above all the originals of what they have merged: less than 0.6 times what they repeat.
 */
const mostTimes = 2.3
/** What tells of the past grows with it, by so much for a clean-up (its entry in the audit journal, an object of tombstones) … */
const mostBytesACleanUp = 400
/** … and for a point that was made and is gone. */
const mostBytesAPoint = 100
/** Less than 256 KiB is not merged, and as much waits announced. */
const leastBytes = 512 * 1024

test(`${years === 1 ? 'a year' : 'ten years'} of four machines in one vault: kept is what the model keeps, in bounded space, and all of it restores`, {
  timeout: years * 1_440_000,
}, async () => {
  using place = new YearsOfBackups(seed)
  const startMs = performance.now()
  const { made, kept, spaces, ...found } = await place.follow(years * 365, console.log)
  const most = spaces.reduce((max, space) => Math.max(max, timesOf(space)), 0)
  const longest = spaces.reduce((max, space) => Math.max(max, historyOf(space)), 0)
  const { user, system } = process.cpuUsage()
  console.log(
    `SEED=${seed}: ${made} points made, ${kept} kept; at most ${most.toFixed(2)} times what they need, ` +
      `the history ${longest.toFixed(2)} of what it may have; ` +
      `${Math.round((performance.now() - startMs) / 1000)} s, CPU ${Math.round((user + system) / 1e6)} s`,
  )
  for (const space of spaces.slice(-4)) console.log(JSON.stringify(space))
  expect(found, `SEED=${seed}`).toEqual({ differences: [], wrong: [], damaged: [] })
  expect(kept).toBeGreaterThan(100)
  expect(made).toBeGreaterThan(2 * kept)
  expect(most, `SEED=${seed}`).toBeLessThan(mostTimes)
  expect(longest, `SEED=${seed}`).toBeLessThan(1)
})

/** How much of what it may have the history has. */
function historyOf({ historyBytes, pointsMade, cleanUps }: WeekSpace): number {
  return historyBytes / (cleanUps * mostBytesACleanUp + pointsMade * mostBytesAPoint)
}

function timesOf({ chunkBytes, otherBytes, liveBytes }: WeekSpace): number {
  const beyond = chunkBytes + otherBytes - leastBytes
  // A machine needs nothing before its first point.
  return beyond <= 0 ? 0 : beyond / liveBytes
}
