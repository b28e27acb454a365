import { useId, useState, useSyncExternalStore } from 'react'
import { Form } from 'react-aria-components'
import type { SecretQuestion, SecretQuestions } from '../client/secret-questions.ts'
import { Button } from '../ui/button.tsx'
import { PassphraseInput } from '../ui/fields.tsx'
import { Modal } from '../ui/modal.tsx'

/** Asks for a passphrase or the PIN whenever a verb needs it. */
export function SecretPrompt({ questions }: { readonly questions: SecretQuestions }) {
  const question = useSyncExternalStore(questions.subscribe, questions.first)
  return question === undefined ? null : <Prompt key={JSON.stringify(question.wanted)} question={question} />
}

function Prompt({ question }: { readonly question: SecretQuestion }) {
  const { wanted } = question
  const [secret, setSecret] = useState('')
  const form = useId()
  const isPin = wanted.kind === 'pin'
  return (
    <Modal
      title={isPin ? 'Your PIN' : `Passphrase of ${wanted.vault}`}
      isOpen
      onClose={question.refuse}
      actions={
        <>
          <Button onPress={question.refuse}>Cancel</Button>
          <Button look="primary" type="submit" form={form} isDisabled={secret === ''}>
            {isPin ? 'Go on' : 'Unlock'}
          </Button>
        </>
      }
    >
      <Form
        id={form}
        className="stack"
        onSubmit={(event) => {
          event.preventDefault()
          if (secret !== '') question.answer(secret)
        }}
      >
        <p>
          {isPin
            ? 'This takes something away, so it is guarded by your PIN.'
            : 'What is asked for is sealed with a key that is not stored on this computer.'}
        </p>
        <PassphraseInput
          label={isPin ? 'PIN' : 'Passphrase or recovery code'}
          autoFocus
          value={secret}
          onChange={setSecret}
        />
      </Form>
    </Modal>
  )
}
