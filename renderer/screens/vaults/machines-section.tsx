/** The computers that write to a vault; each can be removed from it, and brought back while its points wait in the trash. */
import { useQueryClient } from '@tanstack/react-query'
import { Monitor, Undo2 } from 'lucide-react'
import { useState } from 'react'
import type {
  KeyspaceId,
  MachineDocument,
  RemovedMachineDocument,
  VaultDetails,
} from '../../../agent-core/contract/index.ts'
import { useAct } from '../../client/use-act.ts'
import { useAgent, useAsk } from '../../client/use-agent.ts'
import { countOf, formatDate, formatSize, formatTime } from '../../text/amounts.ts'
import { machineName } from '../../text/machine-name.ts'
import { Button } from '../../ui/button.tsx'
import { ErrorNote, Loading } from '../../ui/notes.tsx'
import { Section } from '../../ui/page.tsx'
import { Tag } from '../../ui/tag.tsx'
import { RemoveMachine } from './remove-machine.tsx'
import { UnlockMachines } from './unlock-machines.tsx'

/** What a passphrase has told of a computer whose key is not here: kept while the page is shown. */
type Sealed = Pick<MachineDocument, 'name' | 'state' | 'removed'>

export function MachinesSection({ vault }: { readonly vault: VaultDetails }) {
  const agent = useAgent()
  const queries = useQueryClient()
  const { answer, error, isLoading, again } = useAsk(
    ['machines', vault.name],
    async (asked) => await asked.listMachines(vault.name, undefined),
  )
  const [told, setTold] = useState<ReadonlyMap<KeyspaceId, Sealed>>(new Map())
  const [removing, setRemoving] = useState<MachineDocument>()
  const [isUnlocking, setIsUnlocking] = useState(false)
  const hear = (id: KeyspaceId, sealed: Sealed) => setTold((before) => new Map(before).set(id, sealed))
  const changed = async (id: KeyspaceId, { machine, removed }: RemovedMachineDocument) => {
    hear(id, { name: machine, state: removed === null ? 'active' : 'removed', removed })
    await queries.invalidateQueries()
  }
  const bringBack = useAct(
    async (_signal, { id }: MachineDocument) => await changed(id, await agent.undeleteMachine(vault.name, id)),
  )
  const machines = answer?.map((machine) =>
    machine.state === 'locked' ? { ...machine, ...told.get(machine.id) } : machine,
  )
  return (
    <Section title="Computers" lead="Each computer that writes to this vault has a key of its own there.">
      <ErrorNote error={error} again={again} />
      <ErrorNote error={bringBack.error} />
      {isLoading && <Loading what="the computers of the vault" lines={2} />}
      {machines?.length === 0 && <p className="hint">No computer has written to it yet.</p>}
      {machines && machines.length > 0 && (
        <ul className="list-box" aria-label="Computers of this vault">
          {machines.map((machine) => (
            <Line
              key={machine.id}
              machine={machine}
              isBusy={bringBack.isBusy}
              onRemove={() => setRemoving(machine)}
              onBringBack={() => bringBack.run(machine)}
            />
          ))}
        </ul>
      )}
      {machines?.some(({ state }) => state === 'locked') && (
        <div className="row">
          <Button onPress={() => setIsUnlocking(true)} needsAgent>
            Show names…
          </Button>
        </div>
      )}
      {isUnlocking && (
        <UnlockMachines
          vault={vault.name}
          onClose={() => setIsUnlocking(false)}
          onUnlocked={(found) => {
            for (const machine of found) if (machine.state !== 'locked') hear(machine.id, sealedOf(machine))
          }}
        />
      )}
      {removing && (
        <RemoveMachine
          vault={vault.name}
          machine={removing}
          onClose={() => setRemoving(undefined)}
          onRemoved={async (document) => await changed(removing.id, document)}
        />
      )}
    </Section>
  )
}

function Line(props: {
  readonly machine: MachineDocument
  readonly isBusy: boolean
  readonly onRemove: () => void
  readonly onBringBack: () => void
}) {
  const { machine } = props
  const name = machineName(machine)
  return (
    <li className="list-line">
      <Monitor aria-hidden />
      <span className="list-words">
        <span>{name}</span>
        <span className="tags">
          {machine.isThis && <Tag tone="good">this computer</Tag>}
          {machine.state === 'removed' && <Tag tone="warning">removed</Tag>}
        </span>
        <span className="hint list-second">{factsOf(machine)}</span>
      </span>
      {machine.state === 'removed' ? (
        <Button
          size="small"
          icon={<Undo2 aria-hidden />}
          label={`Bring ${name} back`}
          onPress={props.onBringBack}
          isDisabled={props.isBusy}
          needsAgent
        >
          Bring back
        </Button>
      ) : (
        <Button size="small" look="quiet" label={`Remove ${name}…`} onPress={props.onRemove} needsAgent>
          Remove…
        </Button>
      )}
    </li>
  )
}

function sealedOf({ name, state, removed }: MachineDocument): Sealed {
  return { name, state, removed }
}

function factsOf({ removed, points, items, lastPointAt, storedBytes }: MachineDocument): string {
  const last = lastPointAt === null ? 'No backup yet' : `Last backup ${formatTime(lastPointAt)}`
  const facts = `${last} · ${countOf(points, 'point')} of ${countOf(items, 'item')} · ${formatSize(storedBytes)}`
  return removed === null
    ? facts
    : `${facts} · removed by ${removed.who}, comes back until ${formatDate(removed.until)}`
}
