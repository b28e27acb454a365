import { Temporal } from 'temporal-polyfill'

/** What the clocks of a zone show at an instant (ms since 1970 UTC): `2026-11-27T12:30:00+01:00`. Throws RangeError for an unknown zone. */
export function zoneTime(timeMs: number, timeZone: string): string {
  return Temporal.Instant.fromEpochMilliseconds(timeMs)
    .toZonedDateTimeISO(timeZone)
    .toString({ timeZoneName: 'never', smallestUnit: 'second' })
}
