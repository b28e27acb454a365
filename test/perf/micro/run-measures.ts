/** Times small pieces of work, round after round, and says what one of them costs. */
import { renderTable } from '../../../agent-core/cli/text-table.ts'
import { formatSpread, spreadOf } from '../statistics.ts'

/** One piece of work that is timed. */
export interface Timed {
  readonly name: string
  /** What one call of `work` gets through: bytes give MB/s, operations give µs each. */
  readonly amount: { readonly bytes: number } | { readonly operations: number }
  readonly work: () => void
}

/**
 * Yields its pieces one after the other: what one of them needs is prepared before it is yielded, and may be let go when
 * the next one is asked for.
 */
export type MicroBench = () => Iterable<Timed>

/** Rounds that are run and not counted: V8 compiles, caches fill. */
const warmUpRounds = 2

/** Lines of a table; `rounds` at least 1. CPU seconds beside the clock's: they tell more where others work too. */
export function runMeasures(bench: MicroBench, rounds: number): string[] {
  const lines: string[][] = []
  for (const timed of bench()) {
    for (let round = 0; round < warmUpRounds; round++) timed.work()
    const measured = Array.from({ length: rounds }, () => timeOnce(timed.work))
    const perWall = spreadOf(measured.map(({ wallSeconds }) => rateOf(timed.amount, wallSeconds)))
    const perCpu = spreadOf(measured.map(({ cpuSeconds }) => rateOf(timed.amount, cpuSeconds)))
    const unit = 'bytes' in timed.amount ? 'MB/s' : 'µs'
    const digits = 'bytes' in timed.amount ? 0 : 2
    lines.push([timed.name, unit, formatSpread(perWall, digits), formatSpread({ ...perCpu, count: 1 }, digits)])
  }
  return renderTable(
    [
      { title: 'WORK' },
      { title: 'UNIT' },
      { title: 'MEDIAN (RANGE)', align: 'right' },
      { title: 'BY CPU', align: 'right' },
    ],
    lines,
    { colours: false },
  )
}

/** Megabytes a second, or microseconds an operation. */
export function rateOf(amount: Timed['amount'], seconds: number): number {
  return 'bytes' in amount ? amount.bytes / 1e6 / seconds : (seconds * 1e6) / amount.operations
}

function timeOnce(work: () => void): { readonly wallSeconds: number; readonly cpuSeconds: number } {
  const cpuBefore = process.cpuUsage()
  const before = performance.now()
  work()
  const wallSeconds = (performance.now() - before) / 1000
  const { user, system } = process.cpuUsage(cpuBefore)
  return { wallSeconds, cpuSeconds: Math.max(1, user + system) / 1e6 }
}
