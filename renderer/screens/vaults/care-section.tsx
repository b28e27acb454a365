import { Activity, KeyRound } from 'lucide-react'
import { useState } from 'react'
import type { VaultDetails, VaultTest } from '../../../agent-core/contract/index.ts'
import { useAct } from '../../client/use-act.ts'
import { useAgent } from '../../client/use-agent.ts'
import { Button } from '../../ui/button.tsx'
import { ErrorNote } from '../../ui/notes.tsx'
import { Section } from '../../ui/page.tsx'
import { PassphraseDialog } from './passphrase-dialog.tsx'
import { VaultTestNote } from './vault-test-note.tsx'

/** What the owner of a vault does with it now and then. */
export function CareSection({ vault }: { readonly vault: VaultDetails }) {
  const agent = useAgent()
  const [tested, setTested] = useState<VaultTest>()
  const [isChanging, setIsChanging] = useState(false)
  const test = useAct(async () => setTested(await agent.testVault(vault.name)))
  return (
    <Section title="Care">
      <ErrorNote error={test.error} />
      {tested && <VaultTestNote test={tested} />}
      <div className="row">
        <Button icon={<Activity aria-hidden />} onPress={test.run} isBusy={test.isBusy} needsAgent>
          Test it
        </Button>
        <Button icon={<KeyRound aria-hidden />} onPress={() => setIsChanging(true)} needsAgent>
          Change the passphrase…
        </Button>
      </div>
      <PassphraseDialog vault={vault.name} isOpen={isChanging} onClose={() => setIsChanging(false)} />
    </Section>
  )
}
