/**
 * A reader that was written from docs/format alone, in another language and with other libraries
 * (test/formats/independent-reader.py), gets the same bytes and attributes as the product: of the golden vault and of
 * one made just now.
 */
import { spawnSync } from 'node:child_process'
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { backupNow } from '../../agent-core/api/backup-verbs.ts'
import { enableItem } from '../../agent-core/api/item-verbs.ts'
import { restoreFiles } from '../../agent-core/api/restore-verbs.ts'
import { connectToVault, createNewVault } from '../../agent-core/api/vault-verbs.ts'
import { type DescribedFile, describeFiles } from '../support/describe-files.ts'
import { missingToolPrefix, needsThat } from '../support/needs.ts'
import { changeSampleTree, longText, makeSampleTree } from '../support/sample-tree.ts'
import { plainSettings, TestFolder, TestHome, testPassphrase } from '../support/test-home.ts'

interface ReadEntry extends DescribedFile {
  readonly xattrs?: Record<string, string>
  readonly splitting?: string
  readonly sparse?: boolean
  readonly linkGroup?: string
}

interface ReadPoint {
  readonly id: string
  readonly itemName: string
  readonly confirmed: boolean
  readonly parent: string | null
  readonly entries: Record<string, ReadEntry>
}

const projectFolder = join(import.meta.dirname, '..', '..')
const reader = join(projectFolder, 'test', 'formats', 'independent-reader.py')
const golden = join(projectFolder, 'test', 'formats', 'golden')
const python = '/usr/bin/python3'
const hasPython = spawnSync(python, ['-c', 'import cryptography, zstandard'], { stdio: 'ignore' }).status === 0

function run(vault: string, secret: string) {
  return spawnSync(python, [reader, vault], { input: secret, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
}

function read(vault: string, secret: string): readonly ReadPoint[] {
  const { status, stdout, stderr } = run(vault, secret)
  expect(stderr).toBe('')
  expect(status).toBe(0)
  const document = JSON.parse(stdout) as { keyspaces: readonly { points: readonly ReadPoint[] }[] }
  return document.keyspaces.flatMap(({ points }) => points)
}

/** Without the protected folder itself, and only what a look at a file system tells. */
function plainEntries(point: ReadPoint): Record<string, DescribedFile> {
  const below = Object.entries(point.entries).filter(([path]) => path.includes('/'))
  return Object.fromEntries(
    below.map(([path, { type, mode, mtimeNs, size, sha256, target }]) => [
      path,
      {
        type,
        mode,
        mtimeNs,
        ...(size !== undefined && { size }),
        ...(sha256 !== undefined && { sha256 }),
        ...(target !== undefined && { target }),
      },
    ]),
  )
}

describe(
  'the independent reader',
  needsThat(hasPython, `${missingToolPrefix} python3-cryptography, python3-zstandard`),
  () => {
    test('reads the golden vault with passphrase and recovery code', () => {
      const expected = JSON.parse(readFileSync(join(golden, 'vault-v1.json'), 'utf8')) as {
        passphrase: string
        recoveryCode: string
        points: { point: string; entries: Record<string, DescribedFile> }[]
      }
      const points = read(join(golden, 'vault-v1'), expected.passphrase)
      const byId = new Map(points.map((point) => [point.id, point]))
      expect([...byId.keys()].toSorted()).toEqual(expected.points.map(({ point }) => point).toSorted())
      for (const { point, entries } of expected.points) {
        expect(plainEntries(byId.get(point) as ReadPoint)).toEqual(entries)
      }
      const [first, second] = expected.points.map(({ point }) => byId.get(point) as ReadPoint)
      expect(second?.parent).toBe(first?.id)
      expect(first?.entries['source/disk.qcow2']).toMatchObject({ splitting: 'fixed', sparse: true })
      expect(first?.entries['source/attributes']?.xattrs).toEqual({ 'user.tharsis': '000102ff' })
      const groups = ['source/small', 'source/small, second name'].map((path) => first?.entries[path]?.linkGroup)
      expect(groups[0]).toBeDefined()
      expect(groups[1]).toBe(groups[0])
      expect(read(join(golden, 'vault-v1'), expected.recoveryCode)).toEqual(points)
    })

    test('opens nothing with another passphrase, and refuses a flipped bit', () => {
      using folder = new TestFolder()
      const { passphrase } = JSON.parse(readFileSync(join(golden, 'vault-v1.json'), 'utf8')) as { passphrase: string }
      expect(run(join(golden, 'vault-v1'), `${passphrase} `)).toMatchObject({ status: 1, stdout: '' })
      cpSync(join(golden, 'vault-v1'), folder.at('vault'), { recursive: true })
      const [chunkFile] = spawnSync('find', [folder.at('vault'), '-name', '*.tcf'], { encoding: 'utf8' }).stdout.split(
        '\n',
      )
      const bytes = readFileSync(chunkFile as string)
      bytes[600] = (bytes[600] as number) ^ 1
      writeFileSync(chunkFile as string, bytes)
      const { status, stderr } = run(folder.at('vault'), passphrase)
      expect(status).toBe(1)
      expect(stderr).toContain('its name is not its SHA-256')
    })

    test('gets what the product restores of a vault made now', async () => {
      using home = new TestHome()
      using second = new TestHome()
      using folder = new TestFolder()
      makeSampleTree(folder.at('source'))
      await createNewVault(home.deps, 'v', folder.at('vault'), testPassphrase)
      await enableItem(home.deps, 'lz4', ['v'], { ...plainSettings, folders: [folder.at('source')] })
      await backupNow(home.deps, 'lz4', { accept: false }, {})
      await changeSampleTree(folder.at('source'))
      writeFileSync(folder.at('source', 'more text'), longText(30_000).replaceAll('line', 'row'))
      const settings = { ...plainSettings, folders: [folder.at('source')], compression: 'zstd' as const }
      await enableItem(home.deps, 'zstd', ['v'], settings)
      await backupNow(home.deps, 'zstd', { accept: false }, {})
      await backupNow(home.deps, 'lz4', { accept: false }, {})
      await connectToVault(second.deps, 'v', folder.at('vault'), testPassphrase, {})
      const points = read(folder.at('vault'), testPassphrase)
      expect(points.map(({ itemName }) => itemName).toSorted()).toEqual(['lz4', 'lz4', 'zstd'])
      for (const point of points) {
        const directory = folder.at(point.id)
        const request = { item: point.itemName, point: point.id, paths: [], target: { directory } }
        const rules = { conflict: 'copy', metadata: true, special: false } as const
        expect(await restoreFiles(second.deps, { ...request, ...rules }, {})).toMatchObject({ failed: 0, warnings: [] })
        expect(plainEntries(point)).toEqual(describeFiles(directory, 'source'))
        expect(point.confirmed).toBe(true)
      }
    })
  },
)
