/**
 * The corpora: deterministic trees that the harness's generator makes from a seed, and changes round by round. A round
 * is a number, and the same number makes the same change: in an image it would write what stands there already. So
 * the folder of the corpora keeps a record of the rounds that each has been through.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export const corpusNames = ['small', 'office', 'image', 'copy1g', 'log'] as const
export type CorpusName = (typeof corpusNames)[number]

const mebibyte = 1024 ** 2

interface Corpus {
  /** What the generator calls it. */
  readonly kind: string
  /** When it is fresh. */
  readonly sizeBytes: number
  /** The runner's step that changes it and backs it up, twice in each round. */
  readonly change: string
  readonly parameters?: readonly string[]
}

const corpora: { readonly [name in CorpusName]: Corpus } = {
  small: { kind: 'small', sizeBytes: 1100 * mebibyte, change: 'touch1pct' },
  office: { kind: 'office', sizeBytes: 2048 * mebibyte, change: 'touch1pct' },
  image: { kind: 'image', sizeBytes: 4096 * mebibyte, change: 'image-inplace' },
  // The generator goes from front to back: this is the first GiB of the image.
  copy1g: {
    kind: 'image',
    sizeBytes: 1024 * mebibyte,
    change: 'image-insert',
    parameters: ['--bytes', String(1024 * mebibyte)],
  },
  log: { kind: 'log', sizeBytes: 512 * mebibyte, change: 'append' },
}

/** Changes that the runner makes to a corpus in each of its rounds, whatever steps it times. */
const changesPerRound = 2
/** Where a corpus stood there already, nobody knows through which rounds it has been. */
const firstRoundOfFound = 1001

export function isMissing(data: string, name: CorpusName): boolean {
  return !existsSync(join(data, name))
}

/** Makes a corpus that is missing; throws what the generator said when it fails. */
export function makeCorpus(generator: string, data: string, name: CorpusName, seed: number): void {
  const { kind, parameters = [] } = corpora[name]
  const folder = join(data, name)
  const words = ['gen', '--kind', kind, '--dir', `${folder}.new`, '--seed', String(seed), ...parameters]
  execFileSync('rm', ['-rf', `${folder}.new`])
  execFileSync(process.execPath, [generator, ...words], { stdio: ['ignore', 'ignore', 'inherit'] })
  renameSync(`${folder}.new`, folder)
  writeRounds(data, { ...readRounds(data), [name]: 1 })
}

/** Takes the numbers of all changes that a run of so many rounds will make, and returns the first. */
export function takeRounds(data: string, name: CorpusName, rounds: number): number {
  const taken = readRounds(data)
  const first = taken[name] ?? firstRoundOfFound
  writeRounds(data, { ...taken, [name]: first + rounds * changesPerRound })
  return first
}

/**
 * The steps to ask the runner for, so that those that are wanted work: it changes the corpus in any case, and what comes
 * afterwards needs the backup of that change.
 */
export function stepsFor(name: CorpusName, wanted: readonly string[]): readonly string[] {
  const { change } = corpora[name]
  const needsChange = !wanted.includes(change) && wanted.some((step) => !['initial', 'nochange'].includes(step))
  return needsChange ? [...wanted, change] : wanted
}

/**
 * Disk space in bytes that a run needs at most: the corpora to be made and, one corpus at a time, a repository with
 * its cache for every program and the restored trees, which stay until the end of the run.
 */
export function neededBytes(run: {
  readonly corpora: readonly CorpusName[]
  readonly missing: readonly CorpusName[]
  readonly programCount: number
  readonly rounds: number
  readonly scale: readonly number[]
}): number {
  const made = run.missing.reduce((sum, name) => sum + corpora[name].sizeBytes, 0)
  const used = run.corpora.map((name) => {
    const restored = name === 'small' ? run.programCount * run.rounds : 1
    return corpora[name].sizeBytes * (run.programCount * 2 + restored)
  })
  // An inode and a block for each tiny file, and twice as much in repositories and caches.
  const tiny = Math.max(0, ...run.scale) * 4352
  return made + Math.max(0, ...used, tiny * 3)
}

type Rounds = { readonly [name in CorpusName]?: number }

function readRounds(data: string): Rounds {
  const path = join(data, 'rounds.json')
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Rounds) : {}
}

function writeRounds(data: string, rounds: Rounds): void {
  mkdirSync(data, { recursive: true })
  writeFileSync(join(data, 'rounds.json'), `${JSON.stringify(rounds)}\n`)
}
