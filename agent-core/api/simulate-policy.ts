/** The use cases `policy simulate` and preview: the points that will exist when every scheduled backup succeeds. */
import { isoTime } from '../base/date-text.ts'
import type { Policy } from '../contract/policy.ts'
import { addMonths } from '../retention/calendar-day.ts'
import type { RetainedPoint } from '../retention/plan-retention.ts'
import { type SimulatedPoint, simulateRetention } from '../retention/simulate-retention.ts'
import type { KeptBecause, PolicyChange, PolicyPreview, SimulatedHorizon, SimulationDocument } from './agent-api.ts'
import type { AgentDeps } from './agent-deps.ts'
import { keptBecause, keptUntil, retainedPoints } from './kept-points.ts'
import { openItemReading } from './open-reading.ts'
import { policyNamed } from './policies.ts'
import { newPolicy } from './policy-change.ts'
import { nextRunsOf } from './policy-runs.ts'

const horizons = [
  { in: '1 month', months: 1 },
  { in: '1 year', months: 12 },
  { in: '5 years', months: 60 },
  { in: '10 years', months: 120 },
] as const

/** Begins with the points of `item`, or with none. Throws `policy.not-found`, `item.not-found`, and what reading them throws. */
export async function simulatePolicy(
  deps: AgentDeps,
  name: string,
  item: string | undefined,
): Promise<SimulationDocument> {
  const policy = policyNamed(deps, name)
  const nowMs = deps.clock.nowMs()
  const points = item === undefined ? [] : await pointsOf(deps, item)
  return {
    policy: policy.name,
    item: item ?? null,
    from: isoTime(nowMs),
    horizons: horizonsOf(policy, points, nowMs),
  }
}

/** What a new policy would do, from nothing. Throws `usage.invalid` for what no policy can be. */
export async function previewPolicy(deps: AgentDeps, change: PolicyChange): Promise<PolicyPreview> {
  const policy = newPolicy(deps, 'preview', change)
  const nowMs = deps.clock.nowMs()
  return {
    nextRuns: nextRunsOf(policy, nowMs),
    horizons: horizonsOf(policy, [], nowMs).map(({ points, ...horizon }) => ({
      ...horizon,
      points: points.length,
      oldest: points[0]?.time ?? null,
    })),
  }
}

function horizonsOf(policy: Policy, points: readonly RetainedPoint[], nowMs: number): readonly SimulatedHorizon[] {
  return horizons.map((horizon) => {
    const atMs = addMonths(nowMs, horizon.months, policy.timeZone)
    return horizonOf(horizon.in, atMs, simulateRetention({ points, policy, nowMs, atMs }))
  })
}

async function pointsOf(deps: AgentDeps, item: string): Promise<readonly RetainedPoint[]> {
  await using reading = await openItemReading(deps, item)
  return retainedPoints(await reading.points())
}

function horizonOf(words: string, atMs: number, points: readonly SimulatedPoint[]): SimulatedHorizon {
  const counts: Partial<Record<KeptBecause['rule'], number>> = {}
  for (const { retention } of points) {
    for (const { rule } of retention.reasons) counts[rule] = (counts[rule] ?? 0) + 1
  }
  return {
    in: words,
    time: isoTime(atMs),
    counts,
    points: points.map(({ timeMs, kind, retention }) => ({
      time: isoTime(timeMs),
      kind,
      keptUntil: keptUntil(retention),
      keptBecause: keptBecause(retention),
    })),
  }
}
