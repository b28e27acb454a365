/** Holds, trash and stopped items through the use cases, with real vaults in folders and clocks that lie. */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { plainSettings, TestFolder, TestHome, testPassphrase } from '../../test/support/test-home.ts'
import type { PointId } from '../contract/ids.ts'
import type { Item } from '../state/state-db.ts'
import { readAudit } from '../vault/audit-journal.ts'
import { readPointStates } from '../vault/point-states.ts'
import { writeTombstones } from '../vault/tombstone-ledger.ts'
import type { AgentDeps } from './agent-deps.ts'
import { backupNow } from './backup-verbs.ts'
import { scheduleOf } from './item-schedules.ts'
import { changeItem, enableItem, listItems, showItem } from './item-verbs.ts'
import { knownVault, openKnownVault } from './open-vault.ts'
import { setPin } from './pin-guard.ts'
import { listPoints } from './point-verbs.ts'
import { pruneVault } from './prune-verbs.ts'
import { restoreFiles } from './restore-verbs.ts'
import { changeSettings } from './setting-verbs.ts'
import { resumeItem, stopItem, undeleteItem } from './stop-verbs.ts'
import { deletePoint, holdPoint, releasePoint, undeletePoint } from './trash-verbs.ts'
import { connectToVault, createNewVault } from './vault-verbs.ts'

const dayMs = 86_400_000
const code = (expected: string): unknown => expect.objectContaining({ code: expected })

async function make(vaults: readonly string[] = ['v']) {
  const clock = { offsetMs: 0, nowMs: () => Date.now() + clock.offsetMs, delay: async () => {} }
  const home = new TestHome({ clock })
  const folder = new TestFolder()
  mkdirSync(folder.at('docs'))
  const { deps } = home
  for (const vault of vaults) await createNewVault(deps, vault, folder.at(vault), testPassphrase)
  await enableItem(deps, 'mine', vaults, { ...plainSettings, folders: [folder.at('docs')] })
  const backUp = async (name: string): Promise<string> => {
    writeFileSync(folder.at('docs', name), `content of ${name}`)
    return (await backupNow(deps, 'mine', { accept: false }, {})).point?.id as string
  }
  const restore = async (point: string, from: AgentDeps = deps) => {
    const directory = folder.at(`restored ${point} ${deps.random.bytes(4).toString('hex')}`)
    const request = { item: 'mine', point, paths: [], conflict: 'copy', metadata: true, special: false } as const
    return await restoreFiles(from, { ...request, target: { directory } }, {})
  }
  const journal = async (): Promise<string[]> => {
    const vault = await openKnownVault(deps, knownVault(deps, 'v'))
    const acts: string[] = []
    for await (const { act } of readAudit(vault)) acts.push(act)
    await vault.store.close()
    return acts
  }
  const dispose = () => {
    home[Symbol.dispose]()
    folder[Symbol.dispose]()
  }
  return { deps, folder, clock, backUp, restore, journal, [Symbol.dispose]: dispose }
}

const shown = async (deps: AgentDeps) =>
  (await listPoints(deps, 'mine')).map(({ held, deleted }) => [held, deleted !== null])

test('a deleted point is hidden from latest and dates, restores by its id, and comes back', async () => {
  using place = await make()
  const { deps, backUp, restore } = place
  const first = await backUp('one')
  const second = await backUp('two')
  const document = await deletePoint(deps, 'mine', 'latest', 'by mistake')
  expect(document).toMatchObject({ id: second, deleted: { who: 'tester on test machine', reason: 'by mistake' } })
  const days = (Date.parse(document.deleted?.until ?? '') - Date.parse(document.deleted?.at ?? '')) / dayMs
  expect(days).toBeCloseTo(14, 3)
  expect((await showItem(deps, 'mine')).lastPoint?.id).toBe(first)
  expect(await shown(deps)).toEqual([
    [false, false],
    [false, true],
  ])
  expect(await restore('latest')).toMatchObject({ restored: 1, failed: 0 })
  expect(await restore('2099-01-01')).toMatchObject({ restored: 1 })
  expect(await restore(second.slice(0, 12))).toMatchObject({ restored: 2, failed: 0, verified: true })
  expect((await showItem(deps, 'mine')).lastPoint?.id).toBe(first)
  expect((await listItems(deps))[0]?.lastPoint?.id).toBe(first)
  await expect(deletePoint(deps, 'mine', second, undefined)).rejects.toEqual(code('point.deleted'))
  expect((await undeletePoint(deps, 'mine', second)).deleted).toBeNull()
  await expect(undeletePoint(deps, 'mine', second)).rejects.toEqual(code('point.not-deleted'))
  expect(await restore('latest')).toMatchObject({ restored: 2 })
  expect(await place.journal()).toEqual(['point delete', 'point undelete'])
})

test('a held point cannot be deleted before it is released', async () => {
  using place = await make()
  const { deps, backUp } = place
  const point = await backUp('one')
  expect(await holdPoint(deps, 'mine', 'latest', 'tax')).toMatchObject({ held: true })
  await expect(deletePoint(deps, 'mine', point, undefined)).rejects.toEqual(code('point.held'))
  expect(await releasePoint(deps, 'mine', point, undefined)).toMatchObject({ held: false })
  await expect(releasePoint(deps, 'mine', point, undefined)).rejects.toEqual(code('point.not-held'))
  expect((await deletePoint(deps, 'mine', point, undefined)).deleted).not.toBeNull()
})

test('with a PIN set, deleting, releasing, stopping with delete and a shorter trash ask for it', async () => {
  using place = await make()
  const { deps, backUp } = place
  await backUp('one')
  await holdPoint(deps, 'mine', 'latest', undefined)
  await changeSettings(deps, { trashDays: 30 })
  await setPin(deps, '4711', undefined)
  const acts = [
    () => deletePoint(deps, 'mine', 'latest', undefined),
    () => releasePoint(deps, 'mine', 'latest', undefined),
    () => stopItem(deps, 'mine', { deletesData: true }),
    () => changeSettings(deps, { trashDays: null }),
  ]
  for (const act of acts) await expect(act()).rejects.toEqual(code('pin.needed'))
  expect(await shown(deps)).toEqual([[true, false]])
  await changeSettings(deps, { trashDays: 40 })
  await stopItem(deps, 'mine', { deletesData: false })
  const asking = { ...deps, askPin: () => async () => '4711' }
  expect(await releasePoint(asking, 'mine', 'latest', undefined)).toMatchObject({ held: false })
})

test('a stopped item is not backed up, whatever else is changed of it, until it is resumed', async () => {
  using place = await make()
  const { deps, folder, backUp } = place
  await backUp('one')
  expect(await stopItem(deps, 'mine', { deletesData: false, reason: 'moved' })).toMatchObject({
    stopped: { data: 'retained', until: null, reason: 'moved' },
    points: 0,
  })
  await expect(backUp('two')).rejects.toEqual(code('item.stopped'))
  await changeItem(deps, 'mine', { folders: [folder.at('docs')], excludes: ['*.tmp'] })
  expect((await showItem(deps, 'mine')).stopped).toMatchObject({ data: 'retained', who: 'tester on test machine' })
  await expect(backUp('two')).rejects.toEqual(code('item.stopped'))
  expect((await resumeItem(deps, 'mine')).stopped).toBeNull()
  await backUp('two')
  await expect(resumeItem(deps, 'mine')).rejects.toEqual(code('item.not-stopped'))
  await expect(undeleteItem(deps, 'mine')).rejects.toEqual(code('item.not-deleted'))
})

test('stopping with delete puts every point into the trash, and undelete brings all of them back whole', async () => {
  using place = await make()
  const { deps, folder, backUp, restore } = place
  const points = [await backUp('one'), await backUp('two'), await backUp('three')]
  await holdPoint(deps, 'mine', points[0] as string, undefined)
  expect(await stopItem(deps, 'mine', { deletesData: true })).toMatchObject({
    stopped: { data: 'deleted' },
    points: 3,
    held: 1,
  })
  expect(await shown(deps)).toEqual([
    [true, true],
    [false, true],
    [false, true],
  ])
  await expect(restore('latest')).rejects.toEqual(code('point.not-found'))
  for (const [at, point] of points.entries()) {
    expect(await restore(point)).toMatchObject({ restored: at + 1, failed: 0 })
  }
  await expect(backUp('four')).rejects.toEqual(code('item.stopped'))
  await expect(resumeItem(deps, 'mine')).rejects.toEqual(code('item.stopped'))
  await expect(stopItem(deps, 'mine', { deletesData: false })).rejects.toEqual(code('item.stopped'))
  // A second home sees it all from the vault.
  using second = new TestHome()
  await connectToVault(second.deps, 'other', folder.at('v'), testPassphrase, {})
  expect((await showItem(second.deps, 'mine')).stopped).toMatchObject({ data: 'deleted' })
  expect(await shown(second.deps)).toEqual(await shown(deps))
  expect(await restore(points[2] as string, second.deps)).toMatchObject({ restored: 3, failed: 0 })
  await expect(undeleteItem(second.deps, 'mine')).rejects.toEqual(code('vault.foreign'))
  await expect(holdPoint(second.deps, 'mine', points[0] as string, undefined)).rejects.toEqual(code('vault.foreign'))

  expect(await undeleteItem(deps, 'mine')).toMatchObject({ stopped: { data: 'retained', until: null }, points: 3 })
  await resumeItem(deps, 'mine')
  expect((await shown(deps)).map(([, isDeleted]) => isDeleted)).toEqual([false, false, false])
  await backUp('four')
  expect(await restore('latest')).toMatchObject({ restored: 4, failed: 0 })
  expect(await place.journal()).toEqual(['point hold', 'item stop --delete-data', 'item undelete', 'item resume'])
})

test('item undelete leaves in the trash what was deleted before the stop, also after a stop that was cut off', async () => {
  using place = await make()
  const { deps, clock, backUp } = place
  const single = await backUp('one')
  await backUp('two')
  await deletePoint(deps, 'mine', single, undefined)
  clock.offsetMs += 1000
  await stopItem(deps, 'mine', { deletesData: true })
  // Given again later, and with a clock that was set back: it is the same stop.
  clock.offsetMs += dayMs
  await stopItem(deps, 'mine', { deletesData: true })
  clock.offsetMs -= 3 * dayMs
  await stopItem(deps, 'mine', { deletesData: true })
  expect(scheduleOf(deps, deps.state.item('mine') as Item).schedule).toEqual({ kind: 'none' })
  expect(await undeleteItem(deps, 'mine')).toMatchObject({ points: 1 })
  expect((await shown(deps)).map(([, isDeleted]) => isDeleted)).toEqual([true, false])
  await resumeItem(deps, 'mine')
  expect(scheduleOf(deps, deps.state.item('mine') as Item).schedule).toMatchObject({ kind: 'daily' })
  await undeletePoint(deps, 'mine', single)
  expect((await shown(deps)).map(([, isDeleted]) => isDeleted)).toEqual([false, false])
})

test('a clock that is wrong when a point is deleted never makes its time in the trash shorter', async () => {
  using place = await make()
  const { deps, clock, backUp } = place
  await backUp('one')
  const beforeMs = Date.now()
  for (const offsetMs of [-3_000 * dayMs, 0, 3_000 * dayMs]) {
    clock.offsetMs = offsetMs
    const { deleted, id } = await deletePoint(
      deps,
      'mine',
      (await listPoints(deps, 'mine'))[0]?.id as string,
      undefined,
    )
    // Files keep their times to the millisecond or coarser.
    expect(Date.parse(deleted?.until ?? '')).toBeGreaterThan(beforeMs + 14 * dayMs - 2_000)
    await undeletePoint(deps, 'mine', id)
  }
})

test('what a clean-up has removed is told as gone, not as brought back', async () => {
  using place = await make()
  const { deps, backUp } = place
  const point = await backUp('one')
  await deletePoint(deps, 'mine', point, undefined)
  const vault = await openKnownVault(deps, knownVault(deps, 'v'))
  const [listed] = await vault.listPoints()
  const tombstone = { removedAtMs: 1, who: 'prune', reason: 'deleted', sha256: Buffer.alloc(32) }
  await writeTombstones(vault, [
    { point: point as never, item: listed?.item as never, sequence: listed?.sequence as number, ...tombstone },
  ])
  await vault.store.close()
  await expect(undeletePoint(deps, 'mine', point)).rejects.toEqual(code('point.leaving'))
})

test('a clean-up removes what was in the trash to the end of its window, nothing before, and nothing that came back', async () => {
  using place = await make()
  const { deps, clock, backUp, restore } = place
  const [kept, undeleted, deleted, held] = [await backUp('a'), await backUp('b'), await backUp('c'), await backUp('d')]
  await backUp('e')
  for (const point of [undeleted, deleted, held]) await deletePoint(deps, 'mine', point, undefined)
  await holdPoint(deps, 'mine', held, undefined)
  const removed = async () => (await pruneVault(deps, 'v', {}, {})).points.map(({ id }) => id)
  clock.offsetMs = 13 * dayMs
  expect(await removed()).toEqual([])
  await undeletePoint(deps, 'mine', undeleted)
  clock.offsetMs = 15 * dayMs
  expect(await removed()).toEqual([deleted])
  expect((await listPoints(deps, 'mine')).map(({ id }) => id)).toEqual(expect.arrayContaining([kept, undeleted, held]))
  await expect(undeletePoint(deps, 'mine', deleted)).rejects.toEqual(code('point.not-found'))
  clock.offsetMs = 60 * dayMs
  expect(await removed()).toEqual([])
  for (const [at, point] of [kept, undeleted, undefined, held].entries()) {
    if (point !== undefined) expect(await restore(point)).toMatchObject({ restored: at + 1, failed: 0 })
  }
})

test('a clean-up with a shorter grace time asks for the PIN', async () => {
  using place = await make()
  const { deps } = place
  await setPin(deps, '4711', undefined)
  await expect(pruneVault(deps, 'v', { graceDays: 1 }, {})).rejects.toEqual(code('pin.needed'))
  expect((await pruneVault(deps, 'v', { graceDays: 1, plan: true }, {})).points).toEqual([])
  expect((await pruneVault(deps, 'v', {}, {})).points).toEqual([])
})

test('of several vaults the one that is away hears of it when the same is done again', async () => {
  using place = await make(['v', 'w'])
  const { deps, folder, backUp } = place
  const point = await backUp('one')
  const remarks: string[] = []
  const listening = { ...deps, remark: (text: string) => void remarks.push(text) }
  const areDeleted = async () => {
    const found: boolean[] = []
    for (const name of ['v', 'w']) {
      const vault = await openKnownVault(deps, knownVault(deps, name))
      found.push((await readPointStates(vault)).of(point as PointId).deleted !== undefined)
      await vault.store.close()
    }
    return found
  }
  const twice = async (act: () => Promise<unknown>) => {
    renameSync(folder.at('w'), folder.at('away'))
    await act()
    expect(remarks.pop()).toContain('run the same again')
    renameSync(folder.at('away'), folder.at('w'))
    await act()
  }
  await twice(() => deletePoint(listening, 'mine', point, undefined))
  expect(await areDeleted()).toEqual([true, true])
  await expect(deletePoint(deps, 'mine', point, undefined)).rejects.toEqual(code('point.deleted'))
  await twice(() => undeletePoint(listening, 'mine', point))
  expect(await areDeleted()).toEqual([false, false])
})
