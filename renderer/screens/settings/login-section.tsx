import { useEffect, useState } from 'react'
import type { Shell } from '../../../agent-core/contract/shell.ts'
import { useAct } from '../../client/use-act.ts'
import { Toggle } from '../../ui/fields.tsx'
import { ErrorNote } from '../../ui/notes.tsx'
import { Section } from '../../ui/page.tsx'

/** Whether the desktop app starts with the session; not shown until that is known. */
export function LoginSection({ shell }: { readonly shell: Shell }) {
  const [opens, setOpens] = useState<boolean>()
  const read = useAct(async () => setOpens(await shell.opensAtLogin()))
  const change = useAct(async (_signal, next: boolean) => {
    await shell.setOpensAtLogin(next)
    setOpens(await shell.opensAtLogin())
  })
  const { run } = read
  useEffect(() => run(), [run])
  if (opens === undefined) return <ErrorNote error={read.error} />
  return (
    <Section title="Start">
      <ErrorNote error={change.error} />
      <div className="settings">
        <Toggle
          isOn={opens}
          onChange={change.run}
          label="Start at log-in"
          hint="With its sign in the tray; backups follow their schedule from then on."
        />
      </div>
    </Section>
  )
}
