import { PlugZap } from 'lucide-react'
import { useConnection, useNow } from '../client/use-agent.ts'
import { shell } from '../platform/shell.ts'
import { formatAge } from '../text/amounts.ts'

/** Says that the agent is away; what is shown below is as it was. */
export function ConnectionBanner() {
  const state = useConnection()
  const nowMs = useNow(1000)
  if (state.kind !== 'offline') return null
  return (
    <div className="banner" role="alert">
      <PlugZap aria-hidden />
      {state.reason === 'not-allowed' ? (
        <p>
          <strong>This browser is not let in.</strong> Open the address that <code>tharsis agent run --web</code>{' '}
          printed last.
        </p>
      ) : (
        <p>
          <strong>The agent does not answer</strong> (lost {formatAge(nowMs - state.sinceMs)}). What you see is as it
          was.{' '}
          {shell === undefined ? (
            <>
              This page tries again by itself. Start the agent with <code>tharsis agent run --web</code>.
            </>
          ) : (
            'Tharsis starts it again by itself.'
          )}
        </p>
      )}
    </div>
  )
}
