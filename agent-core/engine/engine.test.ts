/** The engine with its real worker thread. */
import { getEventListeners } from 'node:events'
import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { testEngineStart } from '../../test/support/test-engine.ts'
import { TestFolder } from '../../test/support/test-home.ts'
import { testIdOf, testKeys, testKeyspace, testVaultId } from '../../test/support/test-keys.ts'
import { systemClock } from '../base/clock.ts'
import { yieldToEventLoop } from '../base/event-loop.ts'
import { openBase } from '../cache/base-db.ts'
import { BlockReader, folderSource } from '../cache/chunk-reader.ts'
import type { CompleteChunkFile } from '../cache/chunk-writer.ts'
import { decodeCbor } from '../format/cbor.ts'
import { decodeEntry, type Part } from '../format/tree.ts'
import { Engine, type EngineOptions } from './engine.ts'
import type { FileRequest } from './file-outcome.ts'

function startEngine(folder: TestFolder, options: Partial<EngineOptions> = {}) {
  const files: CompleteChunkFile[] = []
  const pages: Uint8Array[] = []
  const engine = new Engine({
    start: testEngineStart(folder.path, folder.at('base.db')),
    threadCount: 2,
    signal: new AbortController().signal,
    onChunkFile: (file) => files.push(file),
    onPages: (list) => pages.push(...list.map(([, page]) => page)),
    ...options,
  })
  return { engine, files, pages }
}

const requestOf = (path: string): FileRequest => ({ path, sizeBytes: 1, volume: 0, previous: undefined })

test('files and pages come back out of the chunk files, byte for byte', async () => {
  using folder = new TestFolder()
  writeFileSync(folder.at('file'), 'what is in the file')
  const { engine, files, pages } = startEngine(folder)
  await using _ = engine
  const outcome = engine.captureFile(requestOf(folder.at('file')))
  const absent = engine.captureFile(requestOf(folder.at('absent')))
  const page = Buffer.from('a page of some tree')
  expect(engine.putTree(page)).toEqual(testIdOf(page))
  expect(await absent).toEqual({ state: 'vanished' })
  const { encoded } = (await outcome) as { encoded: Uint8Array }
  await engine.finishData()
  expect(files.map(({ kind }) => kind)).toEqual(['data'])
  expect(await engine.finish()).toMatchObject({ bytesNew: 'what is in the file'.length + page.length })
  expect(files.map(({ kind }) => kind)).toEqual(['data', 'tree'])
  expect(pages).toEqual([])

  using base = openBase(':memory:')
  base.mergeIndex(testVaultId, testKeyspace, 0, files, Buffer.alloc(32))
  const reader = new BlockReader(base, [folderSource(folder.path)], testKeys)
  const entry = decodeEntry(decodeCbor(encoded, 'entry'), 'entry')
  const [part] = (entry.content?.parts ?? []) as readonly Part[]
  expect(Buffer.from(await reader.read(part?.id as Uint8Array)).toString()).toBe('what is in the file')
  expect(Buffer.from(await reader.read(testIdOf(page)))).toEqual(page)
})

test('the pages of a long list of parts are told before its file is', async () => {
  using folder = new TestFolder()
  const image = Buffer.alloc(100 * 64 * 1024)
  for (let block = 0; block < 100; block++) image.fill(block + 1, block * 65_536, (block + 1) * 65_536)
  writeFileSync(folder.at('disk'), image)
  const { engine, pages } = startEngine(folder)
  await using _ = engine
  const previous = { splitting: { mode: 'fixed' as const, grainBytes: 65_536 }, parts: [], sparse: false }
  const outcome = await engine.captureFile({ ...requestOf(folder.at('disk')), previous })
  expect(outcome).toMatchObject({ state: 'captured', sizeBytes: image.length })
  expect(pages).toHaveLength(1)
  await engine.finish()
})

test('a worker that dies fails all that waits, and all that comes after', async () => {
  using folder = new TestFolder()
  writeFileSync(folder.at('file'), 'x')
  const { engine } = startEngine(folder)
  await using _ = engine
  const died = expect.objectContaining({ code: 'engine.worker-died' }) as unknown
  const previous = { splitting: null, parts: [] } as never
  const fatal = { ...requestOf(folder.at('file')), previous }
  const outcomes = [engine.captureFile(fatal), engine.captureFile(requestOf(folder.at('file')))]
  const finished = engine.finish()
  for (const outcome of outcomes) await expect(outcome).rejects.toEqual(died)
  await expect(finished).rejects.toEqual(died)
  await expect(engine.captureFile(requestOf(folder.at('file')))).rejects.toEqual(died)
  await expect(engine.room()).rejects.toEqual(died)
  await expect(engine.finishData()).rejects.toEqual(died)
  await expect(engine.finish()).rejects.toEqual(died)
  expect(() => engine.putTree(Buffer.from('page'))).toThrow(died)
})

test('a worker that dies when others have used its blocks fails the run; the next one stores them again', async () => {
  using folder = new TestFolder()
  const shared = Array.from({ length: 40 }, (_, number) => Buffer.alloc(300_000, `shared ${number}`))
  for (const [number, content] of shared.entries()) {
    writeFileSync(folder.at(`one ${number}`), content)
    writeFileSync(folder.at(`other ${number}`), content)
  }
  const requests = shared.flatMap((content, number) =>
    ['one', 'other'].map((name) => ({ ...requestOf(folder.at(`${name} ${number}`)), sizeBytes: content.length * 20 })),
  )
  const run = async (isFatal: boolean) => {
    const { engine, files } = startEngine(folder)
    await using _ = engine
    const outcomes = requests.map((request) => engine.captureFile(request))
    for (const outcome of outcomes) outcome.catch(() => {})
    await outcomes[20]
    const previous = { splitting: null, parts: [] } as never
    if (isFatal) await engine.captureFile({ ...requestOf(folder.at('one 1')), previous })
    await Promise.all(outcomes)
    await engine.finish()
    return files
  }
  await expect(run(true)).rejects.toMatchObject({ code: 'engine.worker-died' })
  expect(readdirSync(folder.path).filter((name) => name.endsWith('.tcf'))).toEqual([])
  const files = await run(false)
  using base = openBase(':memory:')
  base.mergeIndex(testVaultId, testKeyspace, 0, files, Buffer.alloc(32))
  const reader = new BlockReader(base, [folderSource(folder.path)], testKeys)
  for (const content of shared) expect((await reader.read(testIdOf(content))).length).toBe(content.length)
})

test('a failure that has a code arrives as that code', async () => {
  using folder = new TestFolder()
  using chunks = new TestFolder()
  writeFileSync(folder.at('file'), 'x')
  const { engine } = startEngine(chunks)
  await using _ = engine
  await engine.captureFile(requestOf(folder.at('absent')))
  rmSync(chunks.path, { recursive: true })
  const outcome = engine.captureFile(requestOf(folder.at('file')))
  await expect(engine.finish()).rejects.toMatchObject({ code: 'cache.failed' })
  // The block itself waits for its extent; only the writing of it fails.
  await outcome.catch(() => undefined)
})

test('a callback that fails fails the engine', async () => {
  using folder = new TestFolder()
  writeFileSync(folder.at('file'), 'x')
  const onChunkFile = () => {
    throw new Error('the base is full')
  }
  const { engine } = startEngine(folder, { onChunkFile })
  await using _ = engine
  await engine.captureFile(requestOf(folder.at('file')))
  await expect(engine.finishData()).rejects.toThrow('the base is full')
})

test('a cancelled engine rejects what waits with the reason', async () => {
  using folder = new TestFolder()
  writeFileSync(folder.at('file'), 'x')
  const controller = new AbortController()
  const { engine } = startEngine(folder, { signal: controller.signal })
  await using _ = engine
  const outcome = engine.captureFile(requestOf(folder.at('file')))
  controller.abort(new Error('cancelled'))
  await expect(outcome).rejects.toThrow('cancelled')
  await expect(engine.finish()).rejects.toThrow('cancelled')
})

test('callers wait while files or pages pile up, and go on when there is room', async () => {
  using folder = new TestFolder()
  writeFileSync(folder.at('file'), 'x')
  const { engine } = startEngine(folder)
  await using _ = engine
  await engine.room()
  const outcomes: Promise<unknown>[] = []
  while (!engine.isFull) outcomes.push(engine.captureFile(requestOf(folder.at('file'))))
  expect(outcomes).toHaveLength(512)
  await engine.room()
  expect(engine.isFull).toBe(false)
  await Promise.all(outcomes)
  let pages = 0
  while (!engine.isFull) engine.putTree(Buffer.alloc(1024 * 1024, ++pages))
  expect(pages).toBe(16)
  await engine.room()
  expect(engine.isFull).toBe(false)
  await engine.finish()
})

test('few files at a time start one thread, many start the other', async () => {
  using folder = new TestFolder()
  const capture = (engine: Engine, count: number) =>
    Array.from({ length: count }, async (_, number) => {
      const path = folder.at(`file ${number}`)
      writeFileSync(path, `content ${number}`)
      await engine.captureFile(requestOf(path))
    })
  for (const [turns, filesPerTurn, threads] of [
    [20, 5, 1],
    [1, 400, 2],
  ] as const) {
    using chunks = new TestFolder()
    const { engine, files } = startEngine(chunks)
    await using _ = engine
    const outcomes: Promise<void>[] = []
    for (let turn = 0; turn < turns; turn++) {
      outcomes.push(...capture(engine, filesPerTurn))
      await yieldToEventLoop()
    }
    await Promise.all(outcomes)
    await engine.finish()
    // Each thread writes chunk files of its own.
    expect(files).toHaveLength(threads)
  }
})

test('an engine that is held takes nothing in until it is released', async () => {
  using folder = new TestFolder()
  for (const name of ['one', 'two']) writeFileSync(folder.at(name), name)
  const { engine } = startEngine(folder)
  await using _ = engine
  await engine.captureFile(requestOf(folder.at('one')))
  engine.hold()
  const outcomes: string[] = []
  const held = engine.captureFile(requestOf(folder.at('two'))).then(({ state }) => outcomes.push(state))
  // Another message goes the same way behind the file and is not answered while that waits.
  const finished = engine.finishData()
  const first = await Promise.race([finished.then(() => 'finished'), systemClock.delay(50).then(() => 'held')])
  expect([first, outcomes]).toEqual(['held', []])
  engine.release()
  await held
  await finished
  expect(outcomes).toEqual(['captured'])
})

test('an engine that is held can be given up', async () => {
  using folder = new TestFolder()
  writeFileSync(folder.at('file'), 'x')
  const { engine, files } = startEngine(folder)
  await engine.captureFile(requestOf(folder.at('absent')))
  engine.hold()
  const outcome = engine.captureFile(requestOf(folder.at('file')))
  await engine[Symbol.asyncDispose]()
  await expect(Promise.race([outcome, Promise.resolve('none')])).resolves.toBe('none')
  expect(files).toEqual([])
})

test('an engine that is given up leaves no complete chunk file', async () => {
  using folder = new TestFolder()
  writeFileSync(folder.at('file'), 'x')
  const { engine, files } = startEngine(folder)
  await engine.captureFile(requestOf(folder.at('file')))
  await engine[Symbol.asyncDispose]()
  expect(files).toEqual([])
})

test('an engine that has ended is not held by its signal, which may be that of the whole process', async () => {
  using folder = new TestFolder()
  const { signal } = new AbortController()
  const { engine } = startEngine(folder, { signal })
  expect(getEventListeners(signal, 'abort')).toHaveLength(1)
  await engine[Symbol.asyncDispose]()
  expect(getEventListeners(signal, 'abort')).toEqual([])
})
