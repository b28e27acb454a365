import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { ItemDocument } from '../../../agent-core/contract/index.ts'
import { useAct } from '../../client/use-act.ts'
import { useAgent } from '../../client/use-agent.ts'
import { Button } from '../../ui/button.tsx'
import { ErrorNote } from '../../ui/notes.tsx'
import { parseExcludes } from '../protect/protect-draft.ts'
import { FoldersForm, type FoldersValue } from './folders-form.tsx'

/** Changes folders and exclusions of an item; the next backup goes by them. */
export function ChangeFolders({ item, onDone }: { readonly item: ItemDocument; readonly onDone: () => void }) {
  const agent = useAgent()
  const queries = useQueryClient()
  const [value, setValue] = useState<FoldersValue>({
    folders: item.folders.map(({ path }) => path),
    excludes: item.excludes.join('\n'),
    defaultExcludes: item.defaultExcludes,
    crossMounts: item.crossMounts,
  })
  const save = useAct(async () => {
    await agent.changeItem(item.name, { ...value, excludes: parseExcludes(value.excludes) })
    await queries.invalidateQueries()
    onDone()
  })
  return (
    <div className="stack card">
      <FoldersForm
        value={value}
        onAdd={(folder) =>
          setValue({ ...value, folders: value.folders.includes(folder) ? value.folders : [...value.folders, folder] })
        }
        onRemove={(folder) => setValue({ ...value, folders: value.folders.filter((other) => other !== folder) })}
        onChange={(change) => setValue({ ...value, ...change })}
      />
      <ErrorNote error={save.error} />
      <div className="wizard-actions">
        <Button onPress={onDone}>Cancel</Button>
        <Button
          look="primary"
          onPress={save.run}
          isBusy={save.isBusy}
          isDisabled={value.folders.length === 0}
          needsAgent
        >
          Save
        </Button>
      </div>
    </div>
  )
}
