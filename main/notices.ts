import type { OverviewDocument, ProtectionState } from '../agent-core/contract/documents/overview.ts'

export interface Notice {
  readonly title: string
  readonly body: string
  /** The page that it leads to. */
  readonly page: string
}

/** States that a person must hear of, in words. */
const bad: Partial<Record<ProtectionState, string>> = {
  failed: 'The last backup failed',
  overdue: 'A backup is overdue',
}

/** What to tell a person who sees no window: each item that has come into a bad state since `before`, each vault found damaged. */
export function noticesOf(before: OverviewDocument | undefined, now: OverviewDocument): Notice[] {
  const last = new Map(before?.items.map(({ item, protection }) => [item, protection]))
  const ofItems = now.items.flatMap(({ item, protection, reason }) => {
    const title = bad[protection]
    if (title === undefined || last.get(item) === protection) return []
    return [{ title: `${title}: ${item}`, body: reason, page: 'overview' }]
  })
  const known = new Set(before?.damage.map(({ vault }) => vault))
  const ofVaults = now.damage
    .filter(({ vault }) => !known.has(vault))
    .map(({ vault }) => ({
      title: `A vault is damaged: ${vault}`,
      body: 'What it affects can be seen, and healed.',
      page: 'overview',
    }))
  return [...ofItems, ...ofVaults]
}
