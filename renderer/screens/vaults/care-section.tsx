import { Activity, Eraser, KeyRound } from 'lucide-react'
import { useState } from 'react'
import type { PruneDocument, VaultDetails, VaultTest } from '../../../agent-core/contract/index.ts'
import { useAct } from '../../client/use-act.ts'
import { useAgent } from '../../client/use-agent.ts'
import { countOf, formatDate, formatSize } from '../../text/amounts.ts'
import { Button } from '../../ui/button.tsx'
import { ErrorNote, Note } from '../../ui/notes.tsx'
import { Section } from '../../ui/page.tsx'
import { PassphraseDialog } from './passphrase-dialog.tsx'
import { VaultTestNote } from './vault-test-note.tsx'

/** What the owner of a vault does with it now and then. */
export function CareSection({ vault }: { readonly vault: VaultDetails }) {
  const agent = useAgent()
  const [tested, setTested] = useState<VaultTest>()
  const [isChanging, setIsChanging] = useState(false)
  const [cleanUp, setCleanUp] = useState<PruneDocument>()
  const test = useAct(async () => setTested(await agent.testVault(vault.name)))
  const prune = useAct(async (signal, plan: boolean) => {
    setCleanUp(await agent.pruneVault(vault.name, { plan }, { signal }))
  })
  return (
    <Section title="Care">
      <ErrorNote error={test.error} />
      {tested && <VaultTestNote test={tested} />}
      <ErrorNote error={prune.error} />
      {cleanUp && <CleanUp found={cleanUp} isBusy={prune.isBusy} onRun={() => prune.run(false)} />}
      <div className="row">
        <Button icon={<Activity aria-hidden />} onPress={test.run} isBusy={test.isBusy} needsAgent>
          Test it
        </Button>
        <Button icon={<Eraser aria-hidden />} onPress={() => prune.run(true)} isBusy={prune.isBusy} needsAgent>
          Clean up…
        </Button>
        <Button icon={<KeyRound aria-hidden />} onPress={() => setIsChanging(true)} needsAgent>
          Change the passphrase…
        </Button>
      </div>
      <PassphraseDialog vault={vault.name} isOpen={isChanging} onClose={() => setIsChanging(false)} />
    </Section>
  )
}

function CleanUp(props: { readonly found: PruneDocument; readonly isBusy: boolean; readonly onRun: () => void }) {
  const { found } = props
  const frees = Math.max(0, found.bytes.now - found.bytes.afterGrace)
  const isNeeded = found.plan && (found.points.length > 0 || found.announced.files > 0 || found.waiting.files > 0)
  const points = countOf(found.points.length, 'point')
  return (
    <Note
      title={found.plan ? 'This is what a clean-up would do' : 'The vault was cleaned up'}
      action={
        isNeeded && (
          <Button size="small" onPress={props.onRun} isBusy={props.isBusy} needsAgent>
            Clean up now
          </Button>
        )
      }
    >
      {found.plan
        ? `${points} that nothing keeps any more would go, and ${formatSize(frees)} would come back.`
        : `${points} went; ${formatSize(frees)} come back${dueWords(found)}.`}
      {found.refusal === null ? '' : ` ${found.refusal}`}
      {found.remarks.map((remark) => ` ${remark}`)}
    </Note>
  )
}

function dueWords({ announced, waiting }: PruneDocument): string {
  const due = announced.due ?? waiting.due
  return due === null ? '' : ` after ${formatDate(due)}`
}
