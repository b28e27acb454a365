import { mkdirSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { TestFolder } from '../support/test-home.ts'
import { findHarness, prepareParticipants, runRunner } from './harness.ts'

/** A harness whose runner says its words and the corpora's folder, and fails when asked to. */
function makeHarness(folder: TestFolder) {
  const place = folder.at('shared', 'bench')
  mkdirSync(`${place}/peers`, { recursive: true })
  writeFileSync(`${place}/gen-corpus.mjs`, '')
  writeFileSync(
    `${place}/bench.mjs`,
    `console.log(process.argv.slice(2).join(' '))
     console.log(process.env.THARSIS_BENCH_DATA)
     process.exitCode = process.argv[2] === 'fail' ? 3 : 0`,
  )
  const peer = `{ name: 'other', version: ['other'], env: () => ({}), backup: () => ['true'], restore: () => ['true'] }`
  writeFileSync(`${place}/peers/other.mjs`, `export default ${peer}`)
  const harness = findHarness(undefined, folder.at('project'))
  if (typeof harness === 'string') throw new Error(harness)
  return harness
}

test('the harness lies beside the project, or where one says', () => {
  using folder = new TestFolder()
  expect(makeHarness(folder).folder).toBe(folder.at('shared', 'bench'))
  expect(findHarness(folder.at('shared', 'bench'), '/')).toMatchObject({ runner: folder.at('shared/bench/bench.mjs') })
  expect(findHarness(folder.at('elsewhere'), '/')).toMatch(/elsewhere.*--harness DIR/)
})

test('each compression of Tharsis and each peer becomes an adapter of its own', async () => {
  using folder = new TestFolder()
  const harness = makeHarness(folder)
  const run = { peers: ['other'], compressions: ['lz4', 'zstd'], folder: folder.at('adapters') } as const
  const participants = await prepareParticipants(harness, run)
  expect(participants.map(({ peer }) => peer.name)).toEqual(['tharsis-lz4', 'tharsis-zstd', 'other'])
  const context = { corpus: 'small', repo: 'repo', state: 'state' }
  expect(participants[1]?.peer.init(context).join(' ')).toContain("'--compression' 'zstd'")
  await expect(prepareParticipants(harness, { ...run, peers: ['nobody'] })).rejects.toThrow(
    /nobody\.mjs cannot be found/,
  )
})

test('what the runner says is handed on line by line, and its exit status', async () => {
  using folder = new TestFolder()
  const harness = makeHarness(folder)
  const lines: string[] = []
  expect(await runRunner(harness, ['run', '--corpora', 'log'], '/data', (line) => lines.push(line))).toBe(0)
  expect(lines).toEqual(['run --corpora log', '/data'])
  expect(await runRunner(harness, ['fail'], '/data', () => {})).toBe(3)
})
