import { Check } from 'lucide-react'
import type { ReactNode } from 'react'

/** The steps of a way through several forms, and the one that is shown. */
export function Wizard<Step extends string>(props: {
  readonly steps: readonly Step[]
  readonly words: Readonly<Record<Step, string>>
  readonly step: Step
  readonly title: string
  readonly children: ReactNode
}) {
  const at = props.steps.indexOf(props.step)
  return (
    <div className="wizard">
      <ol className="wizard-steps" aria-label="Steps">
        {props.steps.map((step, index) => (
          <li
            key={step}
            className={index === at ? 'step-now' : index < at ? 'step-done' : 'step-ahead'}
            {...(index === at && { 'aria-current': 'step' as const })}
          >
            <span className="step-mark" aria-hidden>
              {index < at ? <Check /> : index + 1}
            </span>
            {props.words[step]}
          </li>
        ))}
      </ol>
      <section className="wizard-page" aria-labelledby="wizard-title">
        <h2 id="wizard-title">{props.title}</h2>
        {props.children}
      </section>
    </div>
  )
}
