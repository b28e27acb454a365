/** A new vault by itself: place → passphrase → recovery kit. */
import { useState } from 'react'
import { useLocation } from 'wouter'
import type { CreatedVault } from '../../../agent-core/contract/index.ts'
import { vaultPath } from '../../client/paths.ts'
import { useAct } from '../../client/use-act.ts'
import { useAgent } from '../../client/use-agent.ts'
import { ErrorNote } from '../../ui/notes.tsx'
import { Page } from '../../ui/page.tsx'
import { Wizard } from '../../ui/wizard.tsx'
import { emptyVault, placeOf, placeTrouble } from '../protect/protect-draft.ts'
import { StepActions } from '../protect/step-actions.tsx'
import { NewPassphrase } from './new-passphrase.tsx'
import { RecoveryKitStep } from './recovery-kit-step.tsx'
import { VaultPlace } from './vault-place.tsx'

const words = { place: 'Place', passphrase: 'Passphrase', kit: 'Recovery kit' } as const
type Step = keyof typeof words
const titles: Readonly<Record<Step, string>> = {
  place: 'Where shall the vault lie?',
  passphrase: 'A passphrase for the vault',
  kit: 'Your recovery kit',
}

export function NewVaultPage() {
  const agent = useAgent()
  const [, navigate] = useLocation()
  const [step, setStep] = useState<Step>('place')
  const [place, setPlace] = useState(emptyVault)
  const [created, setCreated] = useState<CreatedVault>()
  const create = useAct(async (_signal, passphrase: string) => {
    setCreated(await agent.createVault(place.name, placeOf(place), passphrase))
    setStep('kit')
  })
  return (
    <Page title="New vault" above={{ to: '/vaults', title: 'Vaults' }}>
      <Wizard steps={Object.keys(words) as Step[]} words={words} step={step} title={titles[step]}>
        {step === 'place' && (
          <div className="stack">
            <VaultPlace value={place} onChange={setPlace} />
            <StepActions onNext={() => setStep('passphrase')} trouble={placeTrouble(place)} />
          </div>
        )}
        {step === 'passphrase' && (
          <>
            <ErrorNote error={create.error} />
            <NewPassphrase
              action="Make the vault"
              isBusy={create.isBusy}
              onBack={() => setStep('place')}
              onDone={create.run}
            />
          </>
        )}
        {step === 'kit' && created && (
          <RecoveryKitStep vault={created} onDone={() => navigate(vaultPath(created.name))} />
        )}
      </Wizard>
    </Page>
  )
}
