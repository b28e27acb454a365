import { HardDriveDownload, ShieldPlus } from 'lucide-react'
import { Link } from 'wouter'
import { Page } from '../../ui/page.tsx'

/** The first run: two doors. */
export function WelcomePage() {
  return (
    <Page
      title="Welcome"
      lead="Tharsis keeps every state of your files, encrypted, in a place of your own. What would you like to do?"
    >
      <div className="doors">
        <Link to="/protect" className="door">
          <ShieldPlus aria-hidden />
          <strong>Protect this computer</strong>
          <span>Choose folders and a place for their backups. It takes a few minutes.</span>
        </Link>
        <Link to="/connect" className="door">
          <HardDriveDownload aria-hidden />
          <strong>I already have a vault: restore</strong>
          <span>Get files back from a vault, with its passphrase or the recovery code.</span>
        </Link>
      </div>
    </Page>
  )
}
