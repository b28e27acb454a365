import type { RestorePlanDocument, RestoreRequest } from '../../../agent-core/contract/index.ts'
import type { Act } from '../../client/use-act.ts'
import { useAsk } from '../../client/use-agent.ts'
import { countOf, formatCount, formatSize } from '../../text/amounts.ts'
import { Button } from '../../ui/button.tsx'
import { FileName } from '../../ui/file-name.tsx'
import { ErrorNote, Loading, Note } from '../../ui/notes.tsx'

/** What a restore would do; and has it done. */
export function RestorePlan(props: { readonly request: RestoreRequest; readonly start: Act<[RestoreRequest]> }) {
  const { request, start } = props
  const { answer, error, isLoading, again } = useAsk(
    ['plan', request],
    async (agent, signal) => await agent.planRestore(request, { signal }),
  )
  return (
    <div className="plan" aria-live="polite">
      <ErrorNote error={error} again={again} />
      {isLoading && <Loading what="the plan" />}
      {answer && <Plan plan={answer} />}
      <ErrorNote error={start.error} />
      {answer && (
        <Button
          look="primary"
          onPress={() => start.run(request)}
          isBusy={start.isBusy}
          isDisabled={writtenBy(answer) === 0}
          needsAgent
        >
          {writtenBy(answer) === 0
            ? 'There is nothing to do'
            : `Restore ${countOf(writtenBy(answer), 'entry', 'entries')}`}
        </Button>
      )}
    </div>
  )
}

function writtenBy(plan: RestorePlanDocument): number {
  return plan.new + plan.overwritten + plan.copied
}

function Plan({ plan }: { readonly plan: RestorePlanDocument }) {
  const counts = [
    ['New', plan.new],
    ['The same already', plan.same],
    ['Overwritten', plan.overwritten],
    ['Copies beside', plan.copied],
    ['Skipped', plan.skipped],
  ] as const
  return (
    <>
      <dl className="counts">
        {counts.map(([name, value]) => (
          <div key={name} data-none={value === 0 || undefined}>
            <dt>{name}</dt>
            <dd>{formatCount(value)}</dd>
          </div>
        ))}
      </dl>
      <p className="hint">
        {formatSize(plan.bytes)} to write, {formatSize(plan.freeBytes)} free
      </p>
      {plan.bytes > plan.freeBytes && (
        <Note tone="warning" title="It may not fit">
          The restore needs more room than is free there.
        </Note>
      )}
      {plan.examples.length > 0 && (
        <ul className="list-box list-small" aria-label="What would not simply be new">
          {plan.examples.slice(0, 20).map(({ path, action }) => (
            <li className="list-line" key={`${action} ${path}`}>
              <span className="list-words">
                <FileName name={path} />
              </span>
              <span className="hint">{action}</span>
            </li>
          ))}
        </ul>
      )}
    </>
  )
}
