import { useState } from 'react'
import { Form, Input, Label, NumberField } from 'react-aria-components'
import { Button } from '../../ui/button.tsx'

/** A setting that is a number. */
export function AmountSetting(props: {
  readonly label: string
  readonly unit: string
  /** Undefined: no number is set. */
  readonly value: number | undefined
  readonly least: number
  readonly most: number
  /** What it means that none is set; left out: one always is. */
  readonly none?: string
  readonly onSave: (value: number | null) => void
}) {
  const [typed, setTyped] = useState(props.value ?? Number.NaN)
  const isChanged = !Object.is(typed, props.value ?? Number.NaN)
  const isNone = Number.isNaN(typed)
  return (
    <Form
      className="setting"
      onSubmit={(event) => {
        event.preventDefault()
        if (!isNone) props.onSave(typed)
        else if (props.none !== undefined) props.onSave(null)
      }}
    >
      <NumberField
        className="setting-field"
        value={typed}
        onChange={setTyped}
        minValue={props.least}
        maxValue={props.most}
        formatOptions={{ maximumFractionDigits: 4 }}
      >
        <Label>
          {props.label}
          {props.none !== undefined && <span className="hint">Empty: {props.none}.</span>}
        </Label>
        <Input className="input input-number" />
        <span>{props.unit}</span>
      </NumberField>
      <Button type="submit" size="small" isDisabled={!isChanged || (isNone && props.none === undefined)} needsAgent>
        Save
      </Button>
    </Form>
  )
}
