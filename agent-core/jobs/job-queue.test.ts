import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { TestHome } from '../../test/support/test-home.ts'
import { AgentError } from '../base/agent-error.ts'
import type { Clock } from '../base/clock.ts'
import type { JobsEvent } from '../contract/documents/job.ts'
import type { Progress } from '../contract/documents/progress.ts'
import type { PointId } from '../contract/ids.ts'
import type { CallContext } from '../contract/verb.ts'
import { JobBook } from './job-book.ts'
import { JobQueue } from './job-queue.ts'
import { OwnProcessRunner } from './job-runner.ts'

let home: TestHome
let nowMs: number
let book: JobBook
let queue: JobQueue

const clock: Clock = {
  nowMs: () => nowMs,
  delay: async (ms, signal) => {
    nowMs += ms
    await new Promise<void>((resolve, reject) => {
      setImmediate(() => (signal?.aborted ? reject(new Error('aborted')) : resolve()))
    })
  },
}

beforeEach(() => {
  home = new TestHome()
  nowMs = Date.parse('2026-11-22T12:00:00Z')
  book = openBook('me')
  queue = new JobQueue(book, clock)
})

afterEach(() => {
  home[Symbol.dispose]()
})

function openBook(owner: string): JobBook {
  return new JobBook({
    table: home.deps.state.jobs,
    clock,
    random: home.deps.random,
    owner,
    isAlive: (name) => name === 'me',
  })
}

const backup = { kind: 'backup', item: 'docs', trigger: 'person', writes: true } as const
const progress = (phase: Progress['phase'], filesDone = 0): Progress => ({
  phase,
  filesDone,
  bytesDone: filesDone * 10,
  warnings: 0,
})

/** Runs until its gate opens or its signal aborts. */
function gated() {
  const gate = Promise.withResolvers<unknown>()
  const begun = Promise.withResolvers<CallContext>()
  const work = async (context: CallContext) => {
    begun.resolve(context)
    const aborted = new Promise((_, reject) => {
      context.signal?.addEventListener('abort', () => reject(context.signal?.reason as Error))
    })
    return await Promise.race([gate.promise, aborted])
  }
  return { gate, begun: begun.promise, work }
}

test('backups that waited for a vault are over when a later one has brought their points there, and no others', () => {
  const finish = (item: string, confirmed: boolean, warnings = 0, caughtUp: readonly PointId[] = []) => {
    const { id } = book.add({ kind: 'backup', item, trigger: 'person' }, true)
    const point = { id: id as unknown as PointId, seq: 1, confirmed, sizeBytes: 1 }
    const group = { code: 'file.vanished', message: 'gone', advice: 'none', count: 1, examples: [] } as const
    book.finish(id, {
      state: confirmed ? 'completed' : 'waiting',
      reason: confirmed ? undefined : 'The vault is away.',
      result: { files: 0, bytes: 0, warnings, point },
      warnings: warnings > 0 ? [group] : [],
      error: confirmed ? null : { code: 'vault.unreachable', message: 'away', advice: 'none', exitCode: 6 },
      caughtUp,
    })
    return id
  }
  const [first, warned, other] = [finish('docs', false), finish('other', false, 1), finish('docs', false)]
  const last = finish('docs', true, 0, [first, warned] as unknown as PointId[])
  const reason = `Its point came into the vault with job ${last.slice(0, 8)}.`
  const result = { point: { confirmed: true } }
  expect(book.document(book.find(first))).toMatchObject({ state: 'completed', reason, error: null, result })
  expect(book.document(book.find(warned))).toMatchObject({ state: 'completed with warnings', reason, result })
  expect(book.document(book.find(other))).toMatchObject({ state: 'waiting', result: { point: { confirmed: false } } })
})

describe('the queue', () => {
  test('jobs that write run one after the other, in their order; others do not wait', async () => {
    const first = gated()
    const order: string[] = []
    const one = queue.run(backup, {}, first.work)
    const two = queue.run({ ...backup, item: 'more' }, {}, async () => void order.push('two'))
    const three = queue.run({ ...backup, kind: 'restore', writes: false }, {}, async () => void order.push('restore'))
    await three
    await first.begun
    expect(book.list({ item: 'more' })[0]).toMatchObject({ state: 'queued', startedAt: null })
    expect(queue.has('backup', 'docs')).toBe(true)
    order.push('one')
    first.gate.resolve({})
    await Promise.all([one, two])
    expect(order).toEqual(['restore', 'one', 'two'])
    expect(queue.has('backup', 'docs')).toBe(false)
  })

  test('a job that fails lets the next one run, and tells why', async () => {
    const failed = queue.run(backup, {}, async () => {
      throw new AgentError('vault.full', { address: '/v' })
    })
    const next = queue.run(backup, {}, async () => 'fine')
    await expect(failed).rejects.toThrow('is full')
    expect(await next).toBe('fine')
    const [, job] = book.list({})
    expect(job).toMatchObject({ state: 'failed', error: { code: 'vault.full', exitCode: 1 } })
  })

  test('cancelling a running job, and one that is still queued', async () => {
    const first = gated()
    const running = queue.submit(backup, {}, first.work)
    const queued = queue.submit(backup, {}, async () => 'never')
    const errors = [running, queued].map(async ({ done }) => await done.catch((error: unknown) => error))
    await first.begun
    await Promise.all([queue.cancel(queued.job.id), queue.cancel(running.job.id)])
    expect(await Promise.all(errors)).toMatchObject([{ message: 'cancelled' }, { message: 'cancelled' }])
    expect(book.list({}).map(({ state }) => state)).toEqual(['cancelled', 'cancelled'])
    await expect(queue.cancel(running.job.id)).rejects.toThrow('is over')
  })

  test('a home folder that another process writes to is waited for', async () => {
    let attempts = 0
    const states: string[] = []
    const answer = await queue.run(backup, {}, async () => {
      attempts++
      states.push(book.list({})[0]?.state ?? '')
      if (attempts < 3) throw new AgentError('home.locked', { home: '/h', pid: 7 })
      return 'done'
    })
    expect(answer).toBe('done')
    expect(states).toEqual(['running', 'running', 'running'])
    const job = book.details(book.find(book.list({})[0]?.id ?? ''))
    expect(job.state).toBe('completed')
    expect(job.log.map(({ text }) => text).join('\n')).toMatch(/waits: Another Tharsis process \(pid 7\)/)
  })

  test('an agent that ends interrupts its jobs, takes no more, and whoever looks finds those of a dead one', async () => {
    const first = gated()
    const running = queue.submit(backup, {}, first.work)
    const ended = running.done.catch((error: unknown) => error)
    await first.begun
    await queue.close()
    expect(await ended).toMatchObject({ message: 'the agent stops' })
    expect(book.list({})[0]).toMatchObject({ state: 'interrupted' })
    expect(() => queue.submit(backup, {}, async () => {})).toThrow('about to end')
    const dead = openBook('dead')
    const lost = dead.add(backup)
    dead.start(lost.id)
    const mine = book.add(backup)
    expect(book.list({ live: true }).map(({ id }) => id)).toEqual([mine.id])
    expect(book.find(lost.id)).toMatchObject({ owner: 'dead', state: 'interrupted' })
  })
})

describe('the book', () => {
  test('phases, grouped warnings, the point and the log of a backup', async () => {
    const warning = { code: 'file.unreadable', message: 'It could not be read (EACCES).', advice: 'Check.' } as const
    const { id } = book.add(backup)
    book.start(id)
    book.progress(id, progress('capture', 3))
    nowMs += 5000
    book.progress(id, progress('transfer'))
    book.progress(id, progress('transfer', 2))
    const runner = new OwnProcessRunner(book)
    await runner.run(backup, {}, async (context) => {
      context.onProgress?.(progress('capture', 1))
      return {
        job: { id: 'x', state: 'completed with warnings' },
        point: { id: 'c'.repeat(32), seq: 4, confirmed: true },
        files: { seen: 9 },
        bytes: { read: 5, stored: 2, total: 100 },
        warnings: [
          ...Array.from({ length: 30 }, (_, at) => ({ ...warning, path: `/f${at}` })),
          { ...warning, code: 'file.vanished', message: 'Gone.', path: '/g' },
        ],
      }
    })
    const [done] = book.list({})
    const job = book.details(book.find(done?.id ?? ''))
    expect(job).toMatchObject({
      state: 'completed with warnings',
      result: { files: 9, bytes: 5, warnings: 31, point: { seq: 4, confirmed: true, sizeBytes: 100 }, storedBytes: 2 },
      phases: [{ phase: 'capture', files: 1, bytes: 10 }],
    })
    expect(job.warnings.map(({ count, examples }) => [count, examples.length])).toEqual([
      [30, 20],
      [1, 1],
    ])
    expect(job.log.map(({ text }) => text)).toEqual([
      'started',
      'phase: capture',
      '30 × It could not be read (EACCES).',
      '1 × Gone.',
      'completed with warnings',
    ])
    expect(book.details(book.find(id)).phases).toMatchObject([
      { phase: 'capture', files: 3, finishedAt: '2026-11-22T12:00:05.000Z' },
      { phase: 'transfer', files: 2, finishedAt: null },
    ])
    book.progress(id, progress('capture', 1))
    expect(book.details(book.find(id)).phases.map(({ phase, files }) => `${phase} ${files}`)).toEqual([
      'capture 3',
      'transfer 2',
      'capture 1',
    ])
  })

  test('a watcher sees the state first, then each change, and goes on from a revision that it knows', async () => {
    const old = book.add(backup)
    book.start(old.id)
    const stop = new AbortController()
    const events: JobsEvent[] = []
    const watching = (async () => {
      for await (const event of book.watch(undefined, stop.signal)) {
        events.push(event)
        if (events.length === 1) book.progress(old.id, progress('capture', 7))
        if ('job' in event && event.job.progress?.filesDone === 7) stop.abort()
      }
    })()
    await watching
    expect(events[0]).toMatchObject({ jobs: [{ id: old.id, state: 'running' }] })
    const known = events.at(-1)?.revision ?? 0
    book.finish(old.id, { state: 'completed', reason: undefined, result: null, warnings: [], error: null })
    const fresh = book.addSkipped({ ...backup, reason: 'schedules rest' })
    const again = await book.watch(known, AbortSignal.abort()).next()
    expect(again.value).toMatchObject({
      jobs: [
        { id: fresh.id, state: 'skipped' },
        { id: old.id, state: 'completed' },
      ],
    })
    const fromNowhere = await book.watch(known + 1_000_000, AbortSignal.abort()).next()
    expect(fromNowhere.value).toMatchObject({ jobs: [{ id: fresh.id }, { id: old.id }] })
  })

  test('jobs are found by the beginning of their id', () => {
    const job = book.add(backup)
    expect(book.find(job.id.slice(0, 6)).id).toBe(job.id)
    expect(() => book.find('0'.repeat(32))).toThrow('no job')
    for (let at = 0; at < 40; at++) book.add(backup)
    const prefixes = '0123456789abcdef'
      .split('')
      .filter((digit) => book.list({}).filter(({ id }) => id.startsWith(digit)).length > 1)
    expect(() => book.find(prefixes[0] ?? '')).toThrow('fits several')
  })

  test('what ended long ago is forgotten, the newest stay', () => {
    const { id } = book.add(backup)
    book.finish(id, { state: 'completed', reason: undefined, result: null, warnings: [], error: null })
    nowMs += 500 * 86_400_000
    for (let at = 0; at < 1000; at++) book.add(backup)
    book.forgetOld()
    expect(() => book.find(id)).toThrow('no job')
    expect(book.list({ limit: 1000 })).toHaveLength(1000)
  })
})
