/**
 * `npm run bench -- --peers restic,borg`: Tharsis beside other programs, on the same bytes, in one run. In this order:
 *  1. find the harness and the adapters; refuse when something is missing
 *  2. make the corpora that are missing
 *  3. run the harness's runner, corpus by corpus, then over growing numbers of tiny files (--scale); its rows go to
 *     .tmp/bench/<time>.jsonl, behind one line of facts about the run
 *  4. print the report, and write it to --report
 * Exits with 1 when a step failed or a restored tree differs, with 2 when it refuses. A target that is not met is no failure:
 * the report says so.
 */
import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, release, totalmem } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { systemClock } from '../../agent-core/base/clock.ts'
import { type BenchOptions, benchUsage, parseBenchOptions } from './bench-options.ts'
import { isMissing, makeCorpus, neededBytes, stepsFor, takeRounds } from './corpora.ts'
import { findHarness, type Harness, type Participant, prepareParticipants, runRunner } from './harness.ts'
import { judgeTargets } from './judge-targets.ts'
import { failedSteps, measure, parseRows } from './measurements.ts'
import { type RunFacts, renderReport } from './report.ts'
import { freeBytes, missingRequirements } from './requirements.ts'
import { targets } from './targets.ts'

const projectFolder = join(import.meta.dirname, '..', '..')
const benchFolder = join(projectFolder, '.tmp', 'bench')
const stepTimeoutSeconds = 3600

const say = (line: string) => process.stdout.write(`${line}\n`)

process.exitCode = await main(process.argv.slice(2))

async function main(words: readonly string[]): Promise<number> {
  const options = parseBenchOptions(words)
  if (typeof options === 'string') return refuse([options, benchUsage])
  if (options.rows !== undefined) return report(options.rows, options.report, [])
  const harness = findHarness(options.harness, projectFolder)
  if (typeof harness === 'string') return refuse([harness])
  const participants = await prepareParticipants(harness, { ...options, folder: join(benchFolder, 'peers') })
  const missingCorpora = options.corpora.filter((name) => isMissing(options.data, name))
  const missing = missingRequirements({
    peers: participants.map(({ peer }) => peer),
    neededBytes: neededBytes({ ...options, missing: missingCorpora, programCount: participants.length }),
    freeBytes: Math.min(freeBytes(options.work), freeBytes(options.data)),
    folder: options.work,
    dropsCaches: options.scale.length > 0,
  })
  if (missing.length > 0) return refuse(missing)
  for (const name of missingCorpora) {
    say(`making the corpus ${name} in ${options.data}`)
    makeCorpus(harness.generator, options.data, name, options.seed)
  }
  const rows = startRows(factsOf(words, options, participants))
  say(`raw rows: ${rows}`)
  const problems = await runAll(harness, options, participants, rows)
  return report(rows, options.report, problems)
}

/** Runs everything; returns what went wrong besides the steps that the rows show as failed. */
async function runAll(
  harness: Harness,
  options: BenchOptions,
  participants: readonly Participant[],
  rows: string,
): Promise<string[]> {
  const problems: string[] = []
  const common = {
    peers: participants.map(({ adapter }) => adapter).join(),
    reps: options.rounds,
    data: resolve(options.data),
    work: resolve(options.work),
    out: rows,
    seed: options.seed,
    timeout: stepTimeoutSeconds,
  }
  const run = async (verb: 'run' | 'scale', own: object): Promise<void> => {
    let last = ''
    const words = Object.entries({ ...own, ...common }).flatMap(([name, value]) => [`--${name}`, String(value)])
    const status = await runRunner(harness, [verb, ...words], common.data, (line) => {
      say(line)
      if (line.includes('verify restore: DIFFERS')) problems.push(`a restored tree differs: ${last}`)
      last = line
    })
    if (status !== 0) problems.push(`the runner ended with ${status}; its last words: ${last}`)
  }
  for (const name of options.corpora) {
    const round = takeRounds(options.data, name, options.rounds)
    const steps = options.steps && { steps: stepsFor(name, options.steps).join() }
    await run('run', { corpora: name, round, ...steps })
  }
  if (options.scale.length > 0) {
    await run('scale', { sizes: options.scale.join(), ...(options.steps && { steps: options.steps.join() }) })
  }
  return problems
}

/** Opens the file of rows with the facts of the run, so that it can be reported again by itself. */
function startRows(facts: RunFacts): string {
  mkdirSync(benchFolder, { recursive: true })
  const time = new Date(systemClock.nowMs()).toISOString().replaceAll(/[-:]|\..*/g, '')
  const path = join(benchFolder, `${time}.jsonl`)
  appendFileSync(path, `${JSON.stringify({ facts })}\n`)
  return path
}

function report(rowsPath: string, reportPath: string | undefined, problems: readonly string[]): number {
  const text = readFileSync(rowsPath, 'utf8')
  const { facts } = JSON.parse(text.slice(0, text.indexOf('\n'))) as { readonly facts: RunFacts }
  const rows = parseRows(text)
  const measured = measure(rows)
  const failures = [...failedSteps(rows), ...problems]
  const lines = renderReport({ facts, measured, verdicts: judgeTargets(targets, measured), failures })
  say(`\n${lines}`)
  if (reportPath !== undefined) {
    mkdirSync(dirname(resolve(reportPath)), { recursive: true })
    writeFileSync(reportPath, lines)
  }
  return failures.length === 0 ? 0 : 1
}

function factsOf(words: readonly string[], options: BenchOptions, participants: readonly Participant[]): RunFacts {
  const gibibytes = (totalmem() / 1024 ** 3).toFixed(0)
  return {
    date: new Date(systemClock.nowMs()).toISOString().slice(0, 10),
    command: ['npm run bench', ...(words.length === 0 ? [] : ['--', ...words])].join(' '),
    machine: `${availableParallelism()} cores (${cpus()[0]?.model ?? 'unknown'}), ${gibibytes} GiB of memory, Linux ${release()}`,
    programs: participants.map(({ peer }) => `${peer.name}: ${versionOf(peer.version)}`),
    seed: options.seed,
    rounds: options.rounds,
  }
}

function versionOf([program, ...words]: readonly string[]): string {
  return execFileSync(program as string, words, { encoding: 'utf8' }).trim()
}

function refuse(lines: readonly string[]): number {
  process.stderr.write(`${lines.join('\n')}\n`)
  return 2
}
