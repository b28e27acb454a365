/** What was chosen, where it shall go, what would happen, and what has happened. */
import { Download, FolderOpen, X } from 'lucide-react'
import { useState } from 'react'
import type { ItemDocument, JobId, PointDocument, RestoreRequest } from '../../../agent-core/contract/index.ts'
import { useAct } from '../../client/use-act.ts'
import { useAgent } from '../../client/use-agent.ts'
import { saveDownload } from '../../platform/shell.ts'
import { countOf, formatSize, formatTime } from '../../text/amounts.ts'
import { Button, IconButton } from '../../ui/button.tsx'
import { Choice, SelectInput, Tick } from '../../ui/fields.tsx'
import { FileName } from '../../ui/file-name.tsx'
import { FolderButton } from '../../ui/folder-button.tsx'
import { ErrorNote } from '../../ui/notes.tsx'
import type { Basket } from './basket.ts'
import { RestorePlan } from './restore-plan.tsx'
import { RestoreRun } from './restore-run.tsx'

export interface RestoreChoices {
  readonly place: 'folder' | 'original'
  readonly directory: string | undefined
  readonly conflict: RestoreRequest['conflict']
  readonly only: 'all' | 'missing' | 'changed'
  readonly metadata: boolean
}

const firstChoices: RestoreChoices = {
  place: 'folder',
  directory: undefined,
  conflict: 'copy',
  only: 'all',
  metadata: true,
}

export function BasketPanel(props: {
  readonly item: ItemDocument
  readonly point: PointDocument
  readonly basket: Basket
  readonly onRemove: (path: string) => void
  readonly onEmpty: () => void
}) {
  const { item, point, basket } = props
  const agent = useAgent()
  const [choices, setChoices] = useState(firstChoices)
  const [planned, setPlanned] = useState<{ readonly request: RestoreRequest; readonly key: string }>()
  const [job, setJob] = useState<JobId>()
  const request = requestOf(item, point, basket, choices)
  const start = useAct(async (_signal, wanted: RestoreRequest) => setJob((await agent.startRestore(wanted)).id))
  if (job !== undefined) {
    return (
      <aside className="basket" aria-label="Restore">
        <RestoreRun
          job={job}
          folder={choices.place === 'folder' ? choices.directory : undefined}
          onDone={() => {
            setJob(undefined)
            setPlanned(undefined)
            props.onEmpty()
          }}
        />
      </aside>
    )
  }
  const key = request && JSON.stringify(request)
  return (
    <aside className="basket" aria-label="Restore">
      <h2>From {formatTime(point.time)}</h2>
      <Chosen basket={basket} onRemove={props.onRemove} item={item} point={point} />
      <Where item={item} choices={choices} onChange={setChoices} />
      {planned !== undefined && planned.key === key ? (
        <RestorePlan request={planned.request} start={start} />
      ) : (
        <>
          <Button
            look="primary"
            isDisabled={request === undefined}
            onPress={() => request && key && setPlanned({ request, key })}
            needsAgent
          >
            Show what would happen
          </Button>
          {request === undefined && <p className="hint">Choose the folder first.</p>}
        </>
      )}
    </aside>
  )
}

function requestOf(
  item: ItemDocument,
  point: PointDocument,
  basket: Basket,
  { place, directory, conflict, only, metadata }: RestoreChoices,
): RestoreRequest | undefined {
  if (place === 'folder' && directory === undefined) return undefined
  return {
    item: item.name,
    point: point.id,
    paths: [...basket.keys()],
    target: place === 'folder' && directory !== undefined ? { directory } : 'original',
    conflict,
    ...(only !== 'all' && { only }),
    metadata,
    special: false,
  }
}

function Chosen(props: {
  readonly basket: Basket
  readonly item: ItemDocument
  readonly point: PointDocument
  readonly onRemove: (path: string) => void
}) {
  const { basket, item, point } = props
  const agent = useAgent()
  const save = useAct(async (_signal, path: string) => {
    saveDownload?.((await agent.offerDownload(item.name, point.id, path)).id)
  })
  if (basket.size === 0) {
    return (
      <p className="basket-all">
        <strong>The whole point</strong>
        <span className="hint">
          {countOf(point.files, 'file')}, {formatSize(point.bytes.total)}. Tick files or folders to restore only those.
        </span>
      </p>
    )
  }
  return (
    <>
      <ul className="basket-list" aria-label="Chosen files and folders">
        {[...basket.values()].map(({ path, type, size }) => (
          <li key={path}>
            <FileName name={path} />
            <span className="hint number">{type === 'directory' ? 'folder' : formatSize(size)}</span>
            {type === 'file' && saveDownload !== undefined && (
              <IconButton
                label={`Download ${path}`}
                icon={<Download aria-hidden />}
                isDisabled={save.isBusy}
                onPress={() => save.run(path)}
              />
            )}
            <IconButton label={`Take ${path} out`} icon={<X aria-hidden />} onPress={() => props.onRemove(path)} />
          </li>
        ))}
      </ul>
      <ErrorNote error={save.error} />
    </>
  )
}

function Where(props: {
  readonly item: ItemDocument
  readonly choices: RestoreChoices
  readonly onChange: (choices: RestoreChoices) => void
}) {
  const { choices, onChange } = props
  const isForeign = props.item.access === 'read-only'
  return (
    <div className="stack">
      <Choice
        label="Restore to"
        value={choices.place}
        onChange={(place) => onChange({ ...choices, place })}
        options={[
          { value: 'folder', title: 'Another folder', words: 'What is on the computer now stays as it is.' },
          {
            value: 'original',
            title: 'Where it was',
            isDisabled: isForeign,
            ...(isForeign && { words: 'These files are from another computer.' }),
          },
        ]}
      />
      {choices.place === 'folder' && (
        <div className="row">
          <FolderButton
            icon={<FolderOpen aria-hidden />}
            title="Choose the folder to restore into"
            action="Restore into this folder"
            onChoose={(directory) => onChange({ ...choices, directory })}
          >
            Choose the folder…
          </FolderButton>
          {choices.directory !== undefined && <FileName name={choices.directory} />}
        </div>
      )}
      <SelectInput
        label="Where a file is in the way"
        value={choices.conflict}
        onChange={(conflict) => onChange({ ...choices, conflict })}
        options={[
          { value: 'copy', title: 'Keep both: a copy beside it' },
          { value: 'overwrite', title: 'Overwrite it' },
          { value: 'skip', title: 'Leave it, skip the restored one' },
        ]}
      />
      <SelectInput
        label="Which files"
        value={choices.only}
        onChange={(only) => onChange({ ...choices, only })}
        options={[
          { value: 'all', title: 'All' },
          { value: 'missing', title: 'Only those that are missing there' },
          { value: 'changed', title: 'Only those that have changed' },
        ]}
      />
      <Tick isOn={choices.metadata} onChange={(metadata) => onChange({ ...choices, metadata })}>
        Owners, permissions and times, too
      </Tick>
    </div>
  )
}
