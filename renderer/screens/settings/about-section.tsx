import { Stethoscope } from 'lucide-react'
import { useState } from 'react'
import { Link } from 'wouter'
import type { DoctorDocument } from '../../../agent-core/contract/index.ts'
import { vaultPath } from '../../client/paths.ts'
import { useAct } from '../../client/use-act.ts'
import { useAgent, useAsk } from '../../client/use-agent.ts'
import { formatSize, formatTime } from '../../text/amounts.ts'
import { Button } from '../../ui/button.tsx'
import { FileName } from '../../ui/file-name.tsx'
import { ErrorNote, Loading } from '../../ui/notes.tsx'
import { Facts, Section } from '../../ui/page.tsx'
import { ToneIcon } from '../../ui/tag.tsx'

export function AboutSection() {
  const agent = useAgent()
  const { answer, error, isLoading, again } = useAsk(['agent'], async (asked) => await asked.agentStatus())
  const cache = useAsk(['cache'], async (asked) => await asked.showCache()).answer
  const [found, setFound] = useState<DoctorDocument>()
  const check = useAct(async () => setFound(await agent.doctor()))
  return (
    <Section title="About">
      <ErrorNote error={error} again={again} />
      {isLoading && <Loading what="the agent" />}
      {answer && (
        <Facts
          facts={[
            ['Version', answer.product],
            ['Settings, keys and log', <FileName key="h" name={answer.home} />],
            ...(cache === undefined ? [] : [['Cache', <FileName key="c" name={cache.folder} />] as const]),
            ['Points', <VaultPlaces key="v" />],
            [
              'Agent',
              `pid ${answer.pid}, since ${formatTime(answer.startedAt)}, ${formatSize(answer.memory)} of memory`,
            ],
            ['Licence', 'Apache License 2.0; it comes without warranty'],
          ]}
        />
      )}
      <ErrorNote error={check.error} />
      {found && <Checks found={found} />}
      <div className="row">
        <Button icon={<Stethoscope aria-hidden />} onPress={check.run} isBusy={check.isBusy} needsAgent>
          Check this computer
        </Button>
      </div>
    </Section>
  )
}

/** Where the vaults lie: all that was backed up is there. */
function VaultPlaces() {
  const { answer } = useAsk(['vaults'], async (agent) => await agent.listVaults())
  if (answer === undefined || answer.length === 0) return answer === undefined ? '…' : 'in no vault yet'
  return (
    <ul className="plain">
      {answer.map(({ name, address }) => (
        <li key={name}>
          <Link to={vaultPath(name)}>{name}</Link>, <FileName name={address} />
        </li>
      ))}
    </ul>
  )
}

function Checks({ found }: { readonly found: DoctorDocument }) {
  return (
    <ul className="list-box" aria-label="Checks">
      {found.checks.map(({ name, state, detail, advice }) => (
        <li key={name} className="list-line">
          <ToneIcon tone={state} />
          <span className="list-words">
            <strong>{name}</strong> {detail}
            {advice !== undefined && <span className="hint"> {advice}</span>}
          </span>
        </li>
      ))}
    </ul>
  )
}
