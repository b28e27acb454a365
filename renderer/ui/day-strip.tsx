import type { ItemOverview, JobState } from '../../agent-core/contract/index.ts'
import { formatDay } from '../text/amounts.ts'
import { jobStateWords } from '../text/words.ts'

type Day = ItemOverview['days'][number]

/** How the last backup of each of the last 30 days has ended. */
export function DayStrip({ days }: { readonly days: readonly Day[] }) {
  return (
    <div className="strip" role="img" aria-label={stripWords(days)}>
      {days.map((day) => (
        <span key={day.day} className={`strip-day tone-${toneOf(day.state)}`} title={dayWords(day)} />
      ))}
    </div>
  )
}

function toneOf(state: JobState | null): string {
  return state === null ? 'none' : jobStateWords[state].tone
}

function dayWords({ day, state, jobs }: Day): string {
  if (state === null) return `${formatDay(day)}: no backup`
  const more = jobs > 1 ? ` (the last of ${jobs})` : ''
  return `${formatDay(day)}: ${jobStateWords[state].words.toLowerCase()}${more}`
}

function stripWords(days: readonly Day[]): string {
  const count = (tone: string) => days.filter(({ state }) => toneOf(state) === tone).length
  const words = `The last ${days.length} days: good backups on ${count('good')}`
  return `${words}, with warnings on ${count('warning')}, failed on ${count('bad')}, none on ${count('none')}`
}
