import { ChevronLeft } from 'lucide-react'
import { type ReactNode, useEffect } from 'react'
import { Link } from 'wouter'

/** A page: its title, what can be done on it, and what is in it. */
export function Page(props: {
  readonly title: string
  readonly lead?: ReactNode
  readonly actions?: ReactNode
  /** The page that this one belongs to. */
  readonly above?: { readonly to: string; readonly title: string }
  readonly width?: 'wide' | 'usual' | 'full'
  readonly children: ReactNode
}) {
  useEffect(() => {
    document.title = `${props.title} – Tharsis`
  }, [props.title])
  return (
    <div className={`page page-${props.width ?? 'usual'}`}>
      <header className="page-head">
        <div className="page-words">
          {props.above && (
            <Link className="page-above" to={props.above.to}>
              <ChevronLeft aria-hidden />
              {props.above.title}
            </Link>
          )}
          <h1>{props.title}</h1>
          {props.lead && <p className="page-lead">{props.lead}</p>}
        </div>
        {props.actions && <div className="row">{props.actions}</div>}
      </header>
      {props.children}
    </div>
  )
}

/** A part of a page with a heading of its own. */
export function Section(props: {
  readonly title: string
  readonly actions?: ReactNode
  readonly lead?: ReactNode
  readonly children: ReactNode
}) {
  return (
    <section className="section">
      <div className="section-head">
        <h2>{props.title}</h2>
        {props.actions && <div className="row">{props.actions}</div>}
      </div>
      {props.lead && <p className="lead">{props.lead}</p>}
      {props.children}
    </section>
  )
}

/** Names and values, such as the facts of a vault. */
export function Facts({ facts }: { readonly facts: readonly (readonly [name: string, value: ReactNode])[] }) {
  return (
    <dl className="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  )
}
