import { useState } from 'react'
import { readTheme, saveTheme, type Theme } from '../../platform/theme.ts'
import { Choice } from '../../ui/fields.tsx'
import { Section } from '../../ui/page.tsx'

export function ThemeSection() {
  const [theme, setTheme] = useState(readTheme)
  return (
    <Section title="Appearance">
      <Choice<Theme>
        label="Colours"
        look="segments"
        value={theme}
        onChange={(next) => {
          saveTheme(next)
          setTheme(next)
        }}
        options={[
          { value: 'system', title: 'As the system' },
          { value: 'light', title: 'Light' },
          { value: 'dark', title: 'Dark' },
        ]}
      />
    </Section>
  )
}
