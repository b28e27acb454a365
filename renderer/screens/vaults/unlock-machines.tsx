import { useId, useState } from 'react'
import { Form } from 'react-aria-components'
import type { MachineDocument } from '../../../agent-core/contract/index.ts'
import { useAct } from '../../client/use-act.ts'
import { useAgent } from '../../client/use-agent.ts'
import { Button } from '../../ui/button.tsx'
import { PassphraseInput } from '../../ui/fields.tsx'
import { Modal } from '../../ui/modal.tsx'
import { ErrorNote } from '../../ui/notes.tsx'

/** Asks for the passphrase of other computers and tells what it opens; it is not kept. */
export function UnlockMachines(props: {
  readonly vault: string
  readonly isOpen: boolean
  readonly onClose: () => void
  readonly onUnlocked: (machines: readonly MachineDocument[]) => void
}) {
  const agent = useAgent()
  const form = useId()
  const [passphrase, setPassphrase] = useState('')
  const close = () => {
    setPassphrase('')
    unlock.clear()
    props.onClose()
  }
  const unlock = useAct(async () => {
    props.onUnlocked(await agent.listMachines(props.vault, passphrase))
    close()
  })
  return (
    <Modal
      title={`Computers of ${props.vault}`}
      isOpen={props.isOpen}
      onClose={close}
      actions={
        <>
          <Button onPress={close}>Cancel</Button>
          <Button
            look="primary"
            type="submit"
            form={form}
            isDisabled={passphrase === ''}
            isBusy={unlock.isBusy}
            needsAgent
          >
            Show them
          </Button>
        </>
      }
    >
      <Form
        id={form}
        className="stack"
        onSubmit={(event) => {
          event.preventDefault()
          if (passphrase !== '') unlock.run()
        }}
      >
        <p>The name of a computer, and whether it was removed, is sealed with its own key.</p>
        <PassphraseInput
          label="Its passphrase or recovery code"
          autoFocus
          value={passphrase}
          onChange={setPassphrase}
        />
        <ErrorNote error={unlock.error} />
      </Form>
    </Modal>
  )
}
