/**
 * Rules that let points go sooner: they need the PIN, and points that are there are kept by the rules before as well for as
 * long as deleted points stay in the trash. What waits stands with each item, here and in the definitions of its vaults.
 */
import { isDeepStrictEqual } from 'node:util'
import { isoTime } from '../base/date-text.ts'
import { formatTime } from '../contract/format-time.ts'
import type { KeepRules } from '../contract/policy.ts'
import type { ShortenedRules } from '../format/policy.ts'
import { isShorter, shortenedAfter, stillWaiting } from '../retention/shortened-rules.ts'
import type { Item } from '../state/state-db.ts'
import type { PolicyDocument } from './agent-api.ts'
import type { AgentDeps } from './agent-deps.ts'
import { requirePin } from './pin-guard.ts'
import { trashDaysOf } from './setting-verbs.ts'

const dayMs = 86_400_000

/** Resolves when points of an item may be kept by `after` from now on; throws as `requirePin` where that is shorter. */
export async function requirePinIfShorter(deps: AgentDeps, before: KeepRules, after: KeepRules): Promise<void> {
  if (isShorter(before, after)) await requirePin(deps)
}

/** The item with what waits of its rules after they have become `after`. */
export function withRules(deps: AgentDeps, item: Item, before: KeepRules, after: KeepRules): Item {
  const { shortened: waiting = [], ...rest } = item
  const delayMs = trashDaysOf(deps) * dayMs
  const shortened = shortenedAfter(waiting, { before, after, nowMs: deps.clock.nowMs(), delayMs })
  return shortened.length === 0 ? rest : { ...rest, shortened }
}

/** What waits, as documents show it: items that wait for the same in one. */
export function shownShortened(deps: AgentDeps, items: readonly Item[]): PolicyDocument['shortened'] {
  const shown: { readonly rules: ShortenedRules; readonly items: string[] }[] = []
  for (const item of items) {
    for (const rules of stillWaiting(item.shortened ?? [], deps.clock.nowMs())) {
      const same = shown.find((each) => isDeepStrictEqual(each.rules, rules))
      if (same === undefined) shown.push({ rules, items: [item.name] })
      else same.items.push(item.name)
    }
  }
  return shown.map(({ rules: { before, changedAtMs, inForceAtMs }, items: names }) => ({
    items: names,
    changedAt: isoTime(changedAtMs),
    from: isoTime(inForceAtMs),
    before,
  }))
}

/** Sentences on what waits of an item. */
export function shortenedRemarks(deps: AgentDeps, item: Item): string[] {
  return shownShortened(deps, [item]).map(
    ({ from }) =>
      `Shorter rules count from ${formatTime(from).slice(0, 10)} on; until then its points stay as they did before too.`,
  )
}
