/** Chooses a folder of the computer on which the agent runs: goes down and up, and takes the one it stands in. */
import { CornerLeftUp, Folder, FolderLock, House } from 'lucide-react'
import { useState } from 'react'
import { Button as AriaButton } from 'react-aria-components'
import { useAsk } from '../client/use-agent.ts'
import { IconButton } from './button.tsx'
import { Tick } from './fields.tsx'
import { FileName } from './file-name.tsx'
import { ErrorNote, Loading } from './notes.tsx'

export function FolderBrowser(props: {
  /** Where it begins; left out: the person's own folder. */
  readonly start?: string
  readonly onLook: (folder: string) => void
}) {
  const [path, setPath] = useState<string | undefined>(props.start)
  const [showsHidden, setShowsHidden] = useState(false)
  const { answer, error, isLoading, again } = useAsk(['listFolders', path], async (agent) => {
    const listing = await agent.listFolders(path)
    props.onLook(listing.folder.path)
    return listing
  })
  const go = (to: string | undefined) => {
    setPath(to)
    if (to !== undefined) props.onLook(to)
  }
  const folders = answer?.folders.filter(({ isHidden }) => showsHidden || !isHidden) ?? []
  return (
    <div className="folders">
      <div className="folders-head">
        <IconButton label="Your own folder" icon={<House aria-hidden />} onPress={() => go(undefined)} />
        <IconButton
          label="The folder above"
          icon={<CornerLeftUp aria-hidden />}
          isDisabled={answer === undefined || answer.above === null}
          onPress={() => go(answer?.above ?? undefined)}
        />
        <span className="folders-path">{answer && <FileName name={answer.folder.path} />}</span>
      </div>
      <ErrorNote error={error} again={again} />
      {isLoading && <Loading what="folders" />}
      {answer && (
        <ul className="folders-list" aria-label="Folders">
          {folders.map(({ path: to, pathBytes, name, isReadable }) => (
            <li key={pathBytes ?? to}>
              <AriaButton
                className="folders-item"
                isDisabled={!isReadable || pathBytes !== undefined}
                onPress={() => go(to)}
              >
                {isReadable ? <Folder aria-hidden /> : <FolderLock aria-hidden />}
                <FileName name={name} />
                {!isReadable && <span className="hint">may not be read</span>}
              </AriaButton>
            </li>
          ))}
          {folders.length === 0 && <li className="hint folders-none">No folders in here.</li>}
        </ul>
      )}
      <Tick isOn={showsHidden} onChange={setShowsHidden}>
        Show hidden folders
      </Tick>
    </div>
  )
}
