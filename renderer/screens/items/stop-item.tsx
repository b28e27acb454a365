/** Ends the backups of an item, with its points kept or put into the trash; and takes it back. */
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { ItemDocument } from '../../../agent-core/contract/index.ts'
import { useAct } from '../../client/use-act.ts'
import { useAgent } from '../../client/use-agent.ts'
import { formatDate } from '../../text/amounts.ts'
import { Button } from '../../ui/button.tsx'
import { Choice } from '../../ui/fields.tsx'
import { Modal } from '../../ui/modal.tsx'
import { ErrorNote, Note } from '../../ui/notes.tsx'
import { Section } from '../../ui/page.tsx'

type Fate = 'retain' | 'delete'

export function StopItem({ item }: { readonly item: ItemDocument }) {
  const agent = useAgent()
  const queries = useQueryClient()
  const [isAsking, setIsAsking] = useState(false)
  const [fate, setFate] = useState<Fate>('retain')
  const stop = useAct(async () => {
    await agent.stopItem(item.name, { deletesData: fate === 'delete' })
    setIsAsking(false)
    await queries.invalidateQueries()
  })
  return (
    <Section
      title="Stop protection"
      lead="No more backups are made of this item. It can be taken up again at any time."
    >
      <div className="row">
        <Button look="danger" onPress={() => setIsAsking(true)} needsAgent>
          Stop protection…
        </Button>
      </div>
      <Modal
        title={`Stop protecting ${item.name}?`}
        isOpen={isAsking}
        onClose={() => setIsAsking(false)}
        actions={
          <>
            <Button onPress={() => setIsAsking(false)}>Cancel</Button>
            <Button look="primary" onPress={stop.run} isBusy={stop.isBusy} needsAgent>
              {fate === 'retain' ? 'Stop, keep the points' : 'Stop, delete the points'}
            </Button>
          </>
        }
      >
        <div className="stack">
          <Choice<Fate>
            label="Its points"
            look="cards"
            value={fate}
            onChange={setFate}
            options={[
              { value: 'retain', title: 'Keep them', words: 'Everything that was backed up can still be restored.' },
              {
                value: 'delete',
                title: 'Delete them',
                words: 'They go to the trash, and can be brought back for 14 days.',
              },
            ]}
          />
          <ErrorNote error={stop.error} />
        </div>
      </Modal>
    </Section>
  )
}

export function StoppedNote({ item }: { readonly item: ItemDocument }) {
  const agent = useAgent()
  const queries = useQueryClient()
  const { stopped } = item
  const resume = useAct(async () => {
    if (stopped?.data === 'deleted') await agent.undeleteItem(item.name)
    await agent.resumeItem(item.name)
    await queries.invalidateQueries()
  })
  if (stopped === null) return null
  const since = `Since ${formatDate(stopped.at)}, by ${stopped.who}.`
  return (
    <>
      <Note
        tone="warning"
        title={
          stopped.data === 'retained'
            ? 'Not backed up: its points are kept'
            : 'Not backed up: its points are in the trash'
        }
        action={
          item.access === 'owner' && (
            <Button size="small" onPress={resume.run} isBusy={resume.isBusy} needsAgent>
              {stopped.data === 'retained' ? 'Protect again' : 'Bring back and protect again'}
            </Button>
          )
        }
      >
        {stopped.until === null ? since : `${since} They can be brought back until ${formatDate(stopped.until)}.`}
      </Note>
      <ErrorNote error={resume.error} />
    </>
  )
}
