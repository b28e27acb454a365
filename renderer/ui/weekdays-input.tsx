import { useId } from 'react'
import { ToggleButton, ToggleButtonGroup } from 'react-aria-components'
import { type Weekday, weekdayNames, weekdays } from '../../agent-core/contract/index.ts'

/** Days of the week, one at least, in their order. */
export function WeekdaysInput(props: {
  readonly label: string
  readonly days: readonly Weekday[]
  readonly onChange: (days: Weekday[]) => void
  readonly isLabelHidden?: boolean
}) {
  const label = useId()
  return (
    <div className="field">
      <span className={props.isLabelHidden === true ? 'unseen' : 'label'} id={label}>
        {props.label}
      </span>
      <ToggleButtonGroup
        className="weekdays"
        aria-labelledby={label}
        selectionMode="multiple"
        disallowEmptySelection
        selectedKeys={props.days}
        onSelectionChange={(keys) => props.onChange(weekdays.filter((day) => keys.has(day)))}
      >
        {weekdays.map((day) => (
          <ToggleButton key={day} id={day} className="weekday" aria-label={weekdayNames[day]}>
            {weekdayNames[day].slice(0, 2)}
          </ToggleButton>
        ))}
      </ToggleButtonGroup>
    </div>
  )
}
