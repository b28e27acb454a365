/**
 * The agent in the background: one for a home folder. It owns schedule, queue and change journals, and serves the verbs
 * to clients.
 *
 *   1. takes the agent's lock
 *   2. opens the home folder; jobs of a process that has died become interrupted, and backups among them go on
 *   3. listens on the local socket and, where that is wished, on a port of the loopback interface
 *   4. follows the schedules, verifies, cleans up and replicates vaults, and keeps their locks from ending
 *   5. when it shall end: takes no more jobs, interrupts those that run, and leaves in the reverse order
 *   6. where an update has replaced the program: starts the new one
 */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { type OpenHome, type OpenHomeOptions, openHome } from './agent.ts'
import type { AgentApi } from './api/agent-api.ts'
import { askPlaces } from './api/away-vaults.ts'
import { followVaults } from './api/follow-vaults.ts'
import { ItemJournals } from './api/item-journals.ts'
import { scheduleOf } from './api/item-schedules.ts'
import { readRequest } from './api/job-verbs.ts'
import { pauseText } from './api/overview.ts'
import { systemClock } from './base/clock.ts'
import { packageFolder } from './base/package-folder.ts'
import { isReplacedOnDisk } from './base/program-file.ts'
import { systemRandom } from './base/random.ts'
import type { S3Keys } from './contract/s3-server.ts'
import type { JobKind } from './contract/verb.ts'
import type { VerbMethods } from './contract/verbs/verbs.ts'
import { JobQueue } from './jobs/job-queue.ts'
import { acquireAgentLock } from './platform/home-lock.ts'
import { releaseGrowth, releaseMemory } from './platform/process-memory.ts'
import { type ScheduledItem, Scheduler } from './schedule/scheduler.ts'
import { minuteTicks } from './schedule/ticks.ts'
import { createToken } from './transport/access-token.ts'
import { makeAgentFolder } from './transport/agent-folder.ts'
import { type Download, Downloads } from './transport/downloads.ts'
import { listenLocally } from './transport/local-socket.ts'
import { createVerbRouter, secretsOfCall, tellRemark } from './transport/serve-verbs.ts'
import { openStatusFile } from './transport/status-file.ts'
import { VerbSockets } from './transport/verb-sockets.ts'
import { serveWeb } from './transport/web-server.ts'

/** So often the agent looks whether locks of a vault are to be extended. */
const lockLookMs = 60 * 60_000
/** Where browsers find the agent unless they are told otherwise. */
const usualPort = 8317
const pagesFolder = join(packageFolder, 'renderer', 'dist')

export interface BackgroundOptions {
  readonly home: string
  /** Keys of an S3 server that stood in the environment. */
  readonly s3Keys?: S3Keys
  /** Serve browsers of this machine too. */
  readonly web?: { readonly port?: number }
  /** The wish that it ends. */
  readonly signal: AbortSignal
  /** Hears, as a sentence each, that it is ready and where. */
  readonly say: (words: string) => void
}

/**
 * Runs until `signal` aborts or a client stops it. When an update has replaced the program, it ends as soon as no job runs, and another
 * one is started in its place. Throws `agent.running` when one runs already.
 */
export async function runBackgroundAgent(options: BackgroundOptions): Promise<void> {
  if (!(await runUntilReplaced(options))) return
  options.say('The program was replaced: the agent starts anew.')
  const next = spawn(process.execPath, process.argv.slice(1), { detached: true, stdio: 'inherit', windowsHide: true })
  next.once('error', (error) => options.say(`It cannot be started: ${error.message}. Run "tharsis agent run".`))
  next.unref()
}

/** True: the program was replaced. */
async function runUntilReplaced({ home, s3Keys, web, signal, say }: BackgroundOptions): Promise<boolean> {
  const startedMs = systemClock.nowMs()
  makeAgentFolder(home)
  await using held = new AsyncDisposableStack()
  held.use(acquireAgentLock(home, systemClock))
  const stop = new AbortController()
  const facts = { web: undefined as string | undefined }
  const downloads = new Downloads(systemClock, systemRandom)
  const offer = {
    ...(s3Keys && { s3Keys }),
    ...(web !== undefined && { offerDownload: (download: Download) => downloads.offer(download) }),
  }
  const { open, queue } = openInBackground(home, held, offer, {
    agentStatus: async () => statusOf(open, facts.web, startedMs),
    stopAgent: async () => {
      // The answer goes out first.
      void systemClock.delay(50).then(() => stop.abort())
      return {}
    },
  })
  open.api.onRemark = tellRemark
  const { log } = open.deps

  const sockets = new VerbSockets(createVerbRouter(open.api, { log, random: systemRandom }))
  held.defer(() => sockets.close())
  held.use(await listenLocally(home, createToken(systemRandom), sockets))
  if (web !== undefined) {
    const shared = { home, sockets, downloads, random: systemRandom, clock: systemClock }
    const server = held.use(await serveWeb({ port: web.port ?? usualPort, pages: pagesFolder, ...shared }))
    facts.web = server.address
    say(`Open ${server.loginAddress} in a browser on this machine.`)
  }
  await goOn(open)
  held.use(openStatusFile(home, { ...open, clock: systemClock }))
  held.use(followSchedules(open, queue)).begin()
  held.use(careForVaults(open, queue))
  held.defer(async () => await queue.close())
  held.use(startUpkeep(open))
  log.info('agent started', { pid: process.pid })
  say(`The agent runs (pid ${process.pid}).`)
  releaseMemory()
  const isReplaced = await isReplacedOnDisk({
    path: process.argv[1] ?? process.execPath,
    clock: systemClock,
    isIdle: () => open.book.list({ live: true, limit: 1 }).length === 0,
    signal: AbortSignal.any([signal, stop.signal]),
  })
  log.info('agent ends', { isReplaced })
  return isReplaced
}

function openInBackground(
  home: string,
  held: AsyncDisposableStack,
  offer: Pick<OpenHomeOptions, 'offerDownload' | 's3Keys'>,
  background: Pick<VerbMethods, 'agentStatus' | 'stopAgent'>,
) {
  const parts: { queue?: JobQueue; journals?: ItemJournals } = {}
  const open = openHome({
    home,
    ...offer,
    background,
    callSecrets: secretsOfCall,
    queueOf: (book, clock) => (parts.queue = new JobQueue(book, clock)),
    journals: (deps) => {
      const journals = new ItemJournals(deps)
      parts.journals = journals
      return async (item) => await journals.of(item)
    },
  })
  held.use(open.api)
  held.use(parts.journals)
  return { open, queue: parts.queue as JobQueue }
}

/** Backups that were interrupted, with their process or by its end, go on; other jobs are left to who asked for them. */
async function goOn({ book, submit, deps }: OpenHome): Promise<void> {
  book.forgetOld()
  const dead = book.interruptDead()
  deps.log.info('jobs of processes that have died', { count: dead.length })
  for (const { name, stopped } of deps.state.items()) {
    if (stopped !== undefined) continue
    const [job] = deps.state.jobs.list({ item: name, kind: 'backup', limit: 1 })
    const request = job?.state === 'interrupted' ? await readRequest(job.request) : undefined
    if (job === undefined || request === undefined) continue
    submit(request.verb, request.given, job.trigger, `goes on with job ${job.id.slice(0, 8)}, which was interrupted`)
  }
}

function followSchedules({ deps, book, submit }: OpenHome, queue: JobQueue): Scheduler {
  const startBackup = (item: string, missed: string | undefined): void => {
    const trigger = missed === undefined ? 'schedule' : 'missed'
    if (queue.has('backup', item)) {
      book.addSkipped({ kind: 'backup', item, trigger, reason: 'the backup before has not ended' })
    } else submit('backupNow', [item, { accept: false }], trigger, missed)
  }
  return new Scheduler({
    clock: systemClock,
    log: deps.log,
    ticks: (tick) =>
      minuteTicks(() => {
        tick()
        if (queue.isIdle) releaseGrowth()
      }),
    store: deps.state.schedules,
    items: scheduledItems(deps),
    start: startBackup,
    skip: (item, reason) => void book.addSkipped({ kind: 'backup', item, trigger: 'schedule', reason }),
  })
}

function careForVaults({ deps, book, submit }: OpenHome, queue: JobQueue): Disposable {
  const isLive = (kind: JobKind, vault: string) => queue.has(kind, vault)
  const addSkipped = (order: Parameters<typeof book.addSkipped>[0]) => book.addSkipped(order)
  return followVaults({ deps, ticks: minuteTicks, isLive, submit, addSkipped, whyAway: askPlaces(deps) })
}

/** The items with their rules; read again only when something in the state has changed, since it is asked every minute. */
function scheduledItems(deps: OpenHome['deps']): () => readonly ScheduledItem[] {
  let read = { version: '', items: [] as readonly ScheduledItem[] }
  return () => {
    const { state } = deps
    const { version } = state
    if (version !== read.version) {
      read = { version, items: state.items().map((item) => ({ name: item.name, rule: scheduleOf(deps, item) })) }
    }
    return read.items
  }
}

/** Keeps the locks of vaults and replicas from ending; what that needs is loaded only where there are any. */
function startUpkeep({ deps }: OpenHome): AsyncDisposable {
  const end = new AbortController()
  const keep = async (): Promise<void> => {
    while (!end.signal.aborted) {
      const places = [...deps.state.vaults(), ...deps.state.replicas()]
      const hasLocks = places.some((place) => place.kind === 's3' && place.settings.lockDays !== undefined)
      try {
        if (hasLocks) await (await import('./api/keep-locks.ts')).extendDueLocks(deps, end.signal)
      } catch (error) {
        deps.log.error('extending locks failed', { error })
      }
      await systemClock.delay(lockLookMs, end.signal).catch(() => undefined)
    }
  }
  const done = keep()
  return {
    [Symbol.asyncDispose]: async () => {
      end.abort()
      await done
    },
  }
}

function statusOf({ deps, book }: OpenHome, web: string | undefined, startedMs: number) {
  return {
    pid: process.pid,
    product: deps.product,
    home: deps.paths.root,
    startedAt: new Date(startedMs).toISOString(),
    web: web ?? null,
    pausedUntil: pauseText(deps.state.schedules.pause, systemClock.nowMs()),
    memory: process.memoryUsage.rss(),
    liveJobs: book.list({ live: true, limit: 1000 }).length,
  } satisfies Awaited<ReturnType<AgentApi['agentStatus']>>
}
