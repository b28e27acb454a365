import type { ProtectDraft } from './protect-draft.ts'

/** What each step of the wizard is given. */
export interface StepProps {
  readonly draft: ProtectDraft
  readonly onChange: (draft: ProtectDraft) => void
  readonly onNext: () => void
  /** Left out where there is no way back. */
  readonly onBack?: () => void
}
