/**
 * `home/agent/status.json`: how the items are, for who looks while no agent runs. Written when something in it has
 * changed; from when on an item is overdue stands in it, so that it need not be current to raise the alarm.
 */
import { writeFileAtomic } from '../base/atomic-file.ts'
import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import type { OverviewDocument, StatusFile } from '../contract/documents/overview.ts'
import { agentFolder } from './agent-folder.ts'

export interface StatusSources {
  readonly clock: Clock
  readonly deps: { readonly log: Log }
  readonly book: { listen(hear: () => void): Disposable }
  readonly overview: () => Promise<{ read(): Promise<OverviewDocument> }>
}

const quietMs = 2000

/** Keeps the file current until disposed. */
export function openStatusFile(home: string, sources: StatusSources): AsyncDisposable {
  const { clock, deps, book, overview } = sources
  const path = agentFolder(home).status
  const ended = new AbortController()
  let written = ''
  let isWanted = false
  const write = async (): Promise<void> => {
    const status = statusOf(await (await overview()).read())
    const text = JSON.stringify(status)
    if (text === written) return
    const file: StatusFile = {
      version: 1,
      writtenAt: new Date(clock.nowMs()).toISOString(),
      pid: process.pid,
      ...status,
    }
    await writeFileAtomic(path, `${JSON.stringify(file)}\n`)
    written = text
  }
  const writeSafely = async (): Promise<void> => {
    isWanted = false
    await write().catch((error: unknown) => deps.log.warn('the status file could not be written', { error }))
  }
  let writing = writeSafely()
  const listening = book.listen(() => {
    if (isWanted || ended.signal.aborted) return
    isWanted = true
    writing = writing.then(async () => {
      await clock.delay(quietMs, ended.signal).catch(() => {})
      await writeSafely()
    })
  })
  return {
    [Symbol.asyncDispose]: async () => {
      listening[Symbol.dispose]()
      ended.abort()
      await writing
      await writeSafely()
    },
  }
}

function statusOf({ items, pausedUntil }: OverviewDocument): Omit<StatusFile, 'version' | 'writtenAt' | 'pid'> {
  return {
    pausedUntil,
    items: items.map(({ item, protection, lastConfirmedAt, nextRunAt, overdueAt }) => ({
      item,
      protection,
      lastConfirmedAt,
      nextRunAt,
      overdueAt,
    })),
    live: items.flatMap(({ liveJob }) =>
      liveJob === null ? [] : [{ item: liveJob.item, kind: liveJob.kind, trigger: liveJob.trigger }],
    ),
  }
}
