/** The days that have points, in bold, and the points of the day that is chosen. */
import { type CalendarDate, parseDate } from '@internationalized/date'
import { ChevronLeft, ChevronRight } from 'lucide-react'
import {
  Button as AriaButton,
  Calendar,
  CalendarCell,
  CalendarGrid,
  CalendarGridBody,
  CalendarGridHeader,
  CalendarHeaderCell,
  Heading,
  Label,
  RadioButton,
  RadioField,
  RadioGroup,
} from 'react-aria-components'
import type { PointDocument } from '../../../agent-core/contract/index.ts'
import { countOf, formatDay, formatHour, formatSize, localDay } from '../../text/amounts.ts'
import { tierWords } from '../../text/words.ts'
import { Tag } from '../../ui/tag.tsx'

export function PointCalendar(props: {
  /** Oldest first; at least one. */
  readonly points: readonly PointDocument[]
  readonly chosen: PointDocument
  readonly onChoose: (point: PointDocument) => void
}) {
  const { points, chosen, onChoose } = props
  const days = Map.groupBy(points, ({ time }) => localDay(time))
  const day = localDay(chosen.time)
  const hasPoints = (date: { toString(): string }) => days.has(date.toString())
  return (
    <div className="when">
      <Calendar
        className="calendar"
        aria-label="Days with points"
        value={parseDate(day)}
        onChange={(date) => {
          const last = days.get(date.toString())?.at(-1)
          if (last !== undefined) onChoose(last)
        }}
        isDateUnavailable={(date) => !hasPoints(date)}
        minValue={dateOf(points[0])}
        maxValue={dateOf(points.at(-1))}
        defaultFocusedValue={parseDate(day)}
      >
        <header className="calendar-head">
          <AriaButton slot="previous" className="icon-button">
            <ChevronLeft aria-hidden />
          </AriaButton>
          <Heading />
          <AriaButton slot="next" className="icon-button">
            <ChevronRight aria-hidden />
          </AriaButton>
        </header>
        <CalendarGrid>
          <CalendarGridHeader>{(name) => <CalendarHeaderCell>{name}</CalendarHeaderCell>}</CalendarGridHeader>
          <CalendarGridBody>
            {(date) => <CalendarCell date={date} className={hasPoints(date) ? 'day day-with' : 'day'} />}
          </CalendarGridBody>
        </CalendarGrid>
      </Calendar>
      <RadioGroup
        className="times"
        value={chosen.id}
        onChange={(id) => {
          const point = points.find((other) => other.id === id)
          if (point !== undefined) onChoose(point)
        }}
      >
        <Label>{formatDay(day)}</Label>
        <div className="times-list">
          {days
            .get(day)
            ?.toReversed()
            .map((point) => (
              <RadioField key={point.id} value={point.id}>
                <RadioButton className="time-line">
                  <strong>{formatHour(point.time)}</strong>
                  <span className="hint">
                    {countOf(point.files, 'file')}, {formatSize(point.bytes.total)}
                  </span>
                  <span className="tags">
                    {point.tiers.map((tier) => (
                      <Tag key={tier} tone={tier === 'vault' ? 'good' : 'quiet'}>
                        {tierWords[tier]}
                      </Tag>
                    ))}
                    {point.partial && <Tag tone="warning">partial</Tag>}
                    {point.deleted !== null && <Tag tone="bad">in the trash</Tag>}
                  </span>
                </RadioButton>
              </RadioField>
            ))}
        </div>
      </RadioGroup>
    </div>
  )
}

function dateOf(point: PointDocument | undefined): CalendarDate {
  return parseDate(localDay(point?.time ?? '1970-01-01T12:00:00Z'))
}
