/** `backup-now --watch` as a process of its own: lines of JSON, signals, and an agent that is killed. */
import { type ChildProcess } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, test } from 'vitest'
import type { BackupDocument } from '../../agent-core/api/agent-api.ts'
import { systemClock } from '../../agent-core/base/clock.ts'
import { acquireHomeLock } from '../../agent-core/platform/home-lock.ts'
import { CliHome, type CliResult } from '../support/cli-home.ts'
import { makeTree } from '../support/random-changes.ts'

type Line = BackupDocument | { readonly error: { readonly code: string } }

/** A running `--watch`. */
class Watch {
  readonly ended: Promise<CliResult>
  #child: ChildProcess | undefined
  #lines: AsyncIterator<string> | undefined

  constructor(home: CliHome) {
    this.ended = home.run(['backup-now', 'docs', '--watch', '--every', '60', '--output', 'json', '--quiet'], {
      onStart: (child) => {
        this.#child = child
        if (child.stdout === null) throw new Error('no output')
        this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
      },
    })
  }

  /** The document of the next backup. */
  async next(): Promise<Line> {
    const line = await this.#lines?.next()
    if (line === undefined || line.done === true) throw new Error(`it ended: ${(await this.ended).stderr}`)
    return JSON.parse(line.value) as Line
  }

  /** Asks for a backup at once; its document. */
  async backUp(): Promise<Line> {
    this.signal('SIGUSR2')
    return await this.next()
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal)
  }
}

test('full first, then by the journal; the last status is the exit status', async () => {
  using home = new CliHome()
  await home.setUp()
  makeTree(home.source, 2)
  await home.letTimesSettle()
  const watch = new Watch(home)
  expect(await watch.next()).toMatchObject({ scan: { kind: 'full', reason: 'the journal begins' } })
  mkdirSync(join(home.source, 'new', 'deep'), { recursive: true })
  writeFileSync(join(home.source, 'new', 'deep', 'file'), 'content')
  const second = await watch.backUp()
  const watcher = process.geteuid?.() === 0 ? 'fanotify' : 'chokidar'
  expect(second).toMatchObject({ scan: { kind: 'journal', watcher }, files: { changed: 1 } })
  expect((await home.files('latest')).map(({ path }) => path)).toContain('new/deep/file')
  expect(await watch.backUp()).toMatchObject({ scan: { kind: 'journal' }, files: { deleted: 0 } })
  watch.signal('SIGINT')
  expect(await watch.ended).toMatchObject({ status: 0, stderr: '' })
})

test('other settings and a foreign point are seen; a home that is locked is told, and tried again', async () => {
  using home = new CliHome()
  await home.setUp()
  makeTree(home.source, 1)
  const watch = new Watch(home)
  await watch.next()
  // Between two backups the home is free for others.
  await home.json(['item', 'change', 'docs', '--exclude', '*.tmp'])
  writeFileSync(join(home.source, 'out.tmp'), '')
  expect(await watch.backUp()).toMatchObject({
    scan: { kind: 'full', reason: 'the item is set otherwise than before' },
  })
  expect((await home.files('latest')).map(({ path }) => path)).not.toContain('out.tmp')
  await home.backUp()
  expect(await watch.backUp()).toMatchObject({
    scan: { kind: 'full', reason: 'the last point is not the one that the journal counts from' },
  })
  const lock = acquireHomeLock(home.home, systemClock)
  expect(await watch.backUp()).toMatchObject({ error: { code: 'home.locked' } })
  lock[Symbol.dispose]()
  expect(await watch.backUp()).toMatchObject({ scan: { kind: 'journal' } })
  watch.signal('SIGTERM')
  expect((await watch.ended).status).toBe(0)
})

test('killed, it begins with a full scan', async () => {
  using home = new CliHome()
  await home.setUp()
  makeTree(home.source, 2)
  const killed = new Watch(home)
  await killed.next()
  writeFileSync(join(home.source, 'folder 0', 'new'), 'seen')
  killed.signal('SIGUSR2')
  killed.signal('SIGKILL')
  expect((await killed.ended).signal).toBe('SIGKILL')
  writeFileSync(join(home.source, 'folder 1', 'new'), 'unseen')
  const watch = new Watch(home)
  expect(await watch.next()).toMatchObject({ scan: { kind: 'full', reason: 'the agent was started anew' } })
  expect(readFileSync(join(home.home, 'agent.log'), 'utf8')).toContain('a change journal was not closed')
  const paths = (await home.files('latest')).map(({ path }) => path)
  expect(paths).toContain('folder 0/new')
  expect(paths).toContain('folder 1/new')
  watch.signal('SIGINT')
  expect((await watch.ended).status).toBe(0)
})
