import { Button } from '../../ui/button.tsx'

/** Back and forth below a step; why it cannot be left stands beside. */
export function StepActions(props: {
  readonly trouble?: string | undefined
  readonly onNext: () => void
  readonly onBack?: () => void
  readonly next?: string
  readonly isBusy?: boolean
  readonly needsAgent?: boolean
}) {
  return (
    <div className="wizard-actions">
      {props.onBack && <Button onPress={props.onBack}>Back</Button>}
      <Button
        look="primary"
        onPress={props.onNext}
        isDisabled={props.trouble !== undefined}
        isBusy={props.isBusy ?? false}
        needsAgent={props.needsAgent ?? false}
      >
        {props.next ?? 'Go on'}
      </Button>
      {props.trouble !== undefined && <span className="hint">{props.trouble}</span>}
    </div>
  )
}
