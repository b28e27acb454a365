/** What `npm run bench` is asked for. Pure. */
import { parseArgs } from 'node:util'
import { type CorpusName, corpusNames } from './corpora.ts'
import type { Compression } from './targets.ts'

export interface BenchOptions {
  /** Names of the harness's peers, or paths of other adapters. */
  readonly peers: readonly string[]
  readonly compressions: readonly Compression[]
  readonly corpora: readonly CorpusName[]
  /** Numbers of tiny files. */
  readonly scale: readonly number[]
  readonly rounds: number
  /** The runner's steps; undefined: all of them. */
  readonly steps: readonly string[] | undefined
  readonly seed: number
  readonly harness: string | undefined
  readonly data: string
  readonly work: string
  readonly report: string | undefined
  /** Rows of an earlier run: report them, run nothing. */
  readonly rows: string | undefined
}

const place = '/var/tmp/tharsis-bench'

export const benchUsage = `npm run bench -- [--peers restic,borg|none] [--compressions lz4,zstd] [--corpora ${corpusNames.join(',')}|none]
    [--scale 10000,100000,1000000] [--rounds 3] [--steps initial,nochange,…] [--seed N]
    [--harness DIR] [--data DIR] [--work DIR] [--report FILE.md]
npm run bench -- --rows FILE.jsonl [--report FILE.md]      the report of an earlier run again
The corpora in --data are changed by the run. --scale alone leaves the other corpora out.`

/** The options, or one line that says what is wrong with them. */
export function parseBenchOptions(words: readonly string[]): BenchOptions | string {
  try {
    const { values } = parseArgs({ args: [...words], options: optionTypes })
    return {
      peers: list(values.peers ?? 'restic,borg'),
      compressions: oneOf(list(values.compressions ?? 'lz4'), ['lz4', 'zstd'], '--compressions'),
      corpora: oneOf(
        list(values.corpora ?? (values.scale === undefined ? corpusNames.join() : 'none')),
        corpusNames,
        '--corpora',
      ),
      scale: list(values.scale ?? 'none').map((size) => wholeNumber(size, '--scale')),
      rounds: wholeNumber(values.rounds ?? '3', '--rounds'),
      steps: values.steps === undefined ? undefined : list(values.steps),
      seed: wholeNumber(values.seed ?? '20260101', '--seed'),
      harness: values.harness,
      data: values.data ?? `${place}/corpora`,
      work: values.work ?? `${place}/run`,
      report: values.report,
      rows: values.rows,
    }
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError) return error.message
    throw error
  }
}

const text = { type: 'string' } as const

const optionTypes = {
  peers: text,
  compressions: text,
  corpora: text,
  scale: text,
  rounds: text,
  steps: text,
  seed: text,
  harness: text,
  data: text,
  work: text,
  report: text,
  rows: text,
}

function list(words: string): string[] {
  return words === 'none' ? [] : words.split(',').filter((word) => word !== '')
}

function oneOf<Word extends string>(words: readonly string[], known: readonly Word[], option: string): Word[] {
  return words.map((word) => {
    const match = known.find((candidate) => candidate === word)
    if (match === undefined) throw new RangeError(`${option}: ${word} is none of ${known.join(', ')}`)
    return match
  })
}

function wholeNumber(word: string, option: string): number {
  const value = Number(word)
  if (Number.isSafeInteger(value) && value >= 1) return value
  throw new RangeError(`${option}: ${word} is not a positive whole number`)
}
