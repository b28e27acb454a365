import { useSyncExternalStore } from 'react'
import type { SecretQuestion, SecretQuestions } from '../client/secret-questions.ts'
import { SecretDialog } from '../ui/secret-dialog.tsx'

/** Asks for a passphrase or the PIN whenever a verb needs it. */
export function SecretPrompt({ questions }: { readonly questions: SecretQuestions }) {
  const question = useSyncExternalStore(questions.subscribe, questions.first)
  return question === undefined ? null : <Prompt key={JSON.stringify(question.wanted)} question={question} />
}

function Prompt({ question }: { readonly question: SecretQuestion }) {
  const { wanted } = question
  const given = { onGive: question.answer, onClose: question.refuse }
  return wanted.kind === 'pin' ? (
    <SecretDialog title="Your PIN" label="PIN" action="Go on" {...given}>
      This takes something away, so it is guarded by your PIN.
    </SecretDialog>
  ) : (
    <SecretDialog
      title={`Passphrase of ${wanted.vault}`}
      label="Passphrase or recovery code"
      action="Unlock"
      {...given}
    >
      What is asked for is sealed with a key that is not stored on this computer.
    </SecretDialog>
  )
}
