import { dayText } from './calendar-day.ts'
import type { KeepReason } from './plan-retention.ts'

/** Why a point is kept, for people: what follows "kept as" or "kept because it is". */
export function keepWords(reason: KeepReason): string {
  switch (reason.rule) {
    case 'daily':
      return `daily point of ${dayText(reason.day)}`
    case 'weekly':
    case 'monthly':
    case 'yearly': {
      const words = `${reason.rule} point of ${dayText(reason.day)}`
      return reason.replaces ? `stand-in for the ${words}` : words
    }
    case 'date':
      return 'kept until a date of its own'
    case 'hold':
      return 'held'
    case 'newest':
      return 'newest good point'
    case 'at-least':
      return 'one of the newest points that always stay'
    case 'earlier':
      return 'kept by the rules before they were made shorter'
    case 'trash':
      return 'in the trash'
  }
}
