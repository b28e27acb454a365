import { useQueryClient } from '@tanstack/react-query'
import { FolderInput } from 'lucide-react'
import { useState } from 'react'
import type { CacheDocument } from '../../../agent-core/contract/index.ts'
import { useAct } from '../../client/use-act.ts'
import { useAgent, useAsk } from '../../client/use-agent.ts'
import { countOf, formatSize } from '../../text/amounts.ts'
import { FileName } from '../../ui/file-name.tsx'
import { FolderButton } from '../../ui/folder-button.tsx'
import { Bar } from '../../ui/live-job.tsx'
import { ErrorNote, Loading, Note } from '../../ui/notes.tsx'
import { Facts, Section } from '../../ui/page.tsx'

export function CacheSection() {
  const { answer, error, isLoading, again } = useAsk(['cache'], async (agent) => await agent.showCache())
  return (
    <Section
      title="Cache"
      lead="Where backups are put together before a vault takes them, and where the newest points are restored from at once."
    >
      <ErrorNote error={error} again={again} />
      {isLoading && <Loading what="the cache" />}
      {answer && <Cache cache={answer} />}
    </Section>
  )
}

function Cache({ cache }: { readonly cache: CacheDocument }) {
  const agent = useAgent()
  const queries = useQueryClient()
  const [moved, setMoved] = useState<string>()
  const move = useAct(async (signal, directory: string) => {
    const done = await agent.moveCache(directory, { signal })
    setMoved(`${countOf(done.files, 'file')}, ${formatSize(done.bytes)}, are in ${done.folder} now.`)
    await queries.invalidateQueries({ queryKey: ['cache'] })
  })
  return (
    <>
      <Bar
        label="Room of the cache that is used"
        share={cache.budget === 0 ? 0 : Math.min(1, cache.used / cache.budget)}
      />
      <Facts
        facts={[
          ['Folder', <FileName key="f" name={cache.folder} />],
          [
            'Used',
            `${formatSize(cache.used)} of ${formatSize(cache.budget)}${cache.budgetIsDefault ? ', chosen by itself' : ''}`,
          ],
          ['Waits for a vault', cache.waiting.files === 0 ? 'nothing' : formatSize(cache.waiting.bytes)],
          ['Kept for quick restores', `${formatSize(cache.instant.bytes)}, ${countOf(cache.instant.days, 'day')}`],
          [
            'Shared with a vault on the same disk',
            cache.linked.files === 0 ? 'nothing' : formatSize(cache.linked.bytes),
          ],
          ['Free on its disk', formatSize(cache.free)],
        ]}
      />
      <ErrorNote error={move.error} />
      {moved !== undefined && (
        <Note tone="good" title="The cache was moved">
          {moved}
        </Note>
      )}
      <div className="row">
        <FolderButton
          icon={<FolderInput aria-hidden />}
          title="Choose an empty folder for the cache"
          action="Move the cache here"
          isBusy={move.isBusy}
          onChoose={move.run}
        >
          Move it…
        </FolderButton>
      </div>
    </>
  )
}
