/** What the tray shows, made of what is known: pure, so that every state of it is tested without a tray. */
import type { OverviewDocument, StatusFile } from '../agent-core/contract/documents/overview.ts'
import type { Progress } from '../agent-core/contract/documents/progress.ts'
import type { AgentState } from './agent-link.ts'
import { agoInWords, timeInWords } from './time-words.ts'

export type TrayPicture = 'good' | 'running' | 'warning' | 'error' | 'paused'

export type TrayAction =
  | { readonly does: 'open'; readonly page: string }
  | { readonly does: 'back-up'; readonly item: string }
  | { readonly does: 'cancel'; readonly job: string }
  | { readonly does: 'pause'; readonly until: 'tomorrow' | 'forever' | number }
  | { readonly does: 'resume' }
  | { readonly does: 'quit' }

export type TrayEntry =
  | 'separator'
  | {
      readonly label: string
      readonly action?: TrayAction
      readonly below?: readonly TrayEntry[]
      readonly isEnabled?: boolean
    }

export interface TrayModel {
  readonly picture: TrayPicture
  /** Also the tool tip. */
  readonly status: string
  readonly entries: readonly TrayEntry[]
}

export interface TrayState {
  readonly agent: AgentState
  /** What the agent told last; stale once it is gone. */
  readonly overview: OverviewDocument | undefined
  /** What a dead agent left. */
  readonly left: StatusFile | undefined
  readonly nowMs: number
}

const hourMs = 3_600_000

export function trayModel(state: TrayState): TrayModel {
  const { agent, overview } = state
  const entries: TrayEntry[] = agent === 'connected' && overview !== undefined ? entriesOf(overview, state.nowMs) : []
  const { picture, status } = summary(state)
  return {
    picture,
    status,
    entries: [
      { label: status, isEnabled: false },
      'separator',
      ...entries,
      { label: 'Restore files…', action: { does: 'open', page: 'restore' }, isEnabled: agent === 'connected' },
      'separator',
      { label: 'Open Tharsis', action: { does: 'open', page: 'overview' } },
      { label: 'Settings', action: { does: 'open', page: 'settings' } },
      { label: 'Quit', action: { does: 'quit' } },
    ],
  }
}

/** The worst that is to be told. It is good only when everything is. */
function summary({ agent, overview, left, nowMs }: TrayState): Pick<TrayModel, 'picture' | 'status'> {
  if (agent !== 'connected' || overview === undefined) return summaryWithoutAgent(agent, left, nowMs)
  const { items, pausedUntil, damage } = overview
  const live = items.find(({ liveJob }) => liveJob?.state === 'running')?.liveJob
  if (live) {
    const { progress, item } = live
    const share = progress === null ? '' : ` ${percentOf(progress)}`
    return { picture: 'running', status: `Backing up ${item ?? ''}${share}`.trimEnd() }
  }
  const inState = (...states: readonly string[]) => items.find(({ protection }) => states.includes(protection))
  const failed = inState('failed')
  if (failed) return { picture: 'error', status: `The last backup of ${failed.item} failed` }
  const overdue = inState('overdue')
  if (overdue) return { picture: 'error', status: `The backup of ${overdue.item} is overdue` }
  const [damaged] = damage
  if (damaged) return { picture: 'error', status: `The vault ${damaged.vault} is damaged` }
  if (pausedUntil !== null) {
    const until =
      pausedUntil === 'forever' ? 'until you resume' : `until ${timeInWords(Date.parse(pausedUntil), nowMs)}`
    return { picture: 'paused', status: `Schedules are paused ${until}` }
  }
  const captured = inState('captured')
  if (captured) return { picture: 'warning', status: `${captured.item} waits for its vault` }
  const doubtful = inState('warnings', 'never', 'unknown')
  if (doubtful) return { picture: 'warning', status: wordsOf(doubtful.item, doubtful.protection) }
  if (items.length === 0) return { picture: 'warning', status: 'Nothing is protected yet' }
  return {
    picture: 'good',
    status: lastGood(
      items.map(({ lastConfirmedAt }) => lastConfirmedAt),
      nowMs,
    ),
  }
}

/** Without an agent nobody backs up: never good, and an error once an item is overdue. */
function summaryWithoutAgent(
  agent: AgentState,
  left: StatusFile | undefined,
  nowMs: number,
): Pick<TrayModel, 'picture' | 'status'> {
  const overdue = left?.items.find(({ overdueAt }) => overdueAt !== null && Date.parse(overdueAt) <= nowMs)
  if (overdue) return { picture: 'error', status: `The backup of ${overdue.item} is overdue` }
  if (agent === 'gone') return { picture: 'error', status: 'The backup agent does not run' }
  return { picture: 'warning', status: 'Starting…' }
}

function wordsOf(item: string, protection: string): string {
  if (protection === 'never') return `${item} was never backed up`
  if (protection === 'warnings') return `The last backup of ${item} has warnings`
  return `It is not known how ${item} is`
}

/** The age of the oldest of the items' last confirmed points: all of them are at least as good as that. */
function lastGood(times: readonly (string | null)[], nowMs: number): string {
  const known = times.flatMap((time) => (time === null ? [] : [Date.parse(time)]))
  return known.length === 0 ? 'Protected' : `Last good backup ${agoInWords(Math.min(...known), nowMs)}`
}

function entriesOf({ items, pausedUntil }: OverviewDocument, nowMs: number): TrayEntry[] {
  const live = items.flatMap(({ liveJob }) => (liveJob === null ? [] : [liveJob]))
  const next = items.flatMap(({ item, nextRunAt }) =>
    nextRunAt === null ? [] : [{ item, atMs: Date.parse(nextRunAt) }],
  )
  const first = next.sort((a, b) => a.atMs - b.atMs)[0]
  return [
    ...live.map((job) => ({
      label: `${job.item ?? job.kind}: ${job.progress === null ? job.state : percentOf(job.progress)}`,
      below: [{ label: 'Cancel', action: { does: 'cancel', job: job.id } as const }],
    })),
    {
      label: 'Back up now',
      isEnabled: items.length > 0,
      below: items.map(({ item, liveJob }) => ({
        label: item,
        action: { does: 'back-up', item } as const,
        isEnabled: liveJob === null,
      })),
    },
    pausedUntil === null
      ? {
          label: 'Pause',
          below: [
            { label: 'For 1 hour', action: { does: 'pause', until: hourMs } },
            { label: 'For 4 hours', action: { does: 'pause', until: 4 * hourMs } },
            { label: 'Until tomorrow', action: { does: 'pause', until: 'tomorrow' } },
            { label: 'Until I resume', action: { does: 'pause', until: 'forever' } },
          ],
        }
      : { label: 'Resume', action: { does: 'resume' } },
    ...(first === undefined || pausedUntil !== null
      ? []
      : [{ label: `Next: ${first.item}, ${timeInWords(first.atMs, nowMs)}`, isEnabled: false }]),
  ]
}

function percentOf({ bytesDone, bytesExpected, phase }: Progress): string {
  if (bytesExpected === undefined || bytesExpected === 0) return phase
  return `${Math.min(99, Math.floor((bytesDone / bytesExpected) * 100))} %`
}
