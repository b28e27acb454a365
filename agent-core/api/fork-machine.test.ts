/** A home folder is copied, and both copies go on: who finds the other's points stops, and becomes a machine of its own. Nothing is lost. */
import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { plainSettings, TestFolder, TestHome, testPassphrase } from '../../test/support/test-home.ts'
import { snapshotTree } from '../../test/support/tree-snapshot.ts'
import { backUp } from '../../test/support/two-machines.ts'
import type { AgentDeps } from './agent-deps.ts'
import { backupNow } from './backup-verbs.ts'
import { forkMachine } from './fork-machine.ts'
import { enableItem } from './item-verbs.ts'
import { listMachines } from './machine-verbs.ts'
import { knownVault } from './open-vault.ts'
import { setPin } from './pin-guard.ts'
import { listPoints } from './point-verbs.ts'
import { restoreFiles } from './restore-verbs.ts'
import { connectToVault, createNewVault } from './vault-verbs.ts'
import { verifyKnownVault } from './verify-verbs.ts'

const code = (expected: string): unknown => expect.objectContaining({ code: expected })

/** A home with one point in vault `v` (and, with two vaults, in `w`), and a copy of it on another computer. */
class Copied implements Disposable {
  readonly folder = new TestFolder()
  readonly home = new TestHome({ machine: 'laptop' })
  copy = this.home

  static async make(vaults: readonly string[] = ['v']): Promise<Copied> {
    const place = new Copied()
    const { folder, home } = place
    mkdirSync(folder.at('docs'))
    writeFileSync(folder.at('docs', 'file'), 'before the copy')
    for (const name of vaults) await createNewVault(home.deps, name, folder.at(name), testPassphrase)
    await enableItem(home.deps, 'docs', vaults, { ...plainSettings, folders: [folder.at('docs')] })
    await backUp(home.deps)
    place.copy = new TestHome({ machine: 'laptop', copyOf: home })
    return place
  }

  write(content: string): void {
    writeFileSync(this.folder.at('docs', 'file'), content)
  }

  /** What `file` has in each point of the item, oldest first. */
  async contents(deps: AgentDeps, item = 'docs'): Promise<string[]> {
    const contents: string[] = []
    for (const { id } of await listPoints(deps, item)) {
      const directory = this.folder.at(`restored ${contents.length} ${deps.state.homeId} ${item}`)
      const rest = { paths: [], conflict: 'copy', metadata: true, special: false } as const
      await restoreFiles(deps, { item, point: id, target: { directory }, ...rest }, {})
      contents.push(readFileSync(join(directory, 'file'), 'utf8'))
    }
    return contents
  }

  [Symbol.dispose](): void {
    this.home[Symbol.dispose]()
    if (this.copy !== this.home) this.copy[Symbol.dispose]()
    this.folder[Symbol.dispose]()
  }
}

test('the copy that comes second stops, and can become a machine of its own; both go on', {
  timeout: 240_000,
}, async () => {
  using place = await Copied.make()
  const { home, copy } = place
  place.write('by the first')
  await backUp(home.deps)
  place.write('by the copy')
  await expect(backUp(copy.deps)).rejects.toMatchObject({
    code: 'vault.cloned',
    data: { machine: 'laptop' },
    exitCode: 5,
  })
  const before = snapshotTree(place.folder.at('v'))
  copy.passphrase = testPassphrase
  await expect(backUp(copy.deps)).rejects.toEqual(code('vault.cloned'))
  await expect(forkMachine(copy.deps, 'v', 'no such passphrase here')).rejects.toEqual(code('vault.wrong-passphrase'))
  expect(snapshotTree(place.folder.at('v'))).toEqual(before)
  const ofHome = () => snapshotTree(join(place.folder.at('v'), 'keyspaces', knownVault(home.deps, 'v').keyspace))
  const earlierOfHome = ofHome()
  const forked = await forkMachine(copy.deps, 'v', testPassphrase)
  expect(forked).toMatchObject({ vault: 'v', before: 'laptop', machine: 'laptop 2' })
  expect(await backUp(copy.deps)).toMatchObject({ point: { seq: 1, confirmed: true }, files: { read: 1 } })
  expect(ofHome()).toEqual(earlierOfHome)
  expect(copy.deps.state.homeId).not.toBe(home.deps.state.homeId)
  place.write('by the first again')
  expect((await backUp(home.deps)).point).toMatchObject({ seq: 3, confirmed: true })
  place.write('by the copy again')
  expect(await backUp(copy.deps)).toMatchObject({ point: { seq: 2, confirmed: true }, remarks: [] })
  expect(await place.contents(home.deps)).toEqual(['before the copy', 'by the first', 'by the first again'])
  expect(await place.contents(copy.deps)).toEqual(['by the copy', 'by the copy again'])
  expect((await listMachines(home.deps, 'v', testPassphrase)).map(({ name, points }) => [name, points])).toEqual([
    ['laptop', 3],
    ['laptop 2', 2],
  ])
  for (const { deps } of [home, copy]) {
    expect((await verifyKnownVault(deps, 'v', { readDataPercent: 100 }, {})).damaged).toEqual([])
  }
  // What was before the copy is read from the machine that went on.
  const earlier = await connectToVault(copy.deps, 'earlier', place.folder.at('v'), testPassphrase, { read: 'laptop' })
  expect(earlier.items).toEqual(['docs 2'])
  expect((await place.contents(copy.deps, 'docs 2'))[0]).toBe('before the copy')
})

test('the first home is the one that stops when the copy was faster', { timeout: 240_000 }, async () => {
  using place = await Copied.make()
  const { home, copy } = place
  place.write('by the copy')
  expect((await backUp(copy.deps)).point).toMatchObject({ seq: 2, confirmed: true })
  place.write('by the first')
  await expect(backUp(home.deps)).rejects.toEqual(code('vault.cloned'))
  await forkMachine(home.deps, 'v', testPassphrase)
  expect((await backUp(home.deps)).point).toMatchObject({ seq: 1, confirmed: true })
  expect(await place.contents(copy.deps)).toEqual(['before the copy', 'by the copy'])
  expect(await place.contents(home.deps)).toEqual(['by the first'])
})

test('a fork needs every vault of the machine, and changes nothing before it has them', async () => {
  using place = await Copied.make(['v', 'w'])
  const { home, copy, folder } = place
  place.write('by the first')
  await backUp(home.deps)
  cpSync(folder.at('w'), folder.at('w away'), { recursive: true })
  const state = () => [copy.deps.state.homeId, copy.deps.state.vaults(), copy.deps.state.items()]
  const before = state()
  rmSync(folder.at('w'), { recursive: true })
  await expect(forkMachine(copy.deps, 'v', testPassphrase)).rejects.toEqual(code('vault.unreachable'))
  expect(state()).toEqual(before)
  cpSync(folder.at('w away'), folder.at('w'), { recursive: true })
  expect(await forkMachine(copy.deps, 'v', testPassphrase)).toMatchObject({ before: 'laptop', machine: 'laptop 2' })
  expect((await backUp(copy.deps)).vaults).toMatchObject([
    { name: 'v', confirmed: true },
    { name: 'w', confirmed: true },
  ])
  expect((await backUp(home.deps)).point?.seq).toBe(3)
})

test('a home that writes under two keyspaces forks in both at once', { timeout: 240_000 }, async () => {
  using place = await Copied.make()
  using other = new TestHome({ machine: 'desktop' })
  const { home, folder } = place
  await createNewVault(other.deps, 'w', folder.at('w'), 'the passphrase of the desktop')
  mkdirSync(folder.at('more'))
  writeFileSync(folder.at('more', 'file'), 'of the desktop')
  await enableItem(other.deps, 'more', ['w'], { ...plainSettings, folders: [folder.at('more')] })
  await backupNow(other.deps, 'more', { accept: false }, {})
  await connectToVault(home.deps, 'w', folder.at('w'), 'the passphrase of the desktop', { takeOver: 'desktop' })
  using copy = new TestHome({ machine: 'laptop', copyOf: home })
  const both = async ({ deps }: TestHome) => {
    const made = []
    for (const item of ['docs', 'more']) made.push((await backupNow(deps, item, { accept: false }, {})).point)
    return made
  }
  await both(home)
  await expect(both(copy)).rejects.toEqual(code('vault.cloned'))
  await forkMachine(copy.deps, 'v', testPassphrase)
  expect(copy.deps.state.vaults().map(({ name, machine }) => [name, machine])).toEqual([
    ['v', 'laptop 2'],
    ['w', 'desktop 2'],
  ])
  for (const one of [home, copy, home, copy]) {
    expect(await both(one)).toMatchObject([{ confirmed: true }, { confirmed: true }])
  }
  expect((await connectToVault(other.deps, 'of the copy', folder.at('w'), testPassphrase, {})).machine).toBe(
    'desktop 2',
  )
})

test('a home that no other was seen beside does not fork, unless that is meant', async () => {
  using place = await Copied.make(['v', 'w'])
  const { home, copy } = place
  await backUp(copy.deps)
  const state = () => [copy.deps.state.homeId, copy.deps.state.vaults(), snapshotTree(place.folder.path)]
  const before = state()
  await expect(forkMachine(copy.deps, 'v', testPassphrase)).rejects.toEqual(code('vault.not-cloned'))
  expect(state()).toEqual(before)
  await forkMachine(copy.deps, 'v', testPassphrase, { force: true })
  expect((await backUp(copy.deps)).point).toMatchObject({ seq: 1, confirmed: true })
  // The first home is the one that the copy was seen beside: nothing of it was lost either.
  await expect(backUp(home.deps)).rejects.toEqual(code('vault.cloned'))
})

test('a fork asks for the PIN where one is set', async () => {
  using place = await Copied.make()
  const { home, copy } = place
  await backUp(home.deps)
  await setPin(copy.deps, '4711', undefined)
  await expect(forkMachine(copy.deps, 'v', testPassphrase)).rejects.toEqual(code('pin.needed'))
  const asking = { ...copy.deps, askPin: () => async () => '4711' }
  expect(await forkMachine(asking, 'v', testPassphrase)).toMatchObject({ machine: 'laptop 2' })
})

test('a fork leaves no point behind that waits: the backup that stops has brought it into the vault', async () => {
  using place = await Copied.make()
  const { home, copy, folder } = place
  renameSync(folder.at('v'), folder.at('v away'))
  for (const { deps } of [home, copy]) {
    place.write(`by ${deps === home.deps ? 'the first' : 'the copy'}, away`)
    expect((await backUp(deps)).point).toMatchObject({ confirmed: false })
  }
  renameSync(folder.at('v away'), folder.at('v'))
  expect((await backUp(home.deps)).point).toMatchObject({ confirmed: true })
  await expect(forkMachine(copy.deps, 'v', testPassphrase)).rejects.toMatchObject({
    code: 'vault.points-wait',
    data: { name: 'v', points: 1 },
  })
  place.write('by the copy')
  expect((await backUp(copy.deps)).point).toMatchObject({ confirmed: true })
  await expect(backUp(home.deps)).rejects.toEqual(code('vault.cloned'))
  await forkMachine(home.deps, 'v', testPassphrase)
  const contents = await place.contents(copy.deps)
  expect(contents.toSorted((one, other) => one.localeCompare(other))).toEqual([
    'before the copy',
    'by the copy',
    'by the copy, away',
    'by the copy, away',
    'by the first, away',
  ])
})

test('a home that was put back from an older copy takes its machine over, and goes on as it', async () => {
  using place = await Copied.make()
  const { home, copy, folder } = place
  place.write('later')
  await backUp(home.deps)
  copy.passphrase = testPassphrase
  await expect(backUp(copy.deps)).rejects.toMatchObject({
    code: 'vault.cloned',
    message: expect.stringContaining('put back') as string,
  })
  await connectToVault(copy.deps, 'v', folder.at('v'), testPassphrase, { takeOver: 'laptop' })
  place.write('put back')
  expect((await backUp(copy.deps)).point).toMatchObject({ seq: 3, confirmed: true })
  expect(await place.contents(copy.deps)).toEqual(['before the copy', 'later', 'put back'])
})

test('no home takes its own points for those of a copy: cache lost, vault away, backups cut off', async () => {
  using place = await Copied.make()
  const { home, folder } = place
  rmSync(home.deps.paths.cache, { recursive: true })
  expect((await backUp(home.deps)).point).toMatchObject({ seq: 2, confirmed: true })
  renameSync(folder.at('v'), folder.at('v away'))
  place.write('while the vault is away')
  expect((await backUp(home.deps)).point).toMatchObject({ seq: 3, confirmed: false })
  renameSync(folder.at('v away'), folder.at('v'))
  rmSync(home.deps.paths.cache, { recursive: true })
  expect((await backUp(home.deps)).point).toMatchObject({ confirmed: true })
  expect((await backUp(home.deps)).point).toMatchObject({ confirmed: true })
})
