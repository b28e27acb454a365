/** What the runner wrote down, row by row, and what becomes of it: one spread for each program, corpus and step. */
import { type Spread, spreadOf } from './statistics.ts'

/** One timed step, as the runner writes it (a JSON document a line). */
export interface Row {
  readonly peer: string
  readonly corpus: string
  readonly step: string
  readonly rep: number
  /** The page cache was dropped first. */
  readonly cold: boolean
  readonly wall: number
  readonly user: number
  readonly sys: number
  readonly rssKiB: number
  readonly added: number
  readonly repoBytes: number
  /** Exit status; null when the step was ended for taking too long. */
  readonly rc: number | null
}

export type Measure = 'wallSeconds' | 'cpuSeconds' | 'peakBytes' | 'addedBytes' | 'storedBytes'

export type Measured = {
  readonly program: string
  readonly corpus: string
  /** The runner's name of the step; `… (cold)` after the page cache was dropped. */
  readonly step: string
} & { readonly [name in Measure]: Spread }

/** Programs under this name are ours, the others are the peers that they are compared with. */
export const ourName = 'tharsis'

export function isOurs(program: string): boolean {
  return program === ourName || program.startsWith(`${ourName}-`)
}

/**
 * Parses rows, one JSON document a line; lines of another shape (the run's own facts) are passed over. Throws
 * SyntaxError for what is no JSON.
 */
export function parseRows(text: string): Row[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as object)
    .filter((value): value is Row => 'peer' in value && 'step' in value)
}

/** Spreads of all steps that succeeded, in the order in which they were first met. */
export function measure(rows: readonly Row[]): Measured[] {
  const groups = Map.groupBy(rows.filter(succeeded), (row) => [row.corpus, stepOf(row), row.peer].join('\n'))
  return [...groups.values()].map((group) => {
    const first = group[0] as Row
    const spread = (value: (row: Row) => number): Spread => spreadOf(group.map(value))
    return {
      program: first.peer,
      corpus: first.corpus,
      step: stepOf(first),
      wallSeconds: spread((row) => row.wall),
      cpuSeconds: spread((row) => row.user + row.sys),
      peakBytes: spread((row) => row.rssKiB * 1024),
      addedBytes: spread((row) => row.added),
      storedBytes: spread((row) => row.repoBytes),
    }
  })
}

/** One line for each step that failed; it counts in no figure. */
export function failedSteps(rows: readonly Row[]): string[] {
  return rows
    .filter((row) => !succeeded(row))
    .map(({ peer, corpus, rep, step, rc }) => {
      const end = rc === null ? 'was ended: it took too long' : `ended with ${rc}`
      return `${peer}: ${step} of ${corpus}, round ${rep}, ${end}`
    })
}

/** The peer with the least median of `measure`; undefined when no peer was measured. */
export function bestPeer(measured: readonly Measured[], by: Measure): Measured | undefined {
  return measured
    .filter(({ program }) => !isOurs(program))
    .toSorted((a, b) => a[by].median - b[by].median)
    .at(0)
}

function succeeded(row: Row): boolean {
  return row.rc === 0
}

function stepOf(row: Row): string {
  return row.cold ? `${row.step} (cold)` : row.step
}
