import type { OverviewDocument } from '../../../agent-core/contract/index.ts'
import { useAct } from '../../client/use-act.ts'
import { useAgent } from '../../client/use-agent.ts'
import { formatTime } from '../../text/amounts.ts'
import { Button } from '../../ui/button.tsx'
import { ErrorNote, Note } from '../../ui/notes.tsx'

/** Says that all schedules rest, and ends it. */
export function PauseNote({ pausedUntil }: Pick<OverviewDocument, 'pausedUntil'>) {
  const agent = useAgent()
  const resume = useAct(async () => void (await agent.resumeSchedules()))
  if (pausedUntil === null) return null
  const until = pausedUntil === 'forever' ? 'until you resume them' : `until ${formatTime(pausedUntil)}`
  return (
    <>
      <Note
        tone="warning"
        title={`Schedules are paused ${until}`}
        action={
          <Button size="small" onPress={resume.run} isBusy={resume.isBusy} needsAgent>
            Resume
          </Button>
        }
      >
        What is missed meanwhile is caught up once afterwards.
      </Note>
      <ErrorNote error={resume.error} />
    </>
  )
}
