/** When an item is backed up by itself. Times are `HH:MM` of the rule's time zone. */
export type Weekday = 'mon' | 'tue' | 'wed' | 'thu' | 'fri' | 'sat' | 'sun'

export type Schedule =
  | { readonly kind: 'none' }
  | { readonly kind: 'daily'; readonly times: readonly string[] }
  | {
      readonly kind: 'weekly'
      readonly on: readonly { readonly day: Weekday; readonly time: string }[]
      /** 1: every week. */
      readonly everyWeeks: number
      /** `YYYY-MM-DD`: a day in a week with runs, from which the others are counted; weeks begin on Monday. */
      readonly countedFrom: string
    }
  | { readonly kind: 'interval'; readonly everyMinutes: number }

export interface ScheduleRule {
  /** A name of the IANA time zone database, such as `Europe/Berlin`, or `UTC`. */
  readonly timeZone: string
  readonly schedule: Schedule
}
