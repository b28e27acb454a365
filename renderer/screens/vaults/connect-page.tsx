/** "I already have a vault": connects one, to restore from it, or to go on as the computer that wrote it. */
import { useState } from 'react'
import { Form } from 'react-aria-components'
import { useLocation } from 'wouter'
import { restorePath, vaultPath } from '../../client/paths.ts'
import { useAct } from '../../client/use-act.ts'
import { useAgent } from '../../client/use-agent.ts'
import { Button } from '../../ui/button.tsx'
import { Choice, PassphraseInput, TextInput } from '../../ui/fields.tsx'
import { ErrorNote } from '../../ui/notes.tsx'
import { Page } from '../../ui/page.tsx'
import { emptyVault, placeOf, placeTrouble } from '../protect/protect-draft.ts'
import { VaultPlace } from './vault-place.tsx'

type Use = 'read' | 'take-over'

export function ConnectPage() {
  const agent = useAgent()
  const [, navigate] = useLocation()
  const [place, setPlace] = useState(emptyVault)
  const [passphrase, setPassphrase] = useState('')
  const [use, setUse] = useState<Use>('read')
  const [machine, setMachine] = useState('')
  const connect = useAct(async () => {
    const connected = await agent.connectVault(place.name, placeOf(place), passphrase, optionsOf(use, machine.trim()))
    const [item] = connected.items
    navigate(item === undefined ? vaultPath(connected.name) : restorePath(item))
  })
  const trouble = placeTrouble(place) ?? connectTrouble(passphrase, use, machine)
  return (
    <Page
      title="Connect a vault"
      lead="A vault and its passphrase, or the recovery code of its kit, are all that is needed to get files back."
      above={{ to: '/vaults', title: 'Vaults' }}
    >
      <Form
        className="stack narrow"
        onSubmit={(event) => {
          event.preventDefault()
          if (trouble === undefined) connect.run()
        }}
      >
        <VaultPlace value={place} onChange={setPlace} isThere />
        <PassphraseInput label="Passphrase or recovery code" value={passphrase} onChange={setPassphrase} />
        <Choice
          label="What for"
          value={use}
          onChange={setUse}
          options={[
            { value: 'read', title: 'Restore files', words: 'The vault is only read; nothing in it changes.' },
            {
              value: 'take-over',
              title: 'Go on as that computer',
              words: 'This computer takes the place of the one that wrote the points, which then stops.',
            },
          ]}
        />
        <TextInput
          label={use === 'read' ? 'Computer (where the vault holds several)' : 'Computer whose place is taken'}
          value={machine}
          onChange={setMachine}
          hint="Its name, as the recovery kit tells it."
        />
        <ErrorNote error={connect.error} />
        <div className="wizard-actions">
          <Button type="submit" look="primary" isDisabled={trouble !== undefined} isBusy={connect.isBusy} needsAgent>
            Connect
          </Button>
          {trouble !== undefined && <span className="hint">{trouble}</span>}
        </div>
      </Form>
    </Page>
  )
}

function connectTrouble(passphrase: string, use: Use, machine: string): string | undefined {
  if (passphrase === '') return 'Give its passphrase or recovery code.'
  return use === 'take-over' && machine.trim() === '' ? 'Name the computer whose place is taken.' : undefined
}

function optionsOf(use: Use, machine: string): { readonly read?: string; readonly takeOver?: string } {
  if (use === 'take-over') return { takeOver: machine }
  return machine === '' ? {} : { read: machine }
}
