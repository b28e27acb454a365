import { TextInput } from '../../ui/fields.tsx'
import { FoldersForm } from '../items/folders-form.tsx'
import { nameTrouble, stepTrouble, withFolder, withoutFolder } from './protect-draft.ts'
import { StepActions } from './step-actions.tsx'
import type { StepProps } from './step-props.ts'

export function FoldersStep({ draft, onChange, onNext }: StepProps) {
  return (
    <div className="stack">
      <FoldersForm
        value={draft}
        onAdd={(folder) => onChange(withFolder(draft, folder))}
        onRemove={(folder) => onChange(withoutFolder(draft, folder))}
        onChange={(change) => onChange({ ...draft, ...change })}
      />
      <TextInput
        label="Name of the item"
        value={draft.itemName}
        onChange={(itemName) => onChange({ ...draft, itemName, isNameTyped: true })}
        trouble={nameTrouble(draft.itemName)}
        hint="These folders are backed up and restored together under this name."
      />
      <StepActions onNext={onNext} trouble={stepTrouble('folders', draft)} />
    </div>
  )
}
