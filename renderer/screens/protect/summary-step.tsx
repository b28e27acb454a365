import {
  defaultPolicyName,
  keepLines,
  type Policy,
  scheduleWords,
  type VerbMethods,
} from '../../../agent-core/contract/index.ts'
import { useAct } from '../../client/use-act.ts'
import { useAgent, useAsk } from '../../client/use-agent.ts'
import { countOf, formatSize } from '../../text/amounts.ts'
import { Choice } from '../../ui/fields.tsx'
import { FileName } from '../../ui/file-name.tsx'
import { ErrorNote } from '../../ui/notes.tsx'
import { Facts } from '../../ui/page.tsx'
import { useMeasure } from '../../ui/use-measure.ts'
import { policyOf, wantedPolicy } from '../policies/policy-draft.ts'
import { type ProtectDraft, parseExcludes, vaultOf } from './protect-draft.ts'
import { StepActions } from './step-actions.tsx'
import type { StepProps } from './step-props.ts'

export function SummaryStep({ draft, onChange, onNext, onBack }: StepProps) {
  const agent = useAgent()
  const { folders, defaultExcludes, crossMounts, compression } = draft
  const excludes = parseExcludes(draft.excludes)
  const rules = useRules(draft)
  const { measures } = useMeasure({ folders, excludes, defaultExcludes, crossMounts })
  const enable = useAct(async () => {
    const policy = await settlePolicy(agent, draft)
    await agent.enableItem(draft.itemName, [vaultOf(draft)], {
      folders,
      excludes,
      defaultExcludes,
      crossMounts,
      compression,
      policy,
    })
    onNext()
  })
  return (
    <div className="stack">
      <Facts
        facts={[
          ['Item', draft.itemName],
          [
            'Folders',
            <ul key="folders" className="plain">
              {folders.map((folder) => (
                <li key={folder}>
                  <FileName name={folder} />
                </li>
              ))}
            </ul>,
          ],
          ['Left out', leftOutWords(defaultExcludes, excludes.length, measures?.leftOut.count)],
          ['Vault', vaultOf(draft)],
          ['First backup', measures === undefined ? 'everything in the folders' : totalWords(measures)],
          ['Every later one', 'only what has changed'],
          ...(rules === undefined
            ? []
            : ([
                [
                  'Backed up',
                  `${scheduleWords(rules.schedule)}, on the clocks of ${rules.timeZone.replaceAll('_', ' ')}`,
                ],
                [
                  'Points are kept',
                  <ul key="kept" className="plain">
                    {keepLines(rules).map((line) => (
                      <li key={line}>{line}</li>
                    ))}
                  </ul>,
                ],
              ] as const)),
        ]}
      />
      <Choice
        label="Compression"
        look="segments"
        value={compression}
        onChange={(value) => onChange({ ...draft, compression: value })}
        options={[
          { value: 'lz4', title: 'Fast' },
          { value: 'zstd', title: 'Smaller' },
        ]}
      />
      <ErrorNote error={enable.error} />
      <StepActions
        next="Protect and back up now"
        onNext={enable.run}
        isBusy={enable.isBusy}
        needsAgent
        {...(onBack !== undefined && { onBack })}
      />
    </div>
  )
}

/** The rules of the item: those that were chosen, or those of the policy that was. */
function useRules({ policy }: ProtectDraft): Policy | undefined {
  const known = policy?.known
  const { answer } = useAsk(['policies'], async (agent) => await agent.listPolicies(), {
    isWanted: known !== undefined,
  })
  if (policy === undefined) return undefined
  return known === undefined ? policyOf(policy) : answer?.find(({ name }) => name === known)
}

/** Makes the policy of the item where it needs one of its own; gives its name. */
async function settlePolicy(agent: VerbMethods, { policy, itemName }: ProtectDraft): Promise<string> {
  if (policy === undefined) return defaultPolicyName
  const wanted = wantedPolicy(policy, itemName, await agent.listPolicies())
  return 'known' in wanted ? wanted.known : (await agent.createPolicy(wanted.name, wanted.change)).name
}

function leftOutWords(defaults: boolean, own: number, entries: number | undefined): string {
  const rules = [
    ...(defaults ? ['caches, trash and temporary files'] : []),
    ...(own > 0 ? [countOf(own, 'pattern')] : []),
  ]
  if (rules.length === 0) return 'nothing'
  return `${rules.join(' and ')}${entries === undefined ? '' : `: ${countOf(entries, 'entry', 'entries')}`}`
}

function totalWords(measures: NonNullable<ReturnType<typeof useMeasure>['measures']>): string {
  const files = measures.folders.reduce((sum, folder) => sum + folder.files, 0)
  const bytes = measures.folders.reduce((sum, folder) => sum + folder.bytes, 0)
  return `${countOf(files, 'file')}, ${formatSize(bytes)}${measures.isDone ? '' : ' so far'}`
}
