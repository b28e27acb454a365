/** The fields of forms. */
import { parseTime } from '@internationalized/date'
import { Check, Eye, EyeOff } from 'lucide-react'
import { type ReactNode, useState } from 'react'
import {
  CheckboxButton,
  CheckboxField,
  DateInput,
  DateSegment,
  FieldError,
  Input,
  Label,
  NumberField,
  RadioButton,
  RadioField,
  RadioGroup,
  SwitchButton,
  SwitchField,
  Text,
  TextArea,
  TextField,
  TimeField,
} from 'react-aria-components'
import { IconButton } from './button.tsx'

interface TextProps {
  readonly label: string
  readonly value: string
  readonly onChange: (value: string) => void
  readonly hint?: ReactNode
  /** What is wrong with the value; shown once it was left. */
  readonly trouble?: string | undefined
  readonly isRequired?: boolean
  readonly autoFocus?: boolean
}

export function TextInput(props: TextProps & { readonly lines?: number; readonly isCode?: boolean }) {
  const { touched, ...handlers } = useTouched(props.value)
  const trouble = touched ? props.trouble : undefined
  const look = props.isCode === true ? 'input input-code' : 'input'
  return (
    <TextField className="field" {...sharedProps(props, trouble)} {...handlers}>
      <Label>{props.label}</Label>
      {props.lines === undefined ? (
        <Input className={look} spellCheck={false} />
      ) : (
        <TextArea className={look} rows={props.lines} spellCheck={false} />
      )}
      <Below hint={props.hint} trouble={trouble} />
    </TextField>
  )
}

export function PassphraseInput(props: TextProps & { readonly isNew?: boolean }) {
  const [isShown, setIsShown] = useState(false)
  const { touched, ...handlers } = useTouched(props.value)
  const trouble = touched ? props.trouble : undefined
  return (
    <TextField
      className="field"
      type={isShown ? 'text' : 'password'}
      autoComplete={props.isNew === true ? 'new-password' : 'off'}
      {...sharedProps(props, trouble)}
      {...handlers}
    >
      <Label>{props.label}</Label>
      <div className="input-row">
        <Input className="input input-code" spellCheck={false} />
        <IconButton
          label={isShown ? 'Hide what is typed' : 'Show what is typed'}
          icon={isShown ? <EyeOff aria-hidden /> : <Eye aria-hidden />}
          onPress={() => setIsShown(!isShown)}
        />
      </div>
      <Below hint={props.hint} trouble={trouble} />
    </TextField>
  )
}

function sharedProps({ value, onChange, isRequired = false, autoFocus = false }: TextProps, trouble?: string) {
  return { value, onChange, isRequired, autoFocus, isInvalid: trouble !== undefined }
}

/** A field is not blamed before its person has left it. */
function useTouched(value: string) {
  const [touched, setTouched] = useState(false)
  return { touched, onBlur: () => setTouched(value !== '') }
}

function Below({ hint, trouble }: { readonly hint: ReactNode; readonly trouble: string | undefined }) {
  if (trouble !== undefined) return <FieldError className="field-error">{trouble}</FieldError>
  if (hint === undefined) return null
  return (
    <Text slot="description" className="hint">
      {hint}
    </Text>
  )
}

export interface Option<Value extends string> {
  readonly value: Value
  readonly title: string
  readonly words?: ReactNode
  readonly isDisabled?: boolean
}

export function Choice<Value extends string>(props: {
  readonly label: string
  readonly value: Value | undefined
  readonly options: readonly Option<Value>[]
  readonly onChange: (value: Value) => void
  readonly look?: 'cards' | 'grid' | 'lines' | 'segments'
}) {
  return (
    <RadioGroup
      className={props.look === 'grid' ? 'choice choice-cards choice-grid' : `choice choice-${props.look ?? 'lines'}`}
      value={props.value ?? null}
      onChange={(value) => props.onChange(value as Value)}
    >
      <Label>{props.label}</Label>
      <div className="choice-options">
        {props.options.map(({ value, title, words, isDisabled = false }) => (
          <RadioField key={value} value={value} isDisabled={isDisabled}>
            <RadioButton className="radio">
              <span className="radio-mark" aria-hidden />
              <span>
                <span className="radio-title">{title}</span>
                {words && <span className="hint">{words}</span>}
              </span>
            </RadioButton>
          </RadioField>
        ))}
      </div>
    </RadioGroup>
  )
}

export function Tick(props: {
  readonly isOn: boolean
  readonly onChange: (isOn: boolean) => void
  readonly children: ReactNode
  readonly hint?: ReactNode
}) {
  return (
    <CheckboxField isSelected={props.isOn} onChange={props.onChange}>
      <CheckboxButton className="check">
        <span className="check-box" aria-hidden>
          <Check />
        </span>
        <span>
          {props.children}
          {props.hint && <span className="hint">{props.hint}</span>}
        </span>
      </CheckboxButton>
    </CheckboxField>
  )
}

export function Toggle(props: {
  readonly isOn: boolean
  readonly onChange: (isOn: boolean) => void
  readonly label: string
  readonly hint?: ReactNode
}) {
  return (
    <SwitchField isSelected={props.isOn} onChange={props.onChange}>
      <SwitchButton className="toggle">
        <span>
          {props.label}
          {props.hint && <span className="hint">{props.hint}</span>}
        </span>
        <span className="toggle-track" aria-hidden />
      </SwitchButton>
    </SwitchField>
  )
}

/** The platform's own list of choices: small, quick, known to everybody. */
export function SelectInput<Value extends string>(props: {
  readonly label: string
  readonly value: Value
  readonly options: readonly { readonly value: Value; readonly title: string }[]
  readonly onChange: (value: Value) => void
  readonly isLabelHidden?: boolean
}) {
  return (
    <label className="field select">
      <span className={props.isLabelHidden === true ? 'unseen' : 'label'}>{props.label}</span>
      <select className="input" value={props.value} onChange={({ target }) => props.onChange(target.value as Value)}>
        {props.options.map(({ value, title }) => (
          <option key={value} value={value}>
            {title}
          </option>
        ))}
      </select>
    </label>
  )
}

/** A whole number with its unit; what is typed beyond the limits becomes the nearest of them. */
export function NumberInput(props: {
  readonly label: string
  readonly unit: string
  readonly value: number
  readonly least: number
  readonly most: number
  readonly onChange: (value: number) => void
}) {
  return (
    <NumberField
      className="field"
      value={props.value}
      minValue={props.least}
      maxValue={props.most}
      step={1}
      onChange={(value) => props.onChange(Number.isNaN(value) ? props.least : value)}
    >
      <Label>{props.label}</Label>
      <div className="input-row number-unit">
        <Input className="input input-number" />
        <span>{props.unit}</span>
      </div>
    </NumberField>
  )
}

/** A time of day, `HH:MM`, of 24 hours whatever the browser prefers: so are all times of the pages. */
export function TimeInput(props: {
  readonly label: string
  readonly value: string
  readonly onChange: (value: string) => void
  readonly isLabelHidden?: boolean
}) {
  return (
    <TimeField
      className="field"
      hourCycle={24}
      shouldForceLeadingZeros
      value={parseTime(props.value)}
      onChange={(time) => {
        if (time !== null) props.onChange(time.toString().slice(0, 5))
      }}
    >
      <Label className={props.isLabelHidden === true ? 'unseen' : 'label'}>{props.label}</Label>
      <DateInput className="input input-time">
        {(segment) => <DateSegment className="time-segment" segment={segment} />}
      </DateInput>
    </TimeField>
  )
}
