/** When an item is backed up by itself: the part of its policy that the clockwork goes by. */
import type { Policy } from '../contract/policy.ts'

export type ScheduleRule = Pick<Policy, 'schedule' | 'timeZone'>
