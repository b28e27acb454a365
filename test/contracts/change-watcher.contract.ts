/**
 * The suite behind the numbered contract of `agent-core/source/change-watcher.ts`, on a real file system. Every kind
 * runs it; the number of a test is the number of the rule.
 */
import {
  appendFileSync,
  chmodSync,
  linkSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { systemClock } from '../../agent-core/base/clock.ts'
import type { ChangeWatcher, WatcherDeps } from '../../agent-core/source/change-watcher.ts'
import { DirtySet } from '../../agent-core/source/known-changes.ts'
import { WatchedArea } from '../../agent-core/source/watched-area.ts'
import { TestFolder } from '../support/test-home.ts'

/** Opens a watcher of the kind; `markFolder` is a folder outside of the area. */
export type OpenWatcher = (deps: WatcherDeps & { readonly markFolder: string }) => Promise<ChangeWatcher>

class Watching implements AsyncDisposable {
  readonly folder = new TestFolder('watcher-')
  readonly #open: OpenWatcher
  readonly #doubts: string[] = []
  #dirty = new DirtySet(100_000)
  watcher: ChangeWatcher | undefined

  constructor(open: OpenWatcher) {
    this.#open = open
    for (const name of ['item', 'outside', 'marks']) mkdirSync(this.folder.at(name))
  }

  async start(): Promise<void> {
    this.watcher = await this.#open({
      area: new WatchedArea({
        folders: [Buffer.from(this.at())],
        crossMounts: false,
        enters: (_path, relative) => !relative.split('/').includes('left-out'),
      }),
      sink: {
        folder: (path) => void this.#dirty.addFolder(path),
        tree: (path) => void this.#dirty.addTree(path),
        doubt: (reason) => this.#doubts.push(reason),
      },
      clock: systemClock,
      markFolder: this.folder.at('marks'),
    })
  }

  at(...names: readonly string[]): string {
    return this.folder.at('item', ...names)
  }

  /** What was reported since the last call. */
  async told() {
    await this.watcher?.settle()
    const dirty = this.#dirty
    this.#dirty = new DirtySet(100_000)
    const isDirty = (path: string) => !dirty.isClean(Buffer.from(path, 'latin1'))
    return {
      dirty: isDirty,
      /** Everything at and below it is to be looked at. */
      tree: (path: string) => isDirty(`${path}/any/where`),
      paths: [...dirty.entries()].map(({ path }) => path.toString('latin1')),
      doubts: [...this.#doubts],
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.watcher?.[Symbol.asyncDispose]()
    this.folder[Symbol.dispose]()
  }
}

export function describeChangeWatcherContract(title: string, open: OpenWatcher): void {
  describe(`change watcher contract: ${title}`, () => {
    let watching: Watching
    beforeEach(() => {
      watching = new Watching(open)
      mkdirSync(watching.at('a', 'b', 'c'), { recursive: true })
      mkdirSync(watching.at('other'))
      writeFileSync(watching.at('a', 'b', 'file'), 'content')
      writeFileSync(watching.at('other', 'file'), 'content')
    })
    afterEach(async () => {
      await watching[Symbol.asyncDispose]()
    })
    describeSingleChanges(() => watching)
    describeFolders(() => watching)
    describeDoubts(() => watching)
    describeArea(() => watching)
  })
}

function describeSingleChanges(current: () => Watching): void {
  const changes: Record<string, (w: Watching) => void> = {
    made: (w) => writeFileSync(w.at('a', 'b', 'new'), ''),
    written: (w) => writeFileSync(w.at('a', 'b', 'file'), 'other'),
    appended: (w) => appendFileSync(w.at('a', 'b', 'file'), 'more'),
    cut: (w) => truncateSync(w.at('a', 'b', 'file'), 1),
    renamed: (w) => renameSync(w.at('a', 'b', 'file'), w.at('a', 'b', 'renamed')),
    removed: (w) => rmSync(w.at('a', 'b', 'file')),
    'given another mode': (w) => chmodSync(w.at('a', 'b', 'file'), 0o600),
    'given another time': (w) => utimesSync(w.at('a', 'b', 'file'), 1, 1),
    linked: (w) => linkSync(w.at('a', 'b', 'file'), w.at('a', 'b', 'link')),
    'made a symbolic link': (w) => symlinkSync('nowhere', w.at('a', 'b', 'symlink')),
  }
  test.each(Object.keys(changes))('1, 2. an entry is %s: its folder is reported, others are not', async (name) => {
    const watching = current()
    await watching.start()
    expect((await watching.told()).paths).toEqual([])
    changes[name]?.(watching)
    const { dirty, doubts } = await watching.told()
    expect([dirty(watching.at('a', 'b')), dirty(watching.at('a')), dirty(watching.at('other'))]).toEqual([
      true,
      false,
      false,
    ])
    expect(doubts).toEqual([])
    expect((await watching.told()).paths).toEqual([])
  })

  test('1. both folders of a move are reported', async () => {
    const watching = current()
    await watching.start()
    renameSync(watching.at('a', 'b', 'file'), watching.at('other', 'moved'))
    const { dirty } = await watching.told()
    expect([dirty(watching.at('a', 'b')), dirty(watching.at('other'))]).toEqual([true, true])
  })

  test("2. a folder's own attributes: it or the one that holds it", async () => {
    const watching = current()
    await watching.start()
    chmodSync(watching.at('a', 'b'), 0o711)
    const { dirty } = await watching.told()
    expect(dirty(watching.at('a', 'b')) || dirty(watching.at('a'))).toBe(true)
  })

  test('2, 5. a name that is no text comes back byte by byte', async () => {
    const watching = current()
    const raw = Buffer.concat([Buffer.from(watching.at('other')), Buffer.from('/\xff\n', 'latin1')])
    mkdirSync(raw)
    await watching.start()
    await watching.told()
    writeFileSync(Buffer.concat([raw, Buffer.from('/file')]), 'content')
    expect((await watching.told()).dirty(raw.toString('latin1'))).toBe(true)
  })
}

function describeFolders(current: () => Watching): void {
  test('3. a folder that is made and filled at once is a tree', async () => {
    const watching = current()
    await watching.start()
    mkdirSync(watching.at('a', 'x', 'y', 'z'), { recursive: true })
    writeFileSync(watching.at('a', 'x', 'y', 'z', 'file'), 'content')
    const { dirty, tree } = await watching.told()
    expect([dirty(watching.at('a')), tree(watching.at('a', 'x'))]).toEqual([true, true])
  })

  test('3. what happens later in a fresh folder is reported too', async () => {
    const watching = current()
    await watching.start()
    for (let count = 0; count < 20; count++) mkdirSync(watching.at('a', `fresh-${count}`, 'y'), { recursive: true })
    await watching.told()
    for (let count = 0; count < 20; count++) writeFileSync(watching.at('a', `fresh-${count}`, 'y', 'file'), '1')
    const { dirty } = await watching.told()
    const seen = Array.from({ length: 20 }, (_, count) => dirty(watching.at('a', `fresh-${count}`, 'y')))
    expect(seen).toEqual(Array.from({ length: 20 }, () => true))
  })

  test('3. a folder that was renamed is a tree under its new name, and heard there', async () => {
    const watching = current()
    await watching.start()
    renameSync(watching.at('a'), watching.at('moved'))
    const { tree, dirty } = await watching.told()
    expect([dirty(watching.at()), tree(watching.at('moved'))]).toEqual([true, true])
    writeFileSync(watching.at('moved', 'b', 'file'), 'other')
    expect((await watching.told()).dirty(watching.at('moved', 'b'))).toBe(true)
  })

  test('3. a folder that was away and came back is a tree', async () => {
    const watching = current()
    await watching.start()
    renameSync(watching.at('a'), watching.folder.at('outside', 'a'))
    await watching.told()
    writeFileSync(watching.folder.at('outside', 'a', 'b', 'file'), 'other')
    renameSync(watching.folder.at('outside', 'a'), watching.at('a'))
    expect((await watching.told()).tree(watching.at('a'))).toBe(true)
    writeFileSync(watching.at('a', 'b', 'c', 'file'), 'new')
    expect((await watching.told()).dirty(watching.at('a', 'b', 'c'))).toBe(true)
  })

  test('3. two folders that change places', async () => {
    const watching = current()
    mkdirSync(watching.at('other', 'below'))
    await watching.start()
    renameSync(watching.at('a'), watching.at('between'))
    renameSync(watching.at('other'), watching.at('a'))
    renameSync(watching.at('between'), watching.at('other'))
    const first = await watching.told()
    expect([first.tree(watching.at('a')), first.tree(watching.at('other'))]).toEqual([true, true])
    writeFileSync(watching.at('a', 'below', 'file'), '1')
    writeFileSync(watching.at('other', 'b', 'c', 'file'), '2')
    const { dirty } = await watching.told()
    expect([dirty(watching.at('a', 'below')), dirty(watching.at('other', 'b', 'c'))]).toEqual([true, true])
  })

  test('3. a folder that was removed and made anew is a tree, and heard', async () => {
    const watching = current()
    await watching.start()
    rmSync(watching.at('a'), { recursive: true })
    mkdirSync(watching.at('a', 'b'), { recursive: true })
    expect((await watching.told()).tree(watching.at('a'))).toBe(true)
    writeFileSync(watching.at('a', 'b', 'file'), '1')
    expect((await watching.told()).dirty(watching.at('a', 'b'))).toBe(true)
  })
}

function describeDoubts(current: () => Watching): void {
  test("4. the item's folder was moved away: a doubt", async () => {
    const watching = current()
    await watching.start()
    renameSync(watching.at(), watching.folder.at('outside', 'item'))
    mkdirSync(watching.at())
    expect((await watching.told()).doubts.length).toBeGreaterThan(0)
  })

  test('4. a burst is reported or doubted', async () => {
    const watching = current()
    mkdirSync(watching.at('burst'))
    await watching.start()
    // More than the queue of inotify holds, and one event each: two files by turns are never merged.
    for (const name of ['one', 'two']) writeFileSync(watching.at('burst', name), '')
    for (let count = 0; count < 20_000; count++) utimesSync(watching.at('burst', count % 2 === 0 ? 'one' : 'two'), 1, 1)
    writeFileSync(watching.at('a', 'b', 'file'), 'at the end')
    const { dirty, doubts } = await watching.told()
    expect(doubts.length > 0 || (dirty(watching.at('burst')) && dirty(watching.at('a', 'b')))).toBe(true)
  })
}

function describeArea(current: () => Watching): void {
  test('5. what is outside or left out is not reported', async () => {
    const watching = current()
    mkdirSync(watching.at('a', 'left-out', 'below'), { recursive: true })
    await watching.start()
    await watching.told()
    writeFileSync(watching.folder.at('outside', 'file'), '1')
    writeFileSync(watching.at('a', 'left-out', 'below', 'file'), '1')
    mkdirSync(watching.at('a', 'left-out', 'fresh'))
    expect((await watching.told()).paths).toEqual([])
  })

  test('6. disposed, it is silent', async () => {
    const watching = current()
    await watching.start()
    const open = watching.watcher
    await open?.[Symbol.asyncDispose]()
    writeFileSync(watching.at('a', 'b', 'file'), 'other')
    expect((await watching.told()).paths).toEqual([])
  })
}
