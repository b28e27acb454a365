import type { PolicyDraft } from './policy-draft.ts'

/** What each part of the form is given. */
export interface PolicyFieldsProps {
  readonly draft: PolicyDraft
  readonly onChange: (draft: PolicyDraft) => void
}
