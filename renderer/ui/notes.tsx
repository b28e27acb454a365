/** What stands where there is nothing, nothing yet, or something wrong. */
import { CircleAlert, CircleCheck, Info, TriangleAlert } from 'lucide-react'
import type { ReactNode } from 'react'
import type { AgentError } from '../client/agent-error.ts'
import { useIsOnline } from '../client/use-agent.ts'
import { Button } from './button.tsx'

export function EmptyState(props: {
  readonly icon: ReactNode
  readonly title: string
  readonly children?: ReactNode
  readonly actions?: ReactNode
}) {
  return (
    <div className="empty">
      <div className="empty-icon">{props.icon}</div>
      <h2>{props.title}</h2>
      {props.children && <p>{props.children}</p>}
      {props.actions && <div className="row">{props.actions}</div>}
    </div>
  )
}

export function Loading({ what, lines = 3 }: { readonly what: string; readonly lines?: number }) {
  const isOnline = useIsOnline()
  return (
    <div className="loading" role="status" aria-label={isOnline ? `Loading ${what}` : 'Waiting for the agent'}>
      {Array.from({ length: lines }, (_, line) => (
        <div key={line} className="loading-line" />
      ))}
    </div>
  )
}

export function ErrorNote(props: { readonly error: AgentError | undefined; readonly again?: () => void }) {
  if (props.error === undefined) return null
  return (
    <div className="note note-bad" role="alert">
      <CircleAlert aria-hidden />
      <div>
        <strong>{props.error.message}</strong>
        <p>{props.error.advice}</p>
      </div>
      {props.again && (
        <Button size="small" onPress={props.again} needsAgent>
          Try again
        </Button>
      )}
    </div>
  )
}

export function Note(props: {
  readonly tone?: 'info' | 'warning' | 'good'
  readonly title?: ReactNode
  readonly children?: ReactNode
  readonly action?: ReactNode
}) {
  const { tone = 'info' } = props
  return (
    <div className={`note note-${tone}`}>
      {tone === 'info' && <Info aria-hidden />}
      {tone === 'warning' && <TriangleAlert aria-hidden />}
      {tone === 'good' && <CircleCheck aria-hidden />}
      <div>
        {props.title && <strong>{props.title}</strong>}
        {props.children && <p>{props.children}</p>}
      </div>
      {props.action}
    </div>
  )
}
