import { useState } from 'react'
import { Form } from 'react-aria-components'
import type { SettingsChange, SettingsDocument } from '../../../agent-core/contract/index.ts'
import { Button } from '../../ui/button.tsx'
import { TimeInput } from '../../ui/fields.tsx'
import { Section } from '../../ui/page.tsx'
import { WeekdaysInput } from '../../ui/weekdays-input.tsx'
import { AmountSetting } from './amount-setting.tsx'

const bytesOfMegabit = 125_000

interface UploadSettingsProps {
  readonly settings: SettingsDocument
  readonly onChange: (changes: SettingsChange) => void
}

/** How much of the line uploads may take, in work hours and at other times. */
export function UploadSettings({ settings, onChange }: UploadSettingsProps) {
  const { uploadLimit, workUploadLimit, workHours } = settings
  return (
    <Section title="Uploads" lead="What is sent to servers, by all backups together. Restores are never held back.">
      <div className="settings">
        <RateSetting
          key={`upload ${uploadLimit}`}
          label={workUploadLimit === null ? 'At most' : 'Outside of work hours at most'}
          none="no limit"
          value={uploadLimit}
          onSave={(limit) => onChange({ uploadLimit: limit })}
        />
        <RateSetting
          key={`work ${workUploadLimit}`}
          label="In work hours at most"
          none="as at any other time"
          value={workUploadLimit}
          onSave={(limit) => onChange({ workUploadLimit: limit })}
        />
        <WorkHoursSetting
          key={JSON.stringify(workHours)}
          workHours={workHours}
          onSave={(hours) => onChange({ workHours: hours })}
        />
      </div>
    </Section>
  )
}

function RateSetting(props: {
  readonly label: string
  readonly none: string
  /** Bytes a second. */
  readonly value: number | null
  readonly onSave: (value: number | null) => void
}) {
  const { label, none, value, onSave } = props
  return (
    <AmountSetting
      label={label}
      none={none}
      unit="Mbit/s"
      value={value === null ? undefined : value / bytesOfMegabit}
      least={0.512}
      most={1000}
      onSave={(megabits) => onSave(megabits === null ? null : Math.round(megabits * bytesOfMegabit))}
    />
  )
}

type WorkHours = SettingsDocument['workHours']

function WorkHoursSetting(props: { readonly workHours: WorkHours; readonly onSave: (hours: WorkHours) => void }) {
  const [hours, setHours] = useState(props.workHours)
  const isChanged = JSON.stringify(hours) !== JSON.stringify(props.workHours)
  return (
    <Form
      className="setting setting-hours"
      onSubmit={(event) => {
        event.preventDefault()
        props.onSave(hours)
      }}
    >
      <span className="setting-words">
        Work hours
        <span className="hint">
          {hours.to > hours.from ? 'On the clocks of this computer.' : 'They end on the day after.'}
        </span>
      </span>
      <WeekdaysInput label="Days" isLabelHidden days={hours.days} onChange={(days) => setHours({ ...hours, days })} />
      <span className="row">
        <TimeInput label="From" isLabelHidden value={hours.from} onChange={(from) => setHours({ ...hours, from })} />
        <span aria-hidden>–</span>
        <TimeInput label="To" isLabelHidden value={hours.to} onChange={(to) => setHours({ ...hours, to })} />
      </span>
      <Button type="submit" size="small" isDisabled={!isChanged} needsAgent>
        Save
      </Button>
    </Form>
  )
}
