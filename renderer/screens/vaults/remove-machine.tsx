import { useState } from 'react'
import type { MachineDocument, RemovedMachineDocument } from '../../../agent-core/contract/index.ts'
import { useAct } from '../../client/use-act.ts'
import { useAgent } from '../../client/use-agent.ts'
import { countOf } from '../../text/amounts.ts'
import { machineName } from '../../text/machine-name.ts'
import { Button } from '../../ui/button.tsx'
import { TextInput } from '../../ui/fields.tsx'
import { Modal } from '../../ui/modal.tsx'
import { ErrorNote, Note } from '../../ui/notes.tsx'

/** Takes a computer out of a vault, after its person was told what that means. */
export function RemoveMachine(props: {
  readonly vault: string
  readonly machine: MachineDocument
  readonly onClose: () => void
  readonly onRemoved: (document: RemovedMachineDocument) => Promise<void>
}) {
  const { vault, machine, onClose } = props
  const agent = useAgent()
  const [reason, setReason] = useState('')
  const name = machineName(machine)
  const remove = useAct(async () => {
    const why = reason.trim()
    await props.onRemoved(await agent.removeMachine(vault, machine.id, why === '' ? undefined : why))
    onClose()
  })
  return (
    <Modal
      title={`Remove ${name} from ${vault}?`}
      isOpen
      onClose={onClose}
      actions={
        <>
          <Button onPress={onClose}>Cancel</Button>
          <Button look="danger" onPress={remove.run} isBusy={remove.isBusy} needsAgent>
            Remove it
          </Button>
        </>
      }
    >
      <div className="stack">
        <Note
          tone="warning"
          title={machine.isThis ? 'This computer backs up here no more.' : 'It backs up here no more.'}
        >
          What it backed up here goes to the trash: {countOf(machine.points, 'point')}. Until a clean-up takes that, it
          can be brought back.
        </Note>
        {!machine.isThis && (
          <p>Its points are sealed with its own key, so its passphrase, or its recovery code, is asked for.</p>
        )}
        <TextInput label="Why (whoever looks at it later sees this)" value={reason} onChange={setReason} />
        <ErrorNote error={remove.error} />
      </div>
    </Modal>
  )
}
