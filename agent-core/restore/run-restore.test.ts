import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type PlannedEntry, PointTree, tallTree } from '../../test/support/point-tree.ts'
import { describeTree, expectedTree, RestorePlace } from '../../test/support/restore-place.ts'
import { AgentError } from '../base/agent-error.ts'

let point: PointTree
let place: RestorePlace

beforeEach(() => {
  point = new PointTree()
  place = new RestorePlace(point)
})

afterEach(() => place[Symbol.dispose]())

const file = (name: string, text: string, more: Partial<PlannedEntry> = {}): PlannedEntry => ({
  name,
  type: 'file',
  content: [Buffer.from(text)],
  ...more,
})

const folder = (name: string, ...children: PlannedEntry[]): PlannedEntry => ({ name, type: 'directory', children })

function rootOf(...children: PlannedEntry[]) {
  return point.root({ '/home/u/docs': folder('docs', ...children) })
}

type Generated = { readonly entry: PlannedEntry; readonly children: PlannedEntry[] }

/** Nothing of the private folder is left anywhere. */
function leftovers(): string[] {
  return describeTree(place.folder).filter((line) => line.includes('.tharsis-restore'))
}

describe('everything that a tree can hold', () => {
  const name = fc
    .uint8Array({ minLength: 1, maxLength: 20 })
    .map((bytes) => Buffer.from(bytes.map((byte) => (byte === 0 || byte === 0x2f ? 0x5f : byte))))
    .filter((bytes) => !/^\.{1,2}$/.test(bytes.toString('latin1')))
  const common = {
    name,
    mtime: fc.record({
      sec: fc.integer({ min: 1 - 2 ** 31, max: 2 ** 33 }),
      ns: fc.integer({ min: 0, max: 999_999_999 }),
    }),
    posix: fc.record({ mode: fc.integer({ min: 0, max: 0o777 }).map((mode) => mode | 0o400) }),
  }
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 3000 }).map((bytes) => Buffer.from(bytes)),
    fc.integer({ min: 1, max: 200_000 }),
  )
  const entries = fc.letrec<Generated>((tie) => ({
    entry: fc.oneof(
      { depthSize: 'medium', withCrossShrink: true },
      fc.record({
        ...common,
        type: fc.constant('file' as const),
        content: fc.oneof(
          fc.array(piece, { maxLength: 4 }),
          fc.array(fc.constant(Buffer.from('x')), { minLength: 65, maxLength: 90 }),
        ),
        sparse: fc.boolean(),
      }),
      fc.record({ ...common, type: fc.constant('symlink' as const), linkTarget: name }),
      fc.record({ ...common, type: fc.constantFrom('fifo' as const, 'socket' as const) }),
      fc.record({
        ...common,
        type: fc.constant('directory' as const),
        posix: fc.record({ mode: fc.integer({ min: 0, max: 0o777 }).map((mode) => mode | 0o700) }),
        children: tie('children'),
      }),
    ),
    children: fc.uniqueArray(tie('entry'), {
      maxLength: 5,
      selector: (entry) => Buffer.from(entry.name).toString('latin1'),
    }),
  }))

  test('comes back as it was, and a second run finds it all the same', async () => {
    await fc.assert(
      fc.asyncProperty(entries.children, async (children) => {
        const tree = new PointTree()
        using local = new RestorePlace(tree)
        const docs = folder('docs', ...children)
        const root = tree.root({ '/home/u/docs': docs })
        const plan = await local.plan(root)
        const first = await local.restore(root)
        expect(first.task.warnings).toEqual([])
        expect(describeTree(local.target)).toEqual(expectedTree(docs))
        expect(plan.counts).toEqual({ new: first.restored, same: 0, overwritten: 0, copied: 0, skipped: 0 })
        expect(plan.bytes).toBe(first.bytes)
        for (const conflict of ['copy', 'overwrite', 'skip'] as const) {
          const again = await local.restore(root, { conflict })
          expect(again).toMatchObject({ restored: 0, skipped: 0, failed: 0, same: first.restored })
        }
        expect(describeTree(local.target)).toEqual(expectedTree(docs))
      }),
      { numRuns: 25 },
    )
  }, 120_000)

  test('hard links stay names of one inode, in and across folders', async () => {
    const docs = folder(
      'docs',
      file('a', 'one', { inode: 5 }),
      folder('b', file('a', 'one', { inode: 5 }), { name: 'l', type: 'symlink', linkTarget: 'x', inode: 6 }),
      { name: 'c', type: 'symlink', linkTarget: 'x', inode: 6 },
      file('d', 'one', { inode: 5 }),
    )
    const root = point.root({ '/home/u/docs': docs })
    await place.restore(root)
    expect(describeTree(place.target)).toEqual(expectedTree(docs))
    expect(lstatSync(place.at('a')).nlink).toBe(3)
    expect(leftovers()).toEqual([])
  })

  test('a link that is missing is made to the file that is there', async () => {
    const root = rootOf(file('a', 'one', { inode: 5 }), file('d', 'one', { inode: 5 }))
    mkdirSync(place.target)
    writeFileSync(place.at('a'), 'one')
    utimesSync(place.at('a'), 1_700_000_000, 1_700_000_000)
    expect(await place.restore(root)).toMatchObject({ same: 1, new: 1 })
    expect(lstatSync(place.at('a')).nlink).toBe(2)
  })

  test('holes stay holes, and zeros that were written stay written', async () => {
    const size = 8 * 1024 * 1024
    const content = [Buffer.from('begin'), size, Buffer.from('end'), size]
    await place.restore(rootOf({ ...file('sparse', ''), content, sparse: true }, { ...file('full', ''), content }))
    expect(statSync(place.at('sparse'))).toMatchObject({ size: 2 * size + 8 })
    expect(statSync(place.at('sparse')).blocks * 512).toBeLessThan(size)
    expect(statSync(place.at('full')).blocks * 512).toBeGreaterThanOrEqual(2 * size)
    expect(readFileSync(place.at('full')).equals(readFileSync(place.at('sparse')))).toBe(true)
  })

  test('a tree 2,100 folders deep', async () => {
    const depth = 2100
    let deep = folder('x', file('bottom', 'reached'))
    for (let level = 1; level < depth; level++) {
      deep = { ...folder('x'), built: point.entry(folder('x', deep, file('f', String(level)))) }
    }
    const result = await place.restore(rootOf(deep))
    expect(result).toMatchObject({ folders: depth, restored: depth, failed: 0 })
    expect(await place.restore(rootOf(deep))).toMatchObject({ same: depth, restored: 0, failed: 0 })
    expect(await place.plan(rootOf(deep))).toMatchObject({ counts: { same: depth, new: 0 } })
  })

  test('times without owners, modes and attributes', async () => {
    await place.restore(
      rootOf(file('tool', 'x', { posix: { mode: 0o4711 } }), file('text', 'x', { posix: { mode: 0o600 } })),
      {
        metadata: false,
      },
    )
    writeFileSync(place.at('usual'), '')
    const usual = statSync(place.at('usual')).mode & 0o7777
    expect(statSync(place.at('text')).mode & 0o7777).toBe(usual)
    expect(statSync(place.at('tool')).mode & 0o7666).toBe(usual)
    expect(statSync(place.at('tool')).mode & 0o100).toBe(0o100)
    expect(lstatSync(place.at('text'), { bigint: true }).mtimeNs).toBe(1_700_000_000_123_456_789n)
  })
})

describe('where things go', () => {
  test('a folder that is there keeps what it holds, and gets the metadata', async () => {
    mkdirSync(place.at('sub'), { recursive: true })
    writeFileSync(place.at('sub', 'mine'), 'mine')
    chmodSync(place.at('sub'), 0o700)
    const sub = { ...folder('sub', file('new', 'new')), posix: { mode: 0o751 } }
    await place.restore(rootOf(sub))
    expect(readdirSync(place.at('sub')).sort()).toEqual(['mine', 'new'])
    expect(statSync(place.at('sub')).mode & 0o7777).toBe(0o751)
    expect(lstatSync(place.at('sub'), { bigint: true }).mtimeNs).toBe(1_700_000_000_123_456_789n)
  })

  test('several paths, with one name twice', async () => {
    const root = rootOf(folder('a', file('f', '1')), folder('b', file('f', '2')), file('g', '3'))
    const result = await place.restore(root, { paths: ['a/f', 'b/f', 'g'] })
    expect(result).toMatchObject({ restored: 3, failed: 0 })
    expect(readFileSync(place.at('docs/a/f'), 'utf8')).toBe('1')
    expect(readFileSync(place.at('docs/b/f'), 'utf8')).toBe('2')
    expect(readFileSync(place.at('g'), 'utf8')).toBe('3')
    expect(leftovers()).toEqual([])
  })

  test('a target that is a file', async () => {
    writeFileSync(place.target, 'file')
    await expect(place.restore(rootOf(file('a', 'x')))).rejects.toMatchObject({ code: 'restore.target' })
    expect(readFileSync(place.target, 'utf8')).toBe('file')
  })
})

describe('names that are taken', () => {
  const copyOf = (name: string): string => `2026-11-22 14-30 Copy of ${name}`

  beforeEach(() => {
    mkdirSync(place.target)
    writeFileSync(place.at('f'), 'mine')
  })

  test('copy puts the point beside it, once', async () => {
    const root = rootOf(file('f', 'other'))
    expect((await place.plan(root)).counts).toMatchObject({ copied: 1, new: 0 })
    expect(await place.restore(root)).toMatchObject({ restored: 1, copied: 1 })
    expect(readFileSync(place.at('f'), 'utf8')).toBe('mine')
    expect(readFileSync(place.at(copyOf('f')), 'utf8')).toBe('other')
    expect(await place.restore(root)).toMatchObject({ restored: 0, same: 1 })
    expect((await place.plan(root)).counts).toMatchObject({ same: 1, copied: 0 })
    await place.restore(rootOf(file('f', 'third')))
    expect(readFileSync(place.at('2026-11-22 14-30 Copy (2) of f'), 'utf8')).toBe('third')
  })

  test('copy makes none of what has the same content', async () => {
    expect(await place.restore(rootOf(file('f', 'mine')))).toMatchObject({ restored: 0, same: 1 })
    expect(readdirSync(place.target)).toEqual(['f'])
  })

  test('overwrite replaces it, its other names stay what they were', async () => {
    linkSync(place.at('f'), join(place.folder, 'kept'))
    const root = rootOf(file('f', 'other'))
    expect((await place.plan(root, { conflict: 'overwrite' })).counts).toMatchObject({ overwritten: 1 })
    expect(await place.restore(root, { conflict: 'overwrite' })).toMatchObject({ restored: 1, overwritten: 1 })
    expect(readFileSync(place.at('f'), 'utf8')).toBe('other')
    expect(readFileSync(join(place.folder, 'kept'), 'utf8')).toBe('mine')
  })

  test('overwrite sees other content behind the same size and time, and another mode', async () => {
    const root = rootOf(file('f', 'MINE'))
    utimesSync(place.at('f'), 1_700_000_000, 1_700_000_000)
    const exact = rootOf(file('f', 'MINE', { mtime: { sec: 1_700_000_000, ns: 0 } }))
    expect(await place.restore(exact, { conflict: 'overwrite' })).toMatchObject({ overwritten: 1 })
    expect(readFileSync(place.at('f'), 'utf8')).toBe('MINE')
    await place.restore(root, { conflict: 'overwrite' })
    chmodSync(place.at('f'), 0o600)
    expect(await place.restore(root, { conflict: 'overwrite' })).toMatchObject({ overwritten: 1 })
    expect(statSync(place.at('f')).mode & 0o777).toBe(0o644)
  })

  test('skip leaves it', async () => {
    const root = rootOf(file('f', 'other'), file('g', 'new'))
    expect((await place.plan(root, { conflict: 'skip' })).counts).toMatchObject({ skipped: 1, new: 1 })
    expect(await place.restore(root, { conflict: 'skip' })).toMatchObject({ restored: 1, skipped: 1 })
    expect(readFileSync(place.at('f'), 'utf8')).toBe('mine')
  })

  test('only missing, only changed', async () => {
    writeFileSync(place.at('touched'), 'same')
    const root = rootOf(file('f', 'other'), file('g', 'new'), file('touched', 'same'), folder('new', file('h', '')))
    const changed = await place.restore(root, { conflict: 'overwrite', only: 'changed' })
    expect(changed).toMatchObject({ overwritten: 1, same: 1, new: 0, skipped: 1, folders: 0 })
    expect(readFileSync(place.at('f'), 'utf8')).toBe('other')
    writeFileSync(place.at('f'), 'mine')
    const missing = await place.restore(root, { conflict: 'overwrite', only: 'missing' })
    expect(missing).toMatchObject({ new: 2, overwritten: 0, folders: 1 })
    expect(readFileSync(place.at('f'), 'utf8')).toBe('mine')
    expect(readFileSync(place.at('g'), 'utf8')).toBe('new')
  })

  test.each(['copy', 'overwrite'] as const)('a folder is never replaced by a file (%s)', async (conflict) => {
    const result = await place.restore(rootOf(folder('d', file('x', 'y'))))
    expect(result.failed).toBe(0)
    expect(await place.restore(rootOf(file('d', 'file')), { conflict })).toMatchObject({ copied: 1 })
    expect(readFileSync(place.at('d', 'x'), 'utf8')).toBe('y')
    expect(readFileSync(place.at(copyOf('d')), 'utf8')).toBe('file')
  })

  test('who asked that files be replaced is told of one that is put beside a folder, in each run', async () => {
    await place.restore(rootOf(folder('d', file('x', 'y'))))
    const root = rootOf(file('d', 'file'))
    expect((await place.restore(root)).task.warnings).toEqual([])
    for (let run = 1; run <= 2; run++) {
      if (run === 1) unlinkSync(place.at(copyOf('d')))
      const { task } = await place.restore(root, { conflict: 'overwrite' })
      expect(task.warnings).toMatchObject([
        { code: 'file.restored-beside', path: expect.stringMatching(/\/d$/) as string },
      ])
      expect(task.warnings[0]?.message).toContain(`as "${copyOf('d')}", because a folder is in its place.`)
    }
    rmSync(place.at('d'), { recursive: true })
    const after = await place.restore(root, { conflict: 'overwrite' })
    expect([after.new, after.task.warnings]).toEqual([1, []])
  })

  test('a file where a folder belongs', async () => {
    const root = rootOf(folder('f', file('x', 'y')))
    expect(await place.restore(root, { conflict: 'skip' })).toMatchObject({ failed: 1, restored: 0 })
    await place.restore(root)
    expect(readFileSync(place.at(copyOf('f'), 'x'), 'utf8')).toBe('y')
    expect(await place.restore(root)).toMatchObject({ same: 1, restored: 0 })
    expect(readFileSync(place.at('f'), 'utf8')).toBe('mine')
    await place.restore(root, { conflict: 'overwrite' })
    expect(readFileSync(place.at('f', 'x'), 'utf8')).toBe('y')
    expect(leftovers()).toEqual([])
  })
})

describe('a target that means harm', () => {
  test.each(['copy', 'overwrite', 'skip'] as const)(
    'a link where a folder belongs is not followed (%s)',
    async (conflict) => {
      const outside = join(place.folder, 'outside')
      mkdirSync(outside)
      mkdirSync(place.target)
      symlinkSync(outside, place.at('sub'))
      await place.restore(rootOf(folder('sub', file('x', 'y'))), { conflict })
      expect(readdirSync(outside)).toEqual([])
      if (conflict !== 'overwrite') expect(readlinkSync(place.at('sub'))).toBe(outside)
    },
  )

  test('a link where a file belongs is not written through', async () => {
    const outside = join(place.folder, 'outside')
    writeFileSync(outside, 'mine')
    mkdirSync(place.target)
    symlinkSync(outside, place.at('f'))
    await place.restore(rootOf(file('f', 'evil')), { conflict: 'overwrite' })
    expect(readFileSync(outside, 'utf8')).toBe('mine')
    expect(lstatSync(place.at('f')).isFile()).toBe(true)
  })

  test('a folder swapped for a link while its content is restored', async () => {
    const outside = join(place.folder, 'outside')
    mkdirSync(outside)
    const root = rootOf(folder('sub', file('x', 'secret')), file('z', 'later'))
    const [secret] = point.fileBlocks
    point.onRead = (id) => {
      if (id !== secret || !existsSync(place.at('sub'))) return
      point.onRead = () => undefined
      renameSync(place.at('sub'), join(place.folder, 'moved'))
      symlinkSync(outside, place.at('sub'))
    }
    await place.restore(root)
    expect(readdirSync(outside)).toEqual([])
    expect(readdirSync(join(place.folder, 'moved'))).toEqual(['x'])
    expect(readFileSync(place.at('z'), 'utf8')).toBe('later')
  })
})

describe('a vault that means harm or is damaged', () => {
  test('a lost block costs its file only', async () => {
    const root = rootOf(file('a', 'one'), file('b', 'two'), file('c', 'three'))
    point.blocks.delete(point.fileBlocks[1] ?? '')
    const result = await place.restore(root)
    expect(result).toMatchObject({ restored: 2, failed: 1, bytes: 8 })
    expect(result.task.warnings).toMatchObject([{ code: 'file.damaged', path: '/home/u/docs/b' }])
    expect(result.task.warnings[0]?.message).toMatch(/block .* is damaged at offset 24: it is lost/)
    expect(readdirSync(place.target).sort()).toEqual(['a', 'c'])
  })

  test('a block with other bytes than its id says', async () => {
    const root = rootOf(file('a', 'one'), file('b', 'two'))
    point.blocks.set(point.fileBlocks[0] ?? '', Buffer.from('eno'))
    const result = await place.restore(root)
    expect(result).toMatchObject({ restored: 1, failed: 1 })
    expect(result.task.warnings).toMatchObject([{ code: 'file.damaged', path: '/home/u/docs/a' }])
    expect(readdirSync(place.target)).toEqual(['b'])
  })

  test('a file keeps its old content when the new one is damaged', async () => {
    mkdirSync(place.target)
    writeFileSync(place.at('a'), 'mine')
    const root = rootOf(file('a', 'one'))
    point.blocks.delete(point.fileBlocks[0] ?? '')
    expect(await place.restore(root, { conflict: 'overwrite' })).toMatchObject({ failed: 1 })
    expect(readFileSync(place.at('a'), 'utf8')).toBe('mine')
    expect(leftovers()).toEqual([])
  })

  test('blocks that do not add up to the size', async () => {
    const grown = { ...point.entry(file('a', 'one')), sizeBytes: 4 }
    const shrunk = { ...point.entry(file('b', 'two')), sizeBytes: 2 }
    const original = point.entry.bind(point)
    point.entry = (planned) => (planned.name === 'a' ? grown : planned.name === 'b' ? shrunk : original(planned))
    const result = await place.restore(rootOf(file('a', ''), file('b', ''), file('c', 'ok')))
    expect(result).toMatchObject({ restored: 1, failed: 2 })
    expect(readdirSync(place.target)).toEqual(['c'])
  })

  test('a damaged list costs its folder only', async () => {
    const sub = folder('sub', file('x', 'y'))
    const root = rootOf(sub, file('z', 'ok'))
    const list = point.entry(sub).directory?.list
    point.blocks.delete(Buffer.from(list?.id ?? []).toString('hex'))
    const result = await place.restore(root)
    expect(result).toMatchObject({ restored: 1, failed: 1 })
    expect(result.task.warnings).toMatchObject([{ code: 'file.damaged', path: '/home/u/docs/sub' }])
    expect(await place.plan(root)).toMatchObject({ unreadable: 1 })
  })

  test('a vault that goes away ends the restore; what is there is whole', async () => {
    const root = rootOf(file('a', 'one'), file('b', 'two'))
    const gone = new AgentError('vault.unreachable', { address: '/v', reason: 'unplugged' })
    point.onRead = (id) => {
      if (id === point.fileBlocks[1]) throw gone
    }
    await expect(place.restore(root)).rejects.toBe(gone)
    expect(readdirSync(place.target)).toEqual(['a'])
    point.onRead = () => undefined
    expect(await place.restore(root)).toMatchObject({ same: 1, new: 1 })
  })
})

describe('a restore that was interrupted', () => {
  test('leftovers go, and folders get what they lack, whatever the rule', async () => {
    const docs = folder('docs', folder('sub', file('a', 'one')), file('b', 'two'))
    const root = point.root({ '/home/u/docs': docs })
    mkdirSync(place.at('.tharsis-restore-0123456789abcdef', '3'), { recursive: true })
    writeFileSync(place.at('.tharsis-restore-0123456789abcdef', '1'), 'half')
    mkdirSync(place.at('sub'), { mode: 0o700 })
    expect(await place.restore(root, { conflict: 'skip' })).toMatchObject({ new: 2, folders: 0 })
    expect(describeTree(place.target)).toEqual(expectedTree(docs))
    expect(leftovers()).toEqual([])
  })

  test('a cancelled one leaves whole files only', async () => {
    const root = rootOf(file('a', 'one'), file('b', 'two'), file('c', 'three'))
    const cancel = new AbortController()
    point.onRead = (id) => {
      if (id === point.fileBlocks[1]) cancel.abort(new Error('cancelled'))
    }
    await expect(place.restore(root, { signal: cancel.signal })).rejects.toThrow('cancelled')
    expect(readdirSync(place.target)).toEqual(['a'])
  })

  test.each([1, 2, 20, 59])('killed while it reads block %i, the next run finishes it', async (killAtRead) => {
    const script = join(import.meta.dirname, '../../test/support/killed-restore.ts')
    const run = spawnSync(process.execPath, [script, place.target, String(killAtRead)], { encoding: 'utf8' })
    expect(run.signal).toBe('SIGKILL')
    const docs = tallTree()
    const root = point.root({ '/home/u/docs': docs })
    // Names of one inode are still tied to the private folder here.
    const withoutLinks = (lines: readonly string[]): string[] => lines.map((line) => line.replace(/ = .*/, ''))
    const finalNames = withoutLinks(describeTree(place.target)).filter((line) => /^\/folder.* file /.test(line))
    const expected = new Set(withoutLinks(expectedTree(docs)))
    expect(finalNames.filter((line) => !expected.has(line))).toEqual([])
    const result = await place.restore(root)
    expect(result).toMatchObject({ failed: 0, copied: 0, overwritten: 0 })
    expect(result.same).toBe(finalNames.length)
    expect(describeTree(place.target)).toEqual(expectedTree(docs))
    expect(leftovers()).toEqual([])
  })
})
