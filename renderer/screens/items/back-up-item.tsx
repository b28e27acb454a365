import { ChevronDown, Play } from 'lucide-react'
import { Button as AriaButton, Menu, MenuItem, MenuTrigger, Popover } from 'react-aria-components'
import type { ItemDocument } from '../../../agent-core/contract/index.ts'
import type { Act } from '../../client/use-act.ts'
import { useIsOnline, useOverview } from '../../client/use-agent.ts'
import { Button } from '../../ui/button.tsx'

/** How long a point is kept that somebody wants beside those of the schedule: days, or as the policy says. */
export type KeepDays = number | undefined

const keepChoices: readonly (readonly [words: string, days: number])[] = [
  ['Keep it for a week', 7],
  ['Keep it for a month', 31],
  ['Keep it for a year', 366],
  ['Keep it for ten years', 3653],
]

/** Backs up now; the point is kept as the policy says, or for as long as is chosen. */
export function BackUpItem({ item, start }: { readonly item: ItemDocument; readonly start: Act<[KeepDays]> }) {
  const overview = useOverview().value?.items.find((other) => other.item === item.name)
  const isUnderWay = overview !== undefined && overview.liveJob !== null
  const isOnline = useIsOnline()
  return (
    <span className="split-button">
      <Button
        look="primary"
        icon={<Play aria-hidden />}
        onPress={() => start.run(undefined)}
        isBusy={start.isBusy}
        isDisabled={isUnderWay}
        needsAgent
      >
        Back up now
      </Button>
      <MenuTrigger>
        <AriaButton
          className="button button-primary button-usual"
          aria-label="Back up now, and keep the point for…"
          isDisabled={isUnderWay || start.isBusy || !isOnline}
        >
          <ChevronDown aria-hidden />
        </AriaButton>
        <Popover className="popover" placement="bottom end">
          <Menu className="menu" onAction={(days) => start.run(Number(days))}>
            {keepChoices.map(([words, days]) => (
              <MenuItem key={days} id={days} className="menu-item">
                {words}
              </MenuItem>
            ))}
          </Menu>
        </Popover>
      </MenuTrigger>
    </span>
  )
}
