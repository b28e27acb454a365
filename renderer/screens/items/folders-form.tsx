/** Folders and exclusions of an item, with what they hold while one looks. */
import { FolderPlus, X } from 'lucide-react'
import { Button as AriaButton, Disclosure, DisclosurePanel } from 'react-aria-components'
import type { FolderMeasuresDocument } from '../../../agent-core/contract/index.ts'
import { countOf, formatSize } from '../../text/amounts.ts'
import { IconButton } from '../../ui/button.tsx'
import { TextInput, Tick } from '../../ui/fields.tsx'
import { FileName } from '../../ui/file-name.tsx'
import { FolderButton } from '../../ui/folder-button.tsx'
import { ErrorNote } from '../../ui/notes.tsx'
import { useMeasure } from '../../ui/use-measure.ts'
import { parseExcludes } from '../protect/protect-draft.ts'

export interface FoldersValue {
  readonly folders: readonly string[]
  readonly excludes: string
  readonly defaultExcludes: boolean
  readonly crossMounts: boolean
}

export function FoldersForm(props: {
  readonly value: FoldersValue
  readonly onAdd: (folder: string) => void
  readonly onRemove: (folder: string) => void
  readonly onChange: (change: Partial<Omit<FoldersValue, 'folders'>>) => void
}) {
  const { value } = props
  const { folders, defaultExcludes, crossMounts } = value
  const { measures, error } = useMeasure({
    folders,
    excludes: parseExcludes(value.excludes),
    defaultExcludes,
    crossMounts,
  })
  return (
    <>
      <div className="list-box">
        <ul aria-label="Folders to protect">
          {value.folders.map((folder) => (
            <FolderLine key={folder} folder={folder} measures={measures} onRemove={() => props.onRemove(folder)} />
          ))}
          {value.folders.length === 0 && <li className="list-none">No folder is chosen yet.</li>}
        </ul>
        <div className="list-foot">
          <FolderButton
            icon={<FolderPlus aria-hidden />}
            title="Choose a folder to protect"
            action="Add this folder"
            onChoose={props.onAdd}
          >
            Add a folder…
          </FolderButton>
          <Total measures={measures} />
        </div>
      </div>
      <ErrorNote error={error} />
      <Exclusions value={value} measures={measures} onChange={props.onChange} />
    </>
  )
}

function FolderLine(props: {
  readonly folder: string
  readonly measures: FolderMeasuresDocument | undefined
  readonly onRemove: () => void
}) {
  const measure = props.measures?.folders.find(({ path }) => path === props.folder)
  return (
    <li className="list-line">
      <span className="list-words">
        <FileName name={props.folder} />
      </span>
      <span className="number hint" aria-live="off">
        {measure === undefined
          ? 'measuring…'
          : `${countOf(measure.files, 'file')}, ${formatSize(measure.bytes)}${measure.isDone ? '' : '…'}`}
      </span>
      <IconButton label={`Remove ${props.folder}`} icon={<X aria-hidden />} onPress={props.onRemove} />
    </li>
  )
}

function Total({ measures }: { readonly measures: FolderMeasuresDocument | undefined }) {
  if (measures === undefined) return null
  const files = measures.folders.reduce((sum, folder) => sum + folder.files, 0)
  const bytes = measures.folders.reduce((sum, folder) => sum + folder.bytes, 0)
  return (
    <strong className="number" role="status">
      {countOf(files, 'file')}, {formatSize(bytes)}
      {measures.isDone ? '' : ' so far'}
    </strong>
  )
}

function Exclusions(props: {
  readonly value: FoldersValue
  readonly measures: FolderMeasuresDocument | undefined
  readonly onChange: (change: Partial<Omit<FoldersValue, 'folders'>>) => void
}) {
  const { value, measures, onChange } = props
  return (
    <div className="stack">
      <Tick
        isOn={value.defaultExcludes}
        onChange={(defaultExcludes) => onChange({ defaultExcludes })}
        hint="Caches, trash, temporary files, and what says of itself that it is no data."
      >
        Leave out what nobody misses
      </Tick>
      <Tick
        isOn={value.crossMounts}
        onChange={(crossMounts) => onChange({ crossMounts })}
        hint="Other disks and shares that are mounted inside the folders."
      >
        Also what is mounted in there
      </Tick>
      <TextInput
        label="Leave out, too"
        lines={3}
        isCode
        value={value.excludes}
        onChange={(excludes) => onChange({ excludes })}
        hint={
          <>
            One pattern a line, such as <code>*.iso</code> or <code>/home/me/Downloads</code>.
          </>
        }
      />
      <LeftOut measures={measures} />
    </div>
  )
}

function LeftOut({ measures }: { readonly measures: FolderMeasuresDocument | undefined }) {
  if (measures === undefined || measures.leftOut.count === 0) return null
  return (
    <Disclosure className="disclosure">
      <AriaButton slot="trigger" className="disclosure-button">
        {countOf(measures.leftOut.count, 'entry', 'entries')} left out: show which
      </AriaButton>
      <DisclosurePanel>
        <ul className="list-box list-small">
          {measures.leftOut.examples.map(({ path, pathBytes, rule, reason }) => (
            <li className="list-line" key={pathBytes ?? path}>
              <span className="list-words">
                <FileName name={path} />
              </span>
              <span className="hint" title={rule}>
                {reason}
              </span>
            </li>
          ))}
        </ul>
      </DisclosurePanel>
    </Disclosure>
  )
}
