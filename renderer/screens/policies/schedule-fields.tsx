import { Plus, X } from 'lucide-react'
import { Button, IconButton } from '../../ui/button.tsx'
import { Choice, NumberInput, SelectInput, TimeInput } from '../../ui/fields.tsx'
import { WeekdaysInput } from '../../ui/weekdays-input.tsx'
import type { PolicyDraft, ScheduleKind } from './policy-draft.ts'
import type { PolicyFieldsProps } from './policy-fields-props.ts'

const mostTimes = 12

export function ScheduleFields({ draft, onChange }: PolicyFieldsProps) {
  const { kind } = draft
  return (
    <>
      <Choice<ScheduleKind>
        label="When backups run"
        look="segments"
        value={kind}
        onChange={(next) => onChange({ ...draft, kind: next, times: timesFor(next, draft) })}
        options={[
          { value: 'daily', title: 'Daily' },
          { value: 'several', title: 'Several times a day' },
          { value: 'weekly', title: 'Weekly' },
          { value: 'interval', title: 'Every … minutes' },
          { value: 'none', title: 'By hand' },
        ]}
      />
      {kind === 'none' ? (
        <p className="hint">Nothing runs by itself: a backup is made when you press “Back up now”.</p>
      ) : (
        <div className="field-line">
          {kind === 'weekly' && <WeekFields draft={draft} onChange={onChange} />}
          {(kind === 'daily' || kind === 'weekly') && (
            <TimeInput
              label="At"
              value={draft.times[0] ?? ''}
              onChange={(time) => onChange({ ...draft, times: [time] })}
            />
          )}
          {kind === 'several' && <Times draft={draft} onChange={onChange} />}
          {kind === 'interval' ? (
            <NumberInput
              label="Every"
              unit="minutes"
              value={draft.everyMinutes}
              least={5}
              most={7 * 24 * 60}
              onChange={(everyMinutes) => onChange({ ...draft, everyMinutes })}
            />
          ) : (
            <SelectInput
              label="On the clocks of"
              value={draft.timeZone}
              options={timeZones(draft).map((zone) => ({ value: zone, title: zone.replaceAll('_', ' ') }))}
              onChange={(timeZone) => onChange({ ...draft, timeZone })}
            />
          )}
        </div>
      )}
    </>
  )
}

/** Several times begin with a second one; elsewhere there is one. */
function timesFor(kind: ScheduleKind, { times }: PolicyDraft): readonly string[] {
  if (kind !== 'several' || times.length > 1) return kind === 'several' ? times : times.slice(0, 1)
  const [time = '12:30'] = times
  return [time, laterTime(time, 6)].toSorted()
}

function laterTime(time: string, hours: number): string {
  const hour = (Number(time.slice(0, 2)) + hours) % 24
  return `${String(hour).padStart(2, '0')}:${time.slice(3, 5)}`
}

function timeZones({ timeZone, usual }: PolicyDraft): readonly string[] {
  const known = Intl.supportedValuesOf('timeZone')
  return [...new Set([timeZone, usual.timeZone, 'UTC', ...known])].toSorted()
}

function Times({ draft, onChange }: PolicyFieldsProps) {
  const { times } = draft
  return (
    <fieldset className="field">
      <legend className="label">At</legend>
      <div className="times-row">
        {times.map((time, at) => (
          // Each time has its place: they are put in order when the policy is made.
          <span key={at} className="time-entry">
            <TimeInput
              label={`Time ${at + 1}`}
              isLabelHidden
              value={time}
              onChange={(next) => onChange({ ...draft, times: times.with(at, next) })}
            />
            {times.length > 2 && (
              <IconButton
                label={`Without ${time}`}
                icon={<X aria-hidden />}
                onPress={() => onChange({ ...draft, times: times.toSpliced(at, 1) })}
              />
            )}
          </span>
        ))}
        {times.length < mostTimes && (
          <Button
            icon={<Plus aria-hidden />}
            onPress={() => onChange({ ...draft, times: [...times, laterTime(times.at(-1) ?? '12:30', 1)] })}
          >
            One more
          </Button>
        )}
      </div>
    </fieldset>
  )
}

function WeekFields({ draft, onChange }: PolicyFieldsProps) {
  return (
    <>
      <WeekdaysInput label="On" days={draft.days} onChange={(days) => onChange({ ...draft, days })} />
      <NumberInput
        label="Every"
        unit={draft.everyWeeks === 1 ? 'week' : 'weeks'}
        value={draft.everyWeeks}
        least={1}
        most={52}
        onChange={(everyWeeks) => onChange({ ...draft, everyWeeks })}
      />
    </>
  )
}
