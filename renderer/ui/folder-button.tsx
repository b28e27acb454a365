import { type ReactNode, useState } from 'react'
import { shell } from '../platform/shell.ts'
import { Button } from './button.tsx'
import { FileName } from './file-name.tsx'
import { FolderBrowser } from './folder-browser.tsx'
import { Modal } from './modal.tsx'

/** A button that asks for a folder: with the system's own dialog in the desktop shell, in a browser with one of ours. */
export function FolderButton(props: {
  readonly children: ReactNode
  readonly icon: ReactNode
  readonly title: string
  readonly action: string
  readonly isBusy?: boolean
  readonly onChoose: (folder: string) => void
}) {
  const [isOpen, setIsOpen] = useState(false)
  const [folder, setFolder] = useState<string>()
  const close = () => setIsOpen(false)
  const choose = () => {
    if (folder === undefined) return
    props.onChoose(folder)
    close()
  }
  const ask = async () => {
    if (shell === undefined) return setIsOpen(true)
    for (const picked of await shell.pickFolders(props.title)) props.onChoose(picked)
  }
  return (
    <>
      <Button icon={props.icon} onPress={() => void ask()} isBusy={props.isBusy ?? false} needsAgent>
        {props.children}
      </Button>
      <Modal
        title={props.title}
        isOpen={isOpen}
        onClose={close}
        actions={
          <>
            <span className="dialog-chosen">{folder !== undefined && <FileName name={folder} />}</span>
            <Button onPress={close}>Cancel</Button>
            <Button look="primary" onPress={choose} isDisabled={folder === undefined}>
              {props.action}
            </Button>
          </>
        }
      >
        <FolderBrowser onLook={setFolder} />
      </Modal>
    </>
  )
}
