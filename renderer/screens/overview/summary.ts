/** The one sentence above all items, and which of them come first. Pure. */
import type { ItemOverview, VaultDamage } from '../../../agent-core/contract/index.ts'
import { countOf } from '../../text/amounts.ts'
import { protectionWords, type Tone } from '../../text/words.ts'

export interface Summary {
  readonly tone: Tone
  readonly words: string
}

export function summarize(
  items: readonly Pick<ItemOverview, 'protection' | 'liveJob'>[],
  damage: readonly Pick<VaultDamage, 'vault'>[],
): Summary {
  const count = (tone: Tone) => items.filter(({ protection }) => protectionWords[protection].tone === tone).length
  const [bad, warning, quiet] = [count('bad'), count('warning'), count('quiet')]
  if (bad > 0) return { tone: 'bad', words: `${countOf(bad, 'item')} ${bad === 1 ? 'needs' : 'need'} you` }
  if (damage.length > 0) {
    return { tone: 'bad', words: damage.length === 1 ? 'A vault is damaged' : `${damage.length} vaults are damaged` }
  }
  if (items.some(({ liveJob }) => liveJob?.state === 'running')) return { tone: 'busy', words: 'Backing up' }
  if (warning > 0) return { tone: 'warning', words: `${countOf(warning, 'item')} with something to look at` }
  if (quiet > 0) return { tone: 'quiet', words: `Nothing is known of ${countOf(quiet, 'item')}` }
  return {
    tone: 'good',
    words: items.length === 1 ? 'Your item is protected' : `All ${items.length} items are protected`,
  }
}

/** Those that need somebody first, then those at work, then the others; among themselves as they came. */
export function urgentFirst<Shown extends Pick<ItemOverview, 'protection' | 'liveJob'>>(
  items: readonly Shown[],
): readonly Shown[] {
  const rank = ({ protection, liveJob }: Shown): number => {
    const { tone } = protectionWords[protection]
    if (tone === 'bad') return 0
    if (tone === 'warning') return 1
    if (liveJob !== null) return 2
    return tone === 'good' ? 4 : 3
  }
  return items.toSorted((a, b) => rank(a) - rank(b))
}
