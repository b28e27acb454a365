import { useAct } from '../../client/use-act.ts'
import { useAgent, useOverview } from '../../client/use-agent.ts'
import { systemClock } from '../../platform/clock.ts'
import { Button } from '../../ui/button.tsx'
import { ErrorNote } from '../../ui/notes.tsx'
import { Section } from '../../ui/page.tsx'
import { PauseNote } from '../overview/pause-note.tsx'

const hourMs = 3_600_000

/** Lets all schedules rest for a time. */
export function PauseSection() {
  const agent = useAgent()
  const { value } = useOverview()
  const pause = useAct(async (_signal, until: number | 'forever') => void (await agent.pauseSchedules(until)))
  const ahead = (hours: number) => pause.run(systemClock.nowMs() + hours * hourMs)
  return (
    <Section title="Pause" lead="Scheduled backups rest; you can still back up by hand.">
      <PauseNote pausedUntil={value?.pausedUntil ?? null} />
      <ErrorNote error={pause.error} />
      <div className="row">
        <Button onPress={() => ahead(1)} isDisabled={pause.isBusy} needsAgent>
          1 hour
        </Button>
        <Button onPress={() => ahead(4)} isDisabled={pause.isBusy} needsAgent>
          4 hours
        </Button>
        <Button onPress={() => pause.run(nextMorning())} isDisabled={pause.isBusy} needsAgent>
          Until tomorrow
        </Button>
        <Button onPress={() => pause.run('forever')} isDisabled={pause.isBusy} needsAgent>
          Until I resume
        </Button>
      </div>
    </Section>
  )
}

/** Six o'clock of the next day. */
function nextMorning(): number {
  const date = new Date(systemClock.nowMs())
  date.setDate(date.getDate() + 1)
  return date.setHours(6, 0, 0, 0)
}
