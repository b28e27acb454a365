import { useEffect } from 'react'
import { defaultPolicyName } from '../../../agent-core/contract/index.ts'
import { useAsk } from '../../client/use-agent.ts'
import { systemClock } from '../../platform/clock.ts'
import { localDay } from '../../text/amounts.ts'
import { ErrorNote, Loading } from '../../ui/notes.tsx'
import { draftOf } from '../policies/policy-draft.ts'
import { PolicyForm } from '../policies/policy-form.tsx'
import { stepTrouble } from './protect-draft.ts'
import { StepActions } from './step-actions.tsx'
import type { StepProps } from './step-props.ts'

export function ScheduleStep({ draft, onChange, onNext, onBack }: StepProps) {
  const { answer, error, isLoading, again } = useAsk(['policies'], async (agent) => await agent.listPolicies())
  const usual = answer?.find(({ name }) => name === defaultPolicyName)
  const { policy } = draft
  useEffect(() => {
    if (usual === undefined || policy !== undefined) return
    const today = localDay(new Date(systemClock.nowMs()).toISOString())
    onChange({ ...draft, policy: draftOf(usual, today) })
    // Only when the policies have come: what is decided later is the person's own.
  }, [usual])
  return (
    <div className="stack">
      <ErrorNote error={error} again={again} />
      {(isLoading || policy === undefined) && error === undefined && <Loading what="policies" lines={5} />}
      {answer && policy && (
        <PolicyForm draft={policy} policies={answer} onChange={(next) => onChange({ ...draft, policy: next })} />
      )}
      <StepActions onNext={onNext} trouble={stepTrouble('schedule', draft)} {...(onBack !== undefined && { onBack })} />
    </div>
  )
}
