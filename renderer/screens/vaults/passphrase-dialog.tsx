import { useState } from 'react'
import { useAct } from '../../client/use-act.ts'
import { useAgent } from '../../client/use-agent.ts'
import { passphraseTrouble } from '../../text/passphrase.ts'
import { Button } from '../../ui/button.tsx'
import { PassphraseInput } from '../../ui/fields.tsx'
import { Modal } from '../../ui/modal.tsx'
import { ErrorNote, Note } from '../../ui/notes.tsx'

/** Gives a vault another passphrase. */
export function PassphraseDialog(props: {
  readonly vault: string
  readonly isOpen: boolean
  readonly onClose: () => void
}) {
  const agent = useAgent()
  const [typed, setTyped] = useState('')
  const [again, setAgain] = useState('')
  const [remarks, setRemarks] = useState<readonly string[]>()
  const close = () => {
    setTyped('')
    setAgain('')
    setRemarks(undefined)
    props.onClose()
  }
  const change = useAct(async () => setRemarks((await agent.setPassphrase(props.vault, typed, undefined)).remarks))
  const isReady = passphraseTrouble(typed) === undefined && typed === again
  return (
    <Modal
      title={`Passphrase of ${props.vault}`}
      isOpen={props.isOpen}
      onClose={close}
      actions={
        remarks === undefined ? (
          <>
            <Button onPress={close}>Cancel</Button>
            <Button look="primary" onPress={change.run} isDisabled={!isReady} isBusy={change.isBusy} needsAgent>
              Change it
            </Button>
          </>
        ) : (
          <Button look="primary" onPress={close}>
            Close
          </Button>
        )
      }
    >
      {remarks === undefined ? (
        <div className="stack">
          <p>Nothing is uploaded again. The recovery code stays as it is.</p>
          <PassphraseInput
            label="New passphrase"
            isNew
            autoFocus
            value={typed}
            onChange={setTyped}
            trouble={passphraseTrouble(typed)}
          />
          <PassphraseInput
            label="The same again"
            isNew
            value={again}
            onChange={setAgain}
            trouble={typed === again ? undefined : 'The two are not the same.'}
          />
          <ErrorNote error={change.error} />
        </div>
      ) : (
        <Note tone="good" title="The passphrase is changed">
          {remarks.join(' ')}
        </Note>
      )}
    </Modal>
  )
}
