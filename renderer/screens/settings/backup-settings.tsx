import { useQueryClient } from '@tanstack/react-query'
import type { SettingsChange, SettingsDocument } from '../../../agent-core/contract/index.ts'
import { useAct } from '../../client/use-act.ts'
import { useAgent, useAsk } from '../../client/use-agent.ts'
import { Toggle } from '../../ui/fields.tsx'
import { ErrorNote, Loading } from '../../ui/notes.tsx'
import { Section } from '../../ui/page.tsx'
import { AmountSetting } from './amount-setting.tsx'
import { UploadSettings } from './upload-settings.tsx'

const settingsKey = ['settings']

export function BackupSettings() {
  const agent = useAgent()
  const queries = useQueryClient()
  const { answer, error, isLoading, again } = useAsk(settingsKey, async (asked) => await asked.getSettings())
  const change = useAct(async (_signal, changes: SettingsChange) => {
    queries.setQueryData(settingsKey, await agent.changeSettings(changes))
    await queries.invalidateQueries({ queryKey: ['cache'] })
  })
  return (
    <>
      <Section title="Backups">
        <ErrorNote error={error} again={again} />
        {isLoading && <Loading what="settings" />}
        <ErrorNote error={change.error} />
        {answer && <Settings settings={answer} onChange={change.run} />}
      </Section>
      {answer && <UploadSettings settings={answer} onChange={change.run} />}
    </>
  )
}

function Settings(props: {
  readonly settings: SettingsDocument
  readonly onChange: (changes: SettingsChange) => void
}) {
  const { settings, onChange } = props
  return (
    <div className="settings">
      <Toggle
        isOn={settings.gentle}
        onChange={(gentle) => onChange({ gentle })}
        label="Gentle"
        hint="One thread, and only when nothing else wants the processor or the disk. Slower, but never felt."
      />
      <AmountSetting
        key={`days ${settings.instantDays}`}
        label="Keep in the cache for quick restores"
        unit="days"
        value={settings.instantDays}
        least={1}
        most={30}
        onSave={(instantDays) => onChange({ instantDays })}
      />
      <AmountSetting
        key={`verify ${settings.verifyDays}`}
        label="Read every chunk file of a vault once in"
        unit="days"
        value={settings.verifyDays}
        least={1}
        most={3650}
        onSave={(verifyDays) => onChange({ verifyDays })}
      />
      <AmountSetting
        key={`trash ${settings.trashDays}`}
        label="Deleted points can be brought back for"
        unit="days"
        value={settings.trashDays}
        least={14}
        most={180}
        onSave={(trashDays) => onChange({ trashDays })}
      />
      <AmountSetting
        key={`budget ${settings.cacheBudget}`}
        label="Room for the cache"
        unit="GiB"
        value={settings.cacheBudget === null ? undefined : settings.cacheBudget / 2 ** 30}
        least={0.0625}
        most={1_000_000}
        none="chosen from what is protected and what is free"
        onSave={(gibibytes) => onChange({ cacheBudget: gibibytes === null ? null : Math.round(gibibytes * 2 ** 30) })}
      />
    </div>
  )
}
