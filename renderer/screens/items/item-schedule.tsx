/** When an item is backed up and how long its points are kept, and a way to change both. */
import { useQueryClient } from '@tanstack/react-query'
import { Pencil } from 'lucide-react'
import { useState } from 'react'
import {
  defaultPolicyName,
  type ItemDocument,
  keepLines,
  type PolicyDocument,
  scheduleWords,
} from '../../../agent-core/contract/index.ts'
import { useAct } from '../../client/use-act.ts'
import { useAgent, useAsk } from '../../client/use-agent.ts'
import { systemClock } from '../../platform/clock.ts'
import { formatZoneTime, localDay } from '../../text/amounts.ts'
import { Button } from '../../ui/button.tsx'
import { ErrorNote, Loading } from '../../ui/notes.tsx'
import { Facts, Section } from '../../ui/page.tsx'
import { draftOfItem, isOwnPolicy, policyTrouble, wantedPolicy } from '../policies/policy-draft.ts'
import { PolicyForm } from '../policies/policy-form.tsx'

export function ItemSchedule({ item }: { readonly item: ItemDocument }) {
  const [isChanging, setIsChanging] = useState(false)
  const { answer, error, isLoading, again } = useAsk(['policies'], async (agent) => await agent.listPolicies())
  const policy = answer?.find(({ name }) => name === item.policy)
  return (
    <Section
      title="Schedule and retention"
      actions={
        policy && (
          <Button size="small" icon={<Pencil aria-hidden />} onPress={() => setIsChanging(true)} needsAgent>
            Change…
          </Button>
        )
      }
    >
      <ErrorNote error={error} again={again} />
      {isLoading && <Loading what="the policy" />}
      {answer && policy && isChanging && (
        <ChangePolicy item={item} policy={policy} policies={answer} onDone={() => setIsChanging(false)} />
      )}
      {policy && !isChanging && <PolicyFacts policy={policy} />}
    </Section>
  )
}

function PolicyFacts({ policy }: { readonly policy: PolicyDocument }) {
  const { answer } = useAsk(['policy', policy.name], async (agent) => await agent.showPolicy(policy.name))
  const [next] = answer?.nextRuns ?? []
  return (
    <Facts
      facts={[
        ['Policy', policy.name === defaultPolicyName ? 'the usual one' : policy.name],
        ['Backed up', `${scheduleWords(policy.schedule)}, on the clocks of ${policy.timeZone.replaceAll('_', ' ')}`],
        ...(next === undefined ? [] : [['Next run', formatZoneTime(next.zoneTime)] as const]),
        [
          'Points are kept',
          <ul key="kept" className="plain">
            {keepLines(policy).map((line) => (
              <li key={line}>{line}</li>
            ))}
          </ul>,
        ],
      ]}
    />
  )
}

function ChangePolicy(props: {
  readonly item: ItemDocument
  readonly policy: PolicyDocument
  readonly policies: readonly PolicyDocument[]
  readonly onDone: () => void
}) {
  const { item, policy, policies, onDone } = props
  const agent = useAgent()
  const queries = useQueryClient()
  const [draft, setDraft] = useState(() => {
    const usual = policies.find(({ name }) => name === defaultPolicyName) ?? policy
    return draftOfItem(usual, localDay(new Date(systemClock.nowMs()).toISOString()), policy)
  })
  const save = useAct(async () => {
    const wanted = wantedPolicy(draft, item.name, policies)
    if ('known' in wanted) await agent.changeItem(item.name, { policy: wanted.known })
    else if (isOwnPolicy(policy)) await agent.changePolicy(policy.name, wanted.change)
    else {
      await agent.createPolicy(wanted.name, wanted.change)
      await agent.changeItem(item.name, { policy: wanted.name })
    }
    await queries.invalidateQueries()
    onDone()
  })
  // The item's own rules are what is changed here: they are no choice beside themselves.
  const others = policies.filter(({ name }) => name !== policy.name || draft.known === name)
  return (
    <div className="stack card">
      <PolicyForm draft={draft} policies={others} onChange={setDraft} />
      <ErrorNote error={save.error} />
      <div className="wizard-actions">
        <Button onPress={onDone}>Cancel</Button>
        <Button
          look="primary"
          onPress={save.run}
          isBusy={save.isBusy}
          isDisabled={policyTrouble(draft) !== undefined}
          needsAgent
        >
          Save
        </Button>
      </div>
    </div>
  )
}
