/** Which points an item has, where some are damaged, wait in the cache, or lie in a vault that is away. */
import { globSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { plainSettings, TestFolder, TestHome, testPassphrase } from '../../test/support/test-home.ts'
import { backupNow } from './backup-verbs.ts'
import { enableItem } from './item-verbs.ts'
import { openItemReading } from './open-reading.ts'
import { listPoints, pointFiles } from './point-verbs.ts'
import { restoreFiles } from './restore-verbs.ts'
import { createNewVault } from './vault-verbs.ts'

async function make() {
  const home = new TestHome()
  const folder = new TestFolder()
  mkdirSync(folder.at('docs'))
  const { deps } = home
  await createNewVault(deps, 'v', folder.at('vault'), testPassphrase)
  await enableItem(deps, 'mine', ['v'], { ...plainSettings, folders: [folder.at('docs')] })
  /** Backs up once more, with one file more; answers the point's id. */
  const backUp = async (name: string): Promise<string> => {
    writeFileSync(folder.at('docs', name), `content of ${name}`)
    return (await backupNow(deps, 'mine', { accept: false }, {})).point?.id as string
  }
  const vaultObject = (ending: string): string => {
    const [path] = globSync(`keyspaces/**/*${ending}`, { cwd: folder.at('vault') })
    return folder.at('vault', path as string)
  }
  const moveVault = (from: string, to: string) => renameSync(folder.at(from), folder.at(to))
  const dispose = () => {
    home[Symbol.dispose]()
    folder[Symbol.dispose]()
  }
  return { home, deps, folder, backUp, vaultObject, moveVault, [Symbol.dispose]: dispose }
}
const code = (expected: string): unknown => expect.objectContaining({ code: expected })

function flipLastByte(path: string): void {
  const bytes = readFileSync(path)
  const last = bytes.length - 1
  bytes[last] = (bytes[last] as number) ^ 1
  writeFileSync(path, bytes)
}

test.each(['', '.ok'])('a damaged point (its object%s) hides no other one', async (suffix) => {
  using place = await make()
  const { deps, home } = place
  const ids = [await place.backUp('one'), await place.backUp('two'), await place.backUp('three')]
  const [first, second, third] = ids as [string, string, string]
  flipLastByte(place.vaultObject(`${second}${suffix}`))
  expect((await listPoints(deps, 'mine')).map(({ id }) => id)).toEqual([first, third])
  expect(readFileSync(home.deps.paths.log, 'utf8')).toContain(second)
  const reading = await openItemReading(deps, 'mine')
  expect((await reading.point('latest')).manifest.id).toBe(third)
  expect((await reading.point(first)).manifest.id).toBe(first)
  await expect(reading.point(second)).rejects.toEqual(code('point.damaged'))
  await expect(reading.point(second.slice(0, 20))).rejects.toEqual(code('point.damaged'))
  await expect(reading.point('2')).rejects.toEqual(code('point.damaged'))
  expect((await reading.point('3')).manifest.id).toBe(third)
  await reading[Symbol.asyncDispose]()
  for (const id of [first, third]) flipLastByte(place.vaultObject(id))
  expect((await listPoints(deps, 'mine')).map(({ id }) => id)).toEqual([first, third])
  // Without what this home has read before.
  rmSync(deps.paths.manifests, { recursive: true })
  await expect(listPoints(deps, 'mine')).rejects.toEqual(code('point.damaged'))
})

test('a point that waits comes after those of the vault, whatever its number', async () => {
  using place = await make()
  const { deps } = place
  const confirmed = [await place.backUp('one'), await place.backUp('two')]
  rmSync(deps.paths.cache, { recursive: true })
  place.moveVault('vault', 'away')
  const waiting = await place.backUp('three')
  expect((await listPoints(deps, 'mine')).map(({ id }) => id)).toEqual([waiting])
  place.moveVault('away', 'vault')
  const points = await listPoints(deps, 'mine')
  expect(points.map(({ id, seq, tiers }) => [id, seq, tiers])).toEqual([
    [confirmed[0], 1, ['vault']],
    [confirmed[1], 2, ['vault']],
    [waiting, 1, ['instant']],
  ])
  await using reading = await openItemReading(deps, 'mine')
  expect((await reading.point('latest')).manifest.id).toBe(waiting)
  expect((await reading.point('2')).manifest.id).toBe(confirmed[1])
  await expect(reading.point('1')).rejects.toEqual(code('point.ambiguous'))
})

test('a damaged index segment is told and locks out no points', async () => {
  using place = await make()
  const { deps } = place
  const id = await place.backUp('one')
  await place.backUp('two')
  flipLastByte(place.vaultObject('index/000000000000'))
  rmSync(deps.paths.cache, { recursive: true })
  const remarks: string[] = []
  const points = await listPoints({ ...deps, remark: (text) => remarks.push(text) }, 'mine')
  expect(points.map((point) => point.id)).toContain(id)
  expect(remarks).toEqual([expect.stringContaining('vault verify v')])
  expect(readFileSync(deps.paths.log, 'utf8')).toContain('damaged index segment')
})

test('points that wait for a vault that is away come with a remark', async () => {
  using place = await make()
  place.moveVault('vault', 'away')
  const id = await place.backUp('one')
  const remarks: string[] = []
  const points = await listPoints({ ...place.deps, remark: (text) => remarks.push(text) }, 'mine')
  expect(points.map((point) => point.id)).toEqual([id])
  expect(remarks).toEqual([expect.stringMatching(/cannot be reached.*the cache holds/)])
})

test('files that lie deep in each other are listed one by one', async () => {
  using place = await make()
  const { deps, folder } = place
  const depth = 1500
  mkdirSync(folder.at('docs', ...Array.from({ length: depth }, () => 'd')), { recursive: true })
  await place.backUp('last')
  const list = async (deepest: number) => {
    const paths: string[] = []
    for await (const { path } of pointFiles(deps, 'mine', 'latest', undefined, deepest)) paths.push(path)
    return paths
  }
  const all = await list(Number.POSITIVE_INFINITY)
  expect(all).toHaveLength(depth + 1)
  expect(all.at(-2)).toBe(Array.from({ length: depth }, () => 'd').join('/'))
  expect(await list(2)).toEqual(['d', 'd/d', 'last'])
  for await (const { path } of pointFiles(deps, 'mine', 'latest', undefined, 9)) {
    if (path === 'd/d/d') break
  }
})

test('data that lies only in a vault that is away is not called damaged', async () => {
  using place = await make()
  const { deps, folder } = place
  await place.backUp('one')
  for (const name of readdirSync(deps.paths.chunks)) rmSync(join(deps.paths.chunks, name))
  place.moveVault('vault', 'away')
  await place.backUp('two')
  const restore = (name: string) => {
    mkdirSync(folder.at(`out of ${name}`))
    return restoreFiles(
      deps,
      {
        item: 'mine',
        point: 'latest',
        paths: [folder.at('docs', name)],
        target: { directory: folder.at(`out of ${name}`) },
        conflict: 'copy',
        metadata: true,
        special: false,
      },
      {},
    )
  }
  expect(await restore('two')).toMatchObject({ restored: 1, failed: 0 })
  await expect(restore('one')).rejects.toEqual(code('vault.unreachable'))
})
