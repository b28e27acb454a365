import { Stethoscope } from 'lucide-react'
import { useState } from 'react'
import type { DoctorDocument } from '../../../agent-core/contract/index.ts'
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
            ['Home folder', <FileName key="h" name={answer.home} />],
            [
              'Agent',
              `pid ${answer.pid}, since ${formatTime(answer.startedAt)}, ${formatSize(answer.memory)} of memory`,
            ],
            ['Licence', 'Apache-2.0'],
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
