import { ShieldCheck } from 'lucide-react'
import { useState } from 'react'
import type { VaultDetails, VerifyDocument, VerifyLevel } from '../../../agent-core/contract/index.ts'
import { isLive } from '../../client/job-list.ts'
import { useAct } from '../../client/use-act.ts'
import { useAgent, useJobs } from '../../client/use-agent.ts'
import { countOf, formatSize } from '../../text/amounts.ts'
import { Button } from '../../ui/button.tsx'
import { Choice, Tick } from '../../ui/fields.tsx'
import { FileName } from '../../ui/file-name.tsx'
import { LiveJob } from '../../ui/live-job.tsx'
import { ErrorNote, Note } from '../../ui/notes.tsx'
import { Section } from '../../ui/page.tsx'

const levels: readonly { readonly value: VerifyLevel; readonly title: string; readonly words: string }[] = [
  { value: 'listing', title: 'Look', words: 'Is everything there, in its size? Seconds.' },
  { value: 'open', title: 'Read what is due', words: 'Chunk files whose turn it is are read and opened.' },
  { value: 'restore', title: 'And restore a sample', words: 'Some files are restored for real, and compared.' },
]

export function VerifySection({ vault }: { readonly vault: VaultDetails }) {
  const agent = useAgent()
  const [level, setLevel] = useState<VerifyLevel>('open')
  const [heals, setHeals] = useState(false)
  const [found, setFound] = useState<VerifyDocument>()
  const { value: jobs } = useJobs()
  const job = [...(jobs?.byId.values() ?? [])].find(
    (other) => other.kind === 'verify' && other.vault === vault.name && isLive(other),
  )
  const verify = useAct(async (signal) => {
    setFound(undefined)
    setFound(await agent.verifyVault(vault.name, { level, ...(heals && { heal: true }) }, { signal }))
  })
  return (
    <Section title="Verification" lead={leadOf(vault)}>
      <ErrorNote error={verify.error} />
      {found && <Found found={found} />}
      {job ? (
        <LiveJob job={job} />
      ) : (
        <>
          <Choice label="How deep" value={level} options={levels} onChange={setLevel} />
          {vault.access === 'owner' && (
            <Tick
              isOn={heals}
              onChange={setHeals}
              hint="From the cache, a replica, another vault, or the protected files themselves."
            >
              Mend what can be mended
            </Tick>
          )}
          <div className="row">
            <Button icon={<ShieldCheck aria-hidden />} onPress={verify.run} isBusy={verify.isBusy} needsAgent>
              Verify now
            </Button>
          </div>
        </>
      )}
      {verify.isBusy && <p className="hint">Stay on this page: leaving it ends the verification.</p>}
    </Section>
  )
}

function leadOf({ oldestUnverified: oldest }: VaultDetails): string {
  if (oldest === null) return 'Nothing is stored yet.'
  const since = countOf(oldest.days, 'day')
  return oldest.everVerified
    ? `Everything was read and proven within the last ${since}.`
    : `Some data was never read back; the oldest lies there for ${since}.`
}

function Found({ found }: { readonly found: VerifyDocument }) {
  const open = found.damaged.filter(({ state }) => state === 'open')
  const looked = `${countOf(found.objects, 'object')}, ${formatSize(found.bytesRead)} read, ${countOf(found.points, 'point')}`
  const healed = found.healed === 0 ? '' : ` ${countOf(found.healed, 'object')} mended.`
  const remarks = found.remarks.map((remark) => ` ${remark}`).join('')
  if (open.length === 0) {
    return (
      <Note tone="good" title={found.damaged.length === 0 ? 'No damage was found' : 'No damage is left that matters'}>
        {`${looked}.${healed}${remarks}`}
      </Note>
    )
  }
  const files = [...new Set(open.flatMap((object) => object.files))]
  const points = new Set(open.flatMap((object) => object.points)).size
  return (
    <>
      <Note
        tone="warning"
        title={`${countOf(open.length, 'object')} of the vault ${open.length === 1 ? 'is' : 'are'} damaged`}
      >
        {`${looked}.${healed} Affected: ${countOf(files.length, 'file')} in ${countOf(points, 'point')}.${remarks}`}
      </Note>
      <ul className="list-box list-small" aria-label="Affected files">
        {files.slice(0, 200).map((file) => (
          <li className="list-line" key={file}>
            <FileName name={file} />
          </li>
        ))}
      </ul>
    </>
  )
}
