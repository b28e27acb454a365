import { type ReactNode, useId, useState } from 'react'
import { Form } from 'react-aria-components'
import { Button } from './button.tsx'
import { PassphraseInput } from './fields.tsx'
import { Modal } from './modal.tsx'

/** Asks for one secret, which is forgotten when the dialog closes. */
export function SecretDialog(props: {
  readonly title: string
  readonly label: string
  /** The button that gives the secret. */
  readonly action: string
  readonly onGive: (secret: string) => void
  readonly onClose: () => void
  readonly isBusy?: boolean
  readonly needsAgent?: boolean
  /** Why it is asked for. */
  readonly children: ReactNode
  readonly below?: ReactNode
}) {
  const [secret, setSecret] = useState('')
  const form = useId()
  const { isBusy = false, needsAgent = false } = props
  return (
    <Modal
      title={props.title}
      isOpen
      onClose={props.onClose}
      actions={
        <>
          <Button onPress={props.onClose}>Cancel</Button>
          <Button
            look="primary"
            type="submit"
            form={form}
            isDisabled={secret === ''}
            isBusy={isBusy}
            needsAgent={needsAgent}
          >
            {props.action}
          </Button>
        </>
      }
    >
      <Form
        id={form}
        className="stack"
        onSubmit={(event) => {
          event.preventDefault()
          if (secret !== '') props.onGive(secret)
        }}
      >
        <p>{props.children}</p>
        <PassphraseInput label={props.label} autoFocus value={secret} onChange={setSecret} />
        {props.below}
      </Form>
    </Modal>
  )
}
