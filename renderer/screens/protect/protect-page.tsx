/** The way to a protected item: folders → vault → passphrase → recovery kit → schedule → summary → first backup. */
import { useState } from 'react'
import { useAct } from '../../client/use-act.ts'
import { useAgent } from '../../client/use-agent.ts'
import { ErrorNote } from '../../ui/notes.tsx'
import { Page } from '../../ui/page.tsx'
import { Wizard } from '../../ui/wizard.tsx'
import { NewPassphrase } from '../vaults/new-passphrase.tsx'
import { RecoveryKitStep } from '../vaults/recovery-kit-step.tsx'
import { FirstBackupStep } from './first-backup-step.tsx'
import { FoldersStep } from './folders-step.tsx'
import { emptyDraft, placeOf, type Step, stepsOf, stepWords } from './protect-draft.ts'
import { ScheduleStep } from './schedule-step.tsx'
import type { StepProps } from './step-props.ts'
import { SummaryStep } from './summary-step.tsx'
import { VaultStep } from './vault-step.tsx'

const titles: Readonly<Record<Step, string>> = {
  folders: 'What shall be protected?',
  vault: 'Where shall the points be kept?',
  passphrase: 'A passphrase for the vault',
  kit: 'Your recovery kit',
  schedule: 'When, and for how long?',
  summary: 'This is what will happen',
  backup: 'The first backup',
}

export function ProtectPage() {
  const [draft, setDraft] = useState(emptyDraft)
  const [step, setStep] = useState<Step>('folders')
  const steps = stepsOf(draft)
  const go = (by: number) => setStep(steps[steps.indexOf(step) + by] ?? step)
  const shared = { draft, onChange: setDraft, onNext: () => go(1) }
  return (
    <Page title="Protect folders" width="wide" above={{ to: '/items', title: 'Items' }}>
      <Wizard steps={steps} words={stepWords} step={step} title={titles[step]}>
        {step === 'folders' && <FoldersStep {...shared} />}
        {step === 'vault' && <VaultStep {...shared} onBack={() => go(-1)} />}
        {step === 'passphrase' && <PassphraseStep {...shared} onBack={() => go(-1)} />}
        {step === 'kit' && draft.created && <RecoveryKitStep vault={draft.created} onDone={() => go(1)} />}
        {step === 'schedule' && (
          <ScheduleStep {...shared} {...(draft.created === undefined && { onBack: () => go(-1) })} />
        )}
        {step === 'summary' && <SummaryStep {...shared} onBack={() => go(-1)} />}
        {step === 'backup' && <FirstBackupStep item={draft.itemName} />}
      </Wizard>
    </Page>
  )
}

function PassphraseStep({ draft, onChange, onNext, onBack }: StepProps) {
  const agent = useAgent()
  const create = useAct(async (_signal, passphrase: string) => {
    const created = await agent.createVault(draft.newVault.name, placeOf(draft.newVault), passphrase)
    onChange({ ...draft, created })
    onNext()
  })
  return (
    <>
      <ErrorNote error={create.error} />
      <NewPassphrase
        action="Make the vault"
        isBusy={create.isBusy}
        onDone={create.run}
        {...(onBack !== undefined && { onBack })}
      />
    </>
  )
}
