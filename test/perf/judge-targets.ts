/** Holds what was measured against the targets. Pure. */
import { bestPeer, isOurs, type Measure, type Measured, ourName } from './measurements.ts'
import { formatRatio } from './statistics.ts'
import type { Target } from './targets.ts'

export interface Verdict {
  readonly target: Target
  /** What was measured, in the words of the bound. */
  readonly value: string
  readonly mustBe: string
  readonly isMet: boolean
}

/** A verdict for each target whose corpus and step were measured, for Tharsis and for what it is compared with. */
export function judgeTargets(targets: readonly Target[], measured: readonly Measured[]): Verdict[] {
  return targets.flatMap((target) => {
    const verdict = judge(target, measured)
    return verdict === undefined ? [] : [verdict]
  })
}

function judge(target: Target, measured: readonly Measured[]): Verdict | undefined {
  const { corpus, step, measure, bound } = target
  const inStep = measured.filter((row) => row.corpus === corpus && row.step === step)
  const ours = inStep.find((row) => isTargetProgram(row, target))
  if (ours === undefined) return undefined
  const own = ours[measure].median
  if (bound.kind === 'below') {
    const mustBe = `< ${formatAmount(bound.amount, measure)}`
    return { target, value: formatAmount(own, measure), mustBe, isMet: own < bound.amount }
  }
  const reference = referenceOf(target, inStep, measured)
  if (reference === undefined) return undefined
  const other = reference[measure].median
  const ratio = own / other
  const compared = bound.kind === 'growth' ? bound.corpus : reference.program
  const value = `${formatRatio(ratio)} × ${compared} (${formatAmount(own, measure)} : ${formatAmount(other, measure)})`
  return bound.kind === 'below-peer'
    ? { target, value, mustBe: `< ${bound.peer}`, isMet: own < other }
    : { target, value, mustBe: `≤ ${formatRatio(bound.atMost)} ×`, isMet: own <= bound.atMost * other }
}

function referenceOf(
  { bound, step, measure, compression }: Target,
  inStep: readonly Measured[],
  measured: readonly Measured[],
): Measured | undefined {
  switch (bound.kind) {
    case 'of-fastest':
      return bestPeer(inStep, 'wallSeconds')
    case 'of-best':
      return bestPeer(inStep, measure)
    case 'below-peer':
      return inStep.find(({ program }) => program === bound.peer)
    case 'growth':
      return measured.find(
        (row) => row.corpus === bound.corpus && row.step === step && isTargetProgram(row, { compression }),
      )
    case 'below':
      return undefined
  }
}

/** A plain `tharsis` runs with its default, LZ4. */
function isTargetProgram({ program }: Measured, { compression }: Pick<Target, 'compression'>): boolean {
  if (!isOurs(program)) return false
  return program === `${ourName}-${compression}` || (program === ourName && compression === 'lz4')
}

/** `1.25 s`, `180 MiB`, `303.10 MB`. */
function formatAmount(amount: number, measure: Measure): string {
  switch (measure) {
    case 'wallSeconds':
    case 'cpuSeconds':
      return `${amount.toFixed(2)} s`
    case 'peakBytes':
      return `${(amount / 1024 ** 2).toFixed(0)} MiB`
    case 'addedBytes':
    case 'storedBytes':
      return `${(amount / 1e6).toFixed(2)} MB`
  }
}
