import { shell } from '../../platform/shell.ts'
import { Page } from '../../ui/page.tsx'
import { AboutSection } from './about-section.tsx'
import { BackupSettings } from './backup-settings.tsx'
import { CacheSection } from './cache-section.tsx'
import { LoginSection } from './login-section.tsx'
import { PauseSection } from './pause-section.tsx'
import { ThemeSection } from './theme-section.tsx'

export function SettingsPage() {
  return (
    <Page title="Settings">
      <BackupSettings />
      <PauseSection />
      <CacheSection />
      {shell && <LoginSection shell={shell} />}
      <ThemeSection />
      <AboutSection />
    </Page>
  )
}
