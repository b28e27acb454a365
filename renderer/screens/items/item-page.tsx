import { History, Pencil } from 'lucide-react'
import { useState } from 'react'
import { Link } from 'wouter'
import type { ItemDocument } from '../../../agent-core/contract/index.ts'
import { restorePath, vaultPath } from '../../client/paths.ts'
import { useAct } from '../../client/use-act.ts'
import { useAgent, useAsk, useOverview } from '../../client/use-agent.ts'
import { systemClock } from '../../platform/clock.ts'
import { countOf, formatSize, formatTime } from '../../text/amounts.ts'
import { Button, ButtonLink } from '../../ui/button.tsx'
import { FileName } from '../../ui/file-name.tsx'
import { LiveJob } from '../../ui/live-job.tsx'
import { ErrorNote, Loading, Note } from '../../ui/notes.tsx'
import { Facts, Page, Section } from '../../ui/page.tsx'
import { BackUpItem, type KeepDays } from './back-up-item.tsx'
import { ChangeFolders } from './change-folders.tsx'
import { ItemPoints } from './item-points.tsx'
import { ItemSchedule } from './item-schedule.tsx'
import { StopItem, StoppedNote } from './stop-item.tsx'

const dayMs = 86_400_000

export function ItemPage({ name }: { readonly name: string }) {
  const { answer, error, isLoading, again } = useAsk(['item', name], async (agent) => await agent.showItem(name))
  return (
    <Page
      title={name}
      width="wide"
      above={{ to: '/items', title: 'Items' }}
      actions={answer && <Actions item={answer} />}
    >
      <ErrorNote error={error} again={again} />
      {isLoading && <Loading what="the item" lines={6} />}
      {answer && <Details item={answer} />}
    </Page>
  )
}

function Actions({ item }: { readonly item: ItemDocument }) {
  const agent = useAgent()
  const start = useAct(async (_signal, keepDays: KeepDays) => {
    const until = keepDays === undefined ? {} : { keepUntilMs: systemClock.nowMs() + keepDays * dayMs }
    await agent.startBackup(item.name, { accept: false, ...until })
  })
  return (
    <>
      <ErrorNote error={start.error} />
      <ButtonLink to={restorePath(item.name)} icon={<History aria-hidden />}>
        Restore…
      </ButtonLink>
      {item.access === 'owner' && item.stopped === null && <BackUpItem item={item} start={start} />}
    </>
  )
}

function Details({ item }: { readonly item: ItemDocument }) {
  const [isChanging, setIsChanging] = useState(false)
  const live = useOverview().value?.items.find((other) => other.item === item.name)?.liveJob
  return (
    <>
      {live && (
        <div className="card">
          <LiveJob job={live} />
        </div>
      )}
      {item.access === 'read-only' && (
        <Note title={`These files are from ${item.machine}`}>They can be restored here, but not backed up.</Note>
      )}
      <StoppedNote item={item} />
      {item.remarks.map((remark) => (
        <Note key={remark}>{remark}</Note>
      ))}
      <Section
        title="What is protected"
        actions={
          item.access === 'owner' && (
            <Button size="small" icon={<Pencil aria-hidden />} onPress={() => setIsChanging(true)} needsAgent>
              Change…
            </Button>
          )
        }
      >
        {isChanging ? <ChangeFolders item={item} onDone={() => setIsChanging(false)} /> : <ItemFacts item={item} />}
      </Section>
      {item.access === 'owner' && item.stopped === null && <ItemSchedule item={item} />}
      <ItemPoints item={item} />
      {item.access === 'owner' && item.stopped === null && <StopItem item={item} />}
    </>
  )
}

function ItemFacts({ item }: { readonly item: ItemDocument }) {
  return (
    <Facts
      facts={[
        [
          item.folders.length === 1 ? 'Folder' : 'Folders',
          <ul key="f" className="plain">
            {item.folders.map(({ path, pathBytes }) => (
              <li key={pathBytes ?? path}>
                <FileName name={path} />
              </li>
            ))}
          </ul>,
        ],
        ['Left out', leftOutWords(item)],
        [
          item.vaults.length === 1 ? 'Vault' : 'Vaults',
          <ul key="v" className="plain">
            {item.vaults.map(({ name, confirmed, behind }) => (
              <li key={name}>
                <Link to={vaultPath(name)}>{name}</Link>
                <span className="hint">
                  {confirmed === null ? ' · no point yet' : ` · last point ${formatTime(confirmed.time)}`}
                  {behind.points > 0 &&
                    ` · ${countOf(behind.points, 'point')} behind, ${formatSize(behind.bytes)} wait`}
                </span>
              </li>
            ))}
          </ul>,
        ],
        ['Compression', item.compression === 'lz4' ? 'fast' : 'smaller'],
      ]}
    />
  )
}

function leftOutWords({ defaultExcludes, excludes }: ItemDocument): string {
  const words = [...(defaultExcludes ? ['what nobody misses (caches, trash, temporary files)'] : []), ...excludes]
  return words.length === 0 ? 'nothing' : words.join(', ')
}
