import { LoaderCircle } from 'lucide-react'
import type { ReactNode } from 'react'
import { Button as AriaButton, Link } from 'react-aria-components'
import { useIsOnline } from '../client/use-agent.ts'

export interface ButtonProps {
  readonly children: ReactNode
  readonly look?: 'primary' | 'plain' | 'quiet' | 'danger'
  readonly icon?: ReactNode
  readonly onPress?: () => void
  readonly type?: 'button' | 'submit'
  /** Id of the form that it submits, where it stands outside of it. */
  readonly form?: string
  readonly isDisabled?: boolean
  /** What it does is under way. */
  readonly isBusy?: boolean
  /** It asks the agent for something, so it waits while there is none. */
  readonly needsAgent?: boolean
  /** What it is called where the words in it are not enough. */
  readonly label?: string
  readonly size?: 'small' | 'usual'
}

export function Button(props: ButtonProps) {
  const { children, look = 'plain', icon, onPress, type = 'button', isBusy = false, needsAgent = false, label } = props
  const isOnline = useIsOnline()
  return (
    <AriaButton
      type={type}
      className={`button button-${look} button-${props.size ?? 'usual'}`}
      isDisabled={props.isDisabled === true || (needsAgent && !isOnline)}
      isPending={isBusy}
      {...(props.form !== undefined && { form: props.form })}
      {...(onPress && { onPress })}
      {...(label !== undefined && { 'aria-label': label })}
    >
      {isBusy ? <LoaderCircle className="turning" aria-hidden /> : icon}
      <span>{children}</span>
    </AriaButton>
  )
}

export function IconButton(props: {
  readonly label: string
  readonly icon: ReactNode
  readonly onPress: () => void
  readonly isDisabled?: boolean
}) {
  return (
    <AriaButton
      className="icon-button"
      aria-label={props.label}
      onPress={props.onPress}
      isDisabled={props.isDisabled ?? false}
    >
      {props.icon}
    </AriaButton>
  )
}

/** A link that looks like a button. */
export function ButtonLink(props: {
  readonly to: string
  readonly children: ReactNode
  readonly look?: ButtonProps['look']
  readonly icon?: ReactNode
}) {
  return (
    <Link className={`button button-${props.look ?? 'plain'} button-usual`} href={`#${props.to}`}>
      {props.icon}
      <span>{props.children}</span>
    </Link>
  )
}
