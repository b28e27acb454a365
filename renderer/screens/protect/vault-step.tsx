import { useEffect } from 'react'
import { useAsk } from '../../client/use-agent.ts'
import { Choice } from '../../ui/fields.tsx'
import { ErrorNote, Loading } from '../../ui/notes.tsx'
import { VaultPlace } from '../vaults/vault-place.tsx'
import { emptyVault, stepTrouble } from './protect-draft.ts'
import { StepActions } from './step-actions.tsx'
import type { StepProps } from './step-props.ts'

const newVault = 'new'
const knownPrefix = 'known:'

export function VaultStep({ draft, onChange, onNext, onBack }: StepProps) {
  const { answer, error, isLoading, again } = useAsk(['vaults'], async (agent) => await agent.listVaults())
  const own = answer?.filter(({ access }) => access === 'owner') ?? []
  const first = own[0]?.name
  const isUntouched = draft.knownVault === undefined && draft.newVault === emptyVault && draft.created === undefined
  useEffect(() => {
    if (first !== undefined && isUntouched) onChange({ ...draft, knownVault: first })
    // Only when the vaults have come: later choices are the person's own.
  }, [first])
  return (
    <div className="stack">
      <ErrorNote error={error} again={again} />
      {isLoading && <Loading what="vaults" />}
      {own.length > 0 && (
        <Choice
          label="Vault"
          look="cards"
          value={draft.knownVault === undefined ? newVault : `${knownPrefix}${draft.knownVault}`}
          onChange={(value) =>
            onChange({
              ...draft,
              knownVault: value.startsWith(knownPrefix) ? value.slice(knownPrefix.length) : undefined,
            })
          }
          options={[
            ...own.map(({ name, address, state, reason }) => ({
              value: `${knownPrefix}${name}`,
              title: name,
              words: state === 'reachable' ? address : `${address}: ${reason ?? 'cannot be reached now'}`,
            })),
            { value: newVault, title: 'A new vault', words: 'On another disk, a share, or an S3 server.' },
          ]}
        />
      )}
      {answer !== undefined && draft.knownVault === undefined && (
        <VaultPlace value={draft.newVault} onChange={(value) => onChange({ ...draft, newVault: value })} />
      )}
      <StepActions onNext={onNext} trouble={stepTrouble('vault', draft)} {...(onBack !== undefined && { onBack })} />
    </div>
  )
}
