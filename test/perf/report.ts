/** The report of a run in Markdown: a section that fits into the scorecard. Pure. */
import { formatCount } from '../../agent-core/cli/amounts.ts'
import type { Verdict } from './judge-targets.ts'
import { bestPeer, isOurs, type Measure, type Measured } from './measurements.ts'
import { formatRatio, formatSpread } from './statistics.ts'

/** What a figure needs beside it, to be believed and measured again. */
export interface RunFacts {
  /** ISO date of the day. */
  readonly date: string
  readonly command: string
  readonly machine: string
  /** Name and version of each program. */
  readonly programs: readonly string[]
  readonly seed: number
  readonly rounds: number
}

const measureWords: { readonly [name in Measure]: string } = {
  wallSeconds: 'wall time',
  cpuSeconds: 'CPU time',
  peakBytes: 'peak memory',
  addedBytes: 'bytes added',
  storedBytes: 'bytes stored',
}

const mebibyte = 1024 ** 2
const megabyte = 1e6

/** There is nothing yet that removes points, so that this step of ours would show the time of doing nothing. */
const notYetOurs = 'prune-half'

export function renderReport(run: {
  readonly facts: RunFacts
  readonly measured: readonly Measured[]
  readonly verdicts: readonly Verdict[]
  readonly failures: readonly string[]
}): string {
  const corpora = [...new Set(run.measured.map(({ corpus }) => corpus))]
  return [
    ...renderFacts(run.facts),
    ...(run.failures.length === 0 ? [] : ['', 'Failed:', '', ...run.failures.map((failure) => `- ${failure}`)]),
    ...renderVerdicts(run.verdicts),
    ...renderGrowth(run.measured),
    ...corpora.flatMap((corpus) => renderCorpus(corpus, run.measured)),
    '',
  ].join('\n')
}

function renderFacts({ date, command, machine, programs, seed, rounds }: RunFacts): string[] {
  return [
    '## Beside restic and Borg',
    '',
    `\`${command}\`, ${date}. ${machine}. ${programs.join(', ')}. Corpus seed ${seed}, ${rounds} rounds; median (least–most).`,
    'Before each backup the corpus is read, before each restore the repository, so that every program finds the same',
    'warm page cache. CPU is user and system time of the process and its children; memory is the peak of one process.',
  ]
}

function renderVerdicts(verdicts: readonly Verdict[]): string[] {
  if (verdicts.length === 0) return []
  return [
    '',
    '| work | corpus, step | what | must be | is | |',
    '|---|---|---|---|---|---|',
    ...verdicts.map(({ target, value, mustBe, isMet }) => {
      const { work, corpus, step, measure } = target
      return tableRow([work, `${corpus}, ${step}`, measureWords[measure], mustBe, value, isMet ? 'met' : '**not met**'])
    }),
  ]
}

/** Corpora of so many tiny files are called by their number. */
const tinyCorpus = /^tiny(\d+)$/

/** What one file costs as their number grows; nothing where fewer than two numbers were measured. */
function renderGrowth(measured: readonly Measured[]): string[] {
  const tiny = measured.filter(({ corpus }) => tinyCorpus.test(corpus))
  const counts = [...new Set(tiny.map(fileCount))].toSorted((a, b) => a - b)
  if (counts.length < 2) return []
  const lines = Map.groupBy(tiny, ({ step, program }) => `${step}\n${program}`)
  return [
    '',
    '### Growth: wall time a file, and peak memory',
    '',
    `| step | program | ${counts.map((count) => `${formatCount(count)} files`).join(' | ')} |`,
    `|---|---|${'---|'.repeat(counts.length)}`,
    ...[...lines.values()].map((rows) => {
      const first = rows[0] as Measured
      const cells = counts.map((count) => {
        const row = rows.find((candidate) => fileCount(candidate) === count)
        if (row === undefined) return '—'
        const microseconds = (row.wallSeconds.median / count) * 1e6
        return `${microseconds.toFixed(0)} µs, ${(row.peakBytes.median / mebibyte).toFixed(0)} MiB`
      })
      return tableRow([first.step, first.program, ...cells])
    }),
  ]
}

function fileCount({ corpus }: Measured): number {
  return Number(tinyCorpus.exec(corpus)?.[1])
}

function renderCorpus(corpus: string, measured: readonly Measured[]): string[] {
  const ofCorpus = measured.filter((row) => row.corpus === corpus)
  const steps = [...new Set(ofCorpus.map(({ step }) => step))]
  return [
    '',
    `### ${corpus}`,
    '',
    '| step | program | n | wall s | CPU s | peak MiB | added MB | stored MB | wall, CPU, added ÷ best peer |',
    '|---|---|---|---|---|---|---|---|---|',
    ...steps.flatMap((step) => renderStep(ofCorpus.filter((row) => row.step === step))),
  ]
}

function renderStep(rows: readonly Measured[]): string[] {
  return rows
    .filter(({ program, step }) => !(isOurs(program) && step === notYetOurs))
    .toSorted((a, b) => Number(isOurs(b.program)) - Number(isOurs(a.program)))
    .map((row) =>
      tableRow([
        row.step,
        row.program,
        String(row.wallSeconds.count),
        formatSpread(row.wallSeconds, 2),
        formatSpread(row.cpuSeconds, 2),
        formatSpread(row.peakBytes, 0, mebibyte),
        formatSpread(row.addedBytes, 2, megabyte),
        formatSpread(row.storedBytes, 1, megabyte),
        isOurs(row.program) ? ratiosToBest(row, rows) : '',
      ]),
    )
}

function ratiosToBest(row: Measured, inStep: readonly Measured[]): string {
  const measures = ['wallSeconds', 'cpuSeconds', 'addedBytes'] as const
  return measures
    .map((name) => {
      const best = bestPeer(inStep, name)?.[name].median
      return formatRatio(best === undefined ? undefined : row[name].median / best)
    })
    .join(', ')
}

function tableRow(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}
