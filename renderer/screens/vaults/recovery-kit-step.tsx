/** The recovery kit of a new vault: saved or printed first, then a part of its code typed back from what was saved. */
import { Download, Printer } from 'lucide-react'
import { useState } from 'react'
import { Form } from 'react-aria-components'
import type { CreatedVault } from '../../../agent-core/contract/index.ts'
import { systemClock } from '../../platform/clock.ts'
import { saveText } from '../../platform/shell.ts'
import { isTypedBack, recoveryKitName, recoveryKitText } from '../../text/recovery-kit.ts'
import { Button } from '../../ui/button.tsx'
import { TextInput } from '../../ui/fields.tsx'
import { Note } from '../../ui/notes.tsx'
import { VaultTestNow } from './vault-test-note.tsx'

export function RecoveryKitStep({ vault, onDone }: { readonly vault: CreatedVault; readonly onDone: () => void }) {
  const [isSaved, setIsSaved] = useState(false)
  const [isAsked, setIsAsked] = useState(false)
  const [text] = useState(() =>
    recoveryKitText({
      vault: vault.name,
      address: vault.address,
      machine: vault.machine,
      recoveryCode: vault.recoveryCode,
      madeAt: new Date(systemClock.nowMs()).toISOString(),
    }),
  )
  if (isAsked) return <TypedBack vault={vault} onBack={() => setIsAsked(false)} onDone={onDone} />
  return (
    <div className="stack">
      <VaultTestNow vault={vault.name} />
      <p className="lead">
        Keep this where the computer is not: on paper, with somebody you trust, in a password manager. It is shown only
        now.
      </p>
      <pre className="kit" tabIndex={0} aria-label="Recovery kit">
        {text}
      </pre>
      <div className="row">
        <Button
          icon={<Download aria-hidden />}
          look={isSaved ? 'plain' : 'primary'}
          onPress={() => {
            void saveText(recoveryKitName(vault.name), text).then((isSavedNow) => setIsSaved(isSaved || isSavedNow))
          }}
        >
          Save the kit
        </Button>
        <Button
          icon={<Printer aria-hidden />}
          onPress={() => {
            window.print()
            setIsSaved(true)
          }}
        >
          Print
        </Button>
      </div>
      {vault.remarks.map((remark) => (
        <Note key={remark}>{remark}</Note>
      ))}
      <div className="wizard-actions">
        <Button look={isSaved ? 'primary' : 'plain'} isDisabled={!isSaved} onPress={() => setIsAsked(true)}>
          I have it in a safe place
        </Button>
      </div>
    </div>
  )
}

function TypedBack(props: { readonly vault: CreatedVault; readonly onBack: () => void; readonly onDone: () => void }) {
  const [typed, setTyped] = useState('')
  const isRight = isTypedBack(typed, props.vault.recoveryCode)
  return (
    <Form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault()
        if (isRight) props.onDone()
      }}
    >
      <p className="lead">
        To be sure that the kit can be read: open what you have saved, and type the last two groups of its recovery
        code.
      </p>
      <TextInput
        label="Last two groups of the recovery code"
        value={typed}
        onChange={setTyped}
        isCode
        autoFocus
        trouble={isRight ? undefined : 'These are not the last two groups. Look into the kit again.'}
        hint="Ten characters, such as 7K3QX-9MZ2A."
      />
      <div className="wizard-actions">
        <Button onPress={props.onBack}>Show the kit again</Button>
        <Button type="submit" look="primary" isDisabled={!isRight}>
          Go on
        </Button>
      </div>
    </Form>
  )
}
