import { CircleAlert } from 'lucide-react'
import type { OverviewDocument } from '../../../agent-core/contract/index.ts'
import { jobPath, vaultPath } from '../../client/paths.ts'
import { countOf, formatTime } from '../../text/amounts.ts'
import { ButtonLink } from '../../ui/button.tsx'

/** Says which vaults are damaged, and leads to what that affects and to its healing. */
export function DamageNotes({ damage }: Pick<OverviewDocument, 'damage'>) {
  return damage.map(({ vault, objects, foundAt, job }) => (
    <div key={vault} className="note note-bad" role="alert">
      <CircleAlert aria-hidden />
      <div>
        <strong>The vault “{vault}” is damaged</strong>
        <p>
          {countOf(objects, 'object')} that points need, found on {formatTime(foundAt)}. Heal it soon: what is lost
          there may still be in the protected folders, in the cache or in a replica.
        </p>
      </div>
      <ButtonLink to={jobPath(job)}>What it affects</ButtonLink>
      <ButtonLink to={vaultPath(vault)}>Heal…</ButtonLink>
    </div>
  ))
}
