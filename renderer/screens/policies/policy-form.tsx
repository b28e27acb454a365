/** When, and for how long: a policy that exists, or rules of one's own; and below it what that leads to. */
import { type PolicyDocument, scheduleWords } from '../../../agent-core/contract/index.ts'
import { countOf, formatCount } from '../../text/amounts.ts'
import { Choice, NumberInput } from '../../ui/fields.tsx'
import { Note } from '../../ui/notes.tsx'
import { changeOf, type KeepFor, type KeepKind, keepForChoice, policyOf, policyTrouble } from './policy-draft.ts'
import type { PolicyFieldsProps } from './policy-fields-props.ts'
import { PolicyPreview } from './policy-preview.tsx'
import { ScheduleFields } from './schedule-fields.tsx'

const ownRules = 'own'
const knownPrefix = 'known:'

export function PolicyForm(props: PolicyFieldsProps & { readonly policies: readonly PolicyDocument[] }) {
  const { draft, onChange, policies } = props
  const others = policies.filter(({ name }) => name !== draft.usual.name)
  const known = policies.find(({ name }) => name === draft.known)
  const trouble = policyTrouble(draft)
  return (
    <div className="stack">
      {others.length > 0 && (
        <Choice
          label="Policy"
          look="cards"
          value={draft.known === undefined ? ownRules : `${knownPrefix}${draft.known}`}
          onChange={(value) =>
            onChange({
              ...draft,
              known: value.startsWith(knownPrefix) ? value.slice(knownPrefix.length) : undefined,
            })
          }
          options={[
            { value: ownRules, title: 'Rules for this item alone', words: 'As chosen below.' },
            ...others.map((policy) => ({
              value: `${knownPrefix}${policy.name}`,
              title: policy.name,
              words: `${sentence(scheduleWords(policy.schedule))}; ${keepForWords(policy)}.`,
            })),
          ]}
        />
      )}
      {known === undefined && (
        <>
          <ScheduleFields draft={draft} onChange={onChange} />
          <KeepFields draft={draft} onChange={onChange} />
        </>
      )}
      {trouble === undefined ? (
        <PolicyPreview change={changeOf(known ?? policyOf(draft))} />
      ) : (
        <Note tone="warning" title={trouble} />
      )}
    </div>
  )
}

function KeepFields({ draft, onChange }: PolicyFieldsProps) {
  const { keepKind, keepFor } = draft
  const change = (part: Partial<KeepFor>) => onChange({ ...draft, keepFor: { ...keepFor, ...part } })
  const wordsOf = (kind: KeepKind) => keepWords(keepForChoice(kind, draft))
  return (
    <>
      <Choice<KeepKind>
        label="How long points are kept"
        look="grid"
        value={keepKind}
        // One's own numbers begin with those that were chosen before.
        onChange={(kind) =>
          onChange({ ...draft, keepKind: kind, keepFor: keepForChoice(kind === 'own' ? keepKind : kind, draft) })
        }
        options={[
          { value: 'usual', title: 'As usual', words: wordsOf('usual') },
          { value: 'month', title: 'One month', words: wordsOf('month') },
          { value: 'long', title: 'A generation', words: wordsOf('long') },
          { value: 'own', title: 'My own numbers', words: 'You say how many days, weeks, months and years.' },
        ]}
      />
      {keepKind === 'own' && (
        <div className="number-row">
          <NumberInput
            label="Every point"
            unit="days"
            value={keepFor.days}
            least={7}
            most={9999}
            onChange={(days) => change({ days })}
          />
          <NumberInput
            label="One a week"
            unit="weeks"
            value={keepFor.weeks}
            least={0}
            most={5163}
            onChange={(weeks) => change({ weeks })}
          />
          <NumberInput
            label="One a month"
            unit="months"
            value={keepFor.months}
            least={0}
            most={1188}
            onChange={(months) => change({ months })}
          />
          <NumberInput
            label="One a year"
            unit="years"
            value={keepFor.years}
            least={0}
            most={99}
            onChange={(years) => change({ years })}
          />
        </div>
      )}
    </>
  )
}

/** `Every point for 30 days, then 8 weekly, 12 monthly, 5 yearly ones.` */
function keepWords({ days, weeks, months, years }: KeepFor): string {
  const later = [
    ...(weeks > 0 ? [`${formatCount(weeks)} weekly`] : []),
    ...(months > 0 ? [`${formatCount(months)} monthly`] : []),
    ...(years > 0 ? [`${formatCount(years)} yearly`] : []),
  ]
  return `Every point for ${countOf(days, 'day')}${later.length === 0 ? '' : `, then ${later.join(', ')} ones`}.`
}

function keepForWords({ keep }: PolicyDocument): string {
  const parts = [
    countOf(keep.days, 'day'),
    ...(keep.weekly ? [countOf(keep.weekly.weeks, 'week')] : []),
    ...(keep.monthly ? [countOf(keep.monthly.months, 'month')] : []),
    ...(keep.yearly ? [countOf(keep.yearly.years, 'year')] : []),
  ]
  return `kept for ${parts.join(', ')}`
}

function sentence(words: string): string {
  return `${words[0]?.toUpperCase() ?? ''}${words.slice(1)}`
}
