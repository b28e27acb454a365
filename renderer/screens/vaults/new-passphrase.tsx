/** Asks for the passphrase of a new vault: generated or typed, twice. It is kept in this form only, until it is used. */
import { Copy, RefreshCw } from 'lucide-react'
import { useState } from 'react'
import { Form } from 'react-aria-components'
import { createPassphrase, passphraseTrouble } from '../../text/passphrase.ts'
import { Button } from '../../ui/button.tsx'
import { Choice, PassphraseInput } from '../../ui/fields.tsx'
import { Note } from '../../ui/notes.tsx'

const randomBytes = (sizeBytes: number) => crypto.getRandomValues(new Uint8Array(sizeBytes))

export function NewPassphrase(props: {
  readonly action: string
  readonly isBusy: boolean
  readonly onBack?: () => void
  readonly onDone: (passphrase: string) => void
}) {
  const [kind, setKind] = useState<'generated' | 'typed'>('generated')
  const [generated, setGenerated] = useState(() => createPassphrase(randomBytes))
  const [typed, setTyped] = useState('')
  const [again, setAgain] = useState('')
  const isReady = kind === 'generated' || (passphraseTrouble(typed) === undefined && typed === again)
  return (
    <Form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault()
        if (isReady) props.onDone(kind === 'generated' ? generated : typed)
      }}
    >
      <Note tone="warning" title="Without the passphrase the data is lost.">
        Everything is encrypted with it before it leaves this computer. Nobody can reset it: not the maker of this
        program, not the owner of the disk. The recovery kit that comes next is the only other way in.
      </Note>
      <Choice
        label="Passphrase"
        value={kind}
        onChange={setKind}
        options={[
          { value: 'generated', title: 'Use this one', words: 'Made at random on this computer.' },
          { value: 'typed', title: 'Type my own', words: 'At least 16 characters; some words are easy to remember.' },
        ]}
      />
      {kind === 'generated' ? (
        <Generated passphrase={generated} onAnother={() => setGenerated(createPassphrase(randomBytes))} />
      ) : (
        <>
          <PassphraseInput
            label="Your passphrase"
            isNew
            value={typed}
            onChange={setTyped}
            trouble={passphraseTrouble(typed)}
          />
          <PassphraseInput
            label="The same again"
            isNew
            value={again}
            onChange={setAgain}
            trouble={again === typed ? undefined : 'The two are not the same.'}
          />
        </>
      )}
      <div className="wizard-actions">
        {props.onBack && <Button onPress={props.onBack}>Back</Button>}
        <Button type="submit" look="primary" isDisabled={!isReady} isBusy={props.isBusy} needsAgent>
          {props.action}
        </Button>
      </div>
    </Form>
  )
}

function Generated({ passphrase, onAnother }: { readonly passphrase: string; readonly onAnother: () => void }) {
  return (
    <div className="secret">
      <output className="secret-text" aria-label="Passphrase">
        {passphrase}
      </output>
      <div className="row">
        <Button
          size="small"
          icon={<Copy aria-hidden />}
          onPress={() => void navigator.clipboard.writeText(passphrase).catch(() => {})}
        >
          Copy
        </Button>
        <Button size="small" icon={<RefreshCw aria-hidden />} onPress={onAnother}>
          Another one
        </Button>
      </div>
      <p className="hint">Save it in your password manager, or write it down, before you go on.</p>
    </div>
  )
}
