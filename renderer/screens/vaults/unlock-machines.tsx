import type { MachineDocument } from '../../../agent-core/contract/index.ts'
import { useAct } from '../../client/use-act.ts'
import { useAgent } from '../../client/use-agent.ts'
import { ErrorNote } from '../../ui/notes.tsx'
import { SecretDialog } from '../../ui/secret-dialog.tsx'

/** Asks for the passphrase of other computers and tells what it opens; it is not kept. */
export function UnlockMachines(props: {
  readonly vault: string
  readonly onClose: () => void
  readonly onUnlocked: (machines: readonly MachineDocument[]) => void
}) {
  const agent = useAgent()
  const unlock = useAct(async (_signal, passphrase: string) => {
    props.onUnlocked(await agent.listMachines(props.vault, passphrase))
    props.onClose()
  })
  return (
    <SecretDialog
      title={`Computers of ${props.vault}`}
      label="Its passphrase or recovery code"
      action="Show them"
      onGive={(passphrase) => unlock.run(passphrase)}
      onClose={props.onClose}
      isBusy={unlock.isBusy}
      needsAgent
      below={<ErrorNote error={unlock.error} />}
    >
      The name of a computer, and whether it was removed, is sealed with its own key.
    </SecretDialog>
  )
}
