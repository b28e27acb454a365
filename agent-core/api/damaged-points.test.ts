/** Points whose manifest has rotted: what can be said of them, what they hold back, and what becomes of them. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { restoreAll } from '../../test/support/restore-all.ts'
import { plainSettings, TestFolder, TestHome, testPassphrase } from '../../test/support/test-home.ts'
import { isAgentError } from '../base/agent-error.ts'
import { sha256 } from '../codec/block-id.ts'
import type { PointId } from '../contract/ids.ts'
import { readLedger } from '../vault/tombstone-ledger.ts'
import { backupNow } from './backup-verbs.ts'
import { enableItem } from './item-verbs.ts'
import { knownVault, openKnownVault } from './open-vault.ts'
import { setPin } from './pin-guard.ts'
import { listPoints, showPoint } from './point-verbs.ts'
import { pruneVault } from './prune-verbs.ts'
import { deletePoint, holdPoint, releasePoint, undeletePoint } from './trash-verbs.ts'
import { createNewVault } from './vault-verbs.ts'
import { verifyKnownVault } from './verify-verbs.ts'

const dayMs = 86_400_000
const code = (expected: string): unknown => expect.objectContaining({ code: expected })

/** Points of one file each, which the next one lacks; the second is to be spoilt. */
async function make(vaults: readonly string[] = ['v'], names: readonly string[] = ['a', 'b', 'c']) {
  const clock = { offsetMs: 0, nowMs: () => Date.now() + clock.offsetMs, delay: async () => {} }
  const home = new TestHome({ clock })
  const folder = new TestFolder()
  const { deps } = home
  mkdirSync(folder.at('docs'))
  for (const vault of vaults) await createNewVault(deps, vault, folder.at(vault), testPassphrase)
  await enableItem(deps, 'mine', vaults, { ...plainSettings, folders: [folder.at('docs')] })
  const points: string[] = []
  for (const name of names) {
    rmSync(folder.at('docs'), { recursive: true })
    mkdirSync(folder.at('docs'))
    writeFileSync(folder.at('docs', name), deps.random.bytes(300_000))
    points.push((await backupNow(deps, 'mine', { accept: false }, {})).point?.id as string)
  }
  const [, damaged] = points as [string, string]
  const filesOf = (ending: string) =>
    readdirSync(folder.at('v'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith(ending))
      .map((name) => join(folder.at('v'), name))
  const flip = (ending: string) => {
    const [path] = filesOf(ending)
    const bytes = readFileSync(path as string)
    bytes[100] = (bytes[100] as number) ^ 1
    writeFileSync(path as string, bytes)
  }
  const restore = async (point: string) => {
    return await restoreAll(deps, folder.at(`restored ${deps.random.bytes(4).toString('hex')}`), { point })
  }
  const prune = async (graceDays?: number) =>
    await pruneVault(deps, 'v', graceDays === undefined ? {} : { graceDays }, {})
  const dispose = () => {
    home[Symbol.dispose]()
    folder[Symbol.dispose]()
  }
  const chunks = () => filesOf('.tcf').length
  return { deps, folder, clock, points, damaged, flip, filesOf, chunks, restore, prune, [Symbol.dispose]: dispose }
}

type Place = Awaited<ReturnType<typeof make>>

/** The error of a clean-up that a damaged point holds back, and its advice. */
async function heldBack(place: Place, grace?: number) {
  const before = place.chunks()
  const error: unknown = await place.prune(grace).then(
    () => new Error('it did not fail'),
    (thrown: unknown) => thrown,
  )
  expect(place.chunks()).toBe(before)
  if (!isAgentError(error, 'point.stops-clean-up')) throw error
  return error
}

const spoil = {
  rotten: ({ flip, damaged }: Place) => flip(damaged),
  missing: ({ filesOf, damaged }: Place) => rmSync(filesOf(damaged)[0] as string),
  'rotten, with its confirmation': ({ flip, damaged }: Place) => {
    flip(damaged)
    flip(`${damaged}.ok`)
  },
}

describe.each(Object.entries(spoil))('the manifest of an older point is %s', (_what, damage) => {
  let place: Place
  beforeEach(async () => {
    place = await make()
    damage(place)
    return () => place[Symbol.dispose]()
  })

  test('a clean-up deletes nothing, and names the point and what helps', async () => {
    const { damaged, clock, deps } = place
    const error = await heldBack(place, 0)
    expect(error.message).toContain(damaged)
    expect(error.advice).toContain('tharsis vault verify v --heal')
    expect(error.advice).toContain(`tharsis point delete mine ${damaged}`)
    expect(error.exitCode).toBe(8)
    // Retention would have let it go long since; what its own date was nobody knows.
    clock.offsetMs = 400 * dayMs
    await heldBack(place)
    await expect(pruneVault(deps, 'v', { plan: true }, {})).rejects.toEqual(code('point.stops-clean-up'))
  })

  test('it is told in lists, and named with advice by its id', async () => {
    const { deps, damaged } = place
    const remarks: string[] = []
    const shown = await listPoints({ ...deps, remark: (text) => void remarks.push(text) }, 'mine')
    expect(shown.map(({ seq }) => seq)).toEqual([1, 3])
    expect(remarks.join()).toContain(`tharsis point delete mine ${damaged.slice(0, 8)}`)
    await expect(showPoint(deps, 'mine', damaged)).rejects.toEqual(code('point.damaged'))
  })

  test('it goes through the trash like any other; then clean-ups free what only it needed', async () => {
    const { deps, clock, damaged, prune, restore, chunks } = place
    await setPin(deps, '4711', undefined)
    await expect(deletePoint(deps, 'mine', damaged, undefined)).rejects.toEqual(code('pin.needed'))
    const guarded = { ...deps, givenPin: () => () => Promise.resolve('4711') }
    const deleted = await deletePoint(guarded, 'mine', damaged.slice(0, 8), 'it is lost')
    expect(deleted).toMatchObject({ id: damaged, seq: 2, kind: 'unknown', deleted: { reason: 'it is lost' } })
    expect(deleted.damaged).not.toBeNull()
    await expect(deletePoint(deps, 'mine', damaged, undefined)).rejects.toEqual(code('point.deleted'))
    expect((await heldBack(place, 0)).advice).toContain('time in the trash')
    clock.offsetMs = 15 * dayMs
    const before = chunks()
    const pruned = await prune()
    expect(pruned.points).toMatchObject([{ id: damaged, itemName: 'mine' }])
    expect(pruned.announced.files).toBeGreaterThan(0)
    expect(chunks()).toBe(before)
    expect(place.filesOf(`-${damaged}`)).toEqual([])
    clock.offsetMs = 30 * dayMs
    expect((await prune()).deleted.files).toBe(pruned.announced.files)
    expect(chunks()).toBe(before - pruned.announced.files)
    for (const { id } of await listPoints(deps, 'mine')) {
      expect(await restore(id)).toMatchObject({ restored: 1, failed: 0 })
    }
    expect(await damagesOf(place)).toEqual([])
  })

  test('it is held, released and brought back', async () => {
    const { deps, clock, damaged } = place
    expect(await holdPoint(deps, 'mine', damaged, undefined)).toMatchObject({ held: true })
    expect((await heldBack(place)).advice).toContain('point release')
    await expect(deletePoint(deps, 'mine', damaged, undefined)).rejects.toEqual(code('point.held'))
    await releasePoint(deps, 'mine', damaged, undefined)
    await deletePoint(deps, 'mine', damaged, undefined)
    expect(await undeletePoint(deps, 'mine', damaged)).toMatchObject({ deleted: null })
    clock.offsetMs = 15 * dayMs
    await heldBack(place, 0)
  })
})

async function damagesOf({ deps }: Place, heal = false) {
  return (await verifyKnownVault(deps, 'v', { level: 'open', heal }, {})).damaged
}

test('the tombstone of a damaged point has the hash that its confirmation tells', async () => {
  using place = await make()
  const { deps, clock, damaged, flip, filesOf, prune } = place
  const hash = sha256(readFileSync(filesOf(damaged)[0] as string))
  flip(damaged)
  await deletePoint(deps, 'mine', damaged, undefined)
  clock.offsetMs = 15 * dayMs
  await prune()
  const vault = await openKnownVault(deps, knownVault(deps, 'v'))
  const { tombstones } = await readLedger(vault)
  await vault.store.close()
  expect(Buffer.from(tombstones.get(damaged as PointId)?.sha256 ?? [])).toEqual(hash)
})

test('what was announced before a point rotted waits until that point is gone', async () => {
  using place = await make(['v'], ['a', 'b', 'c', 'd'])
  const { deps, clock, points, damaged, flip, chunks, prune } = place
  await deletePoint(deps, 'mine', points[2] as string, undefined)
  clock.offsetMs = 15 * dayMs
  expect((await prune()).announced.files).toBeGreaterThan(0)
  rmSync(deps.paths.manifests, { recursive: true })
  flip(damaged)
  await deletePoint(deps, 'mine', damaged, undefined)
  clock.offsetMs = 40 * dayMs
  const before = chunks()
  // It may need what was announced: its own removal comes first.
  expect(await prune()).toMatchObject({ points: [{ id: damaged }], deleted: { files: 0 } })
  expect(chunks()).toBe(before)
  expect((await prune()).deleted.files).toBeGreaterThan(0)
  expect((await place.restore('latest')).failed).toBe(0)
})

describe('this home has read the manifest before it rotted', () => {
  test('clean-ups and restores go on, and a healing puts it back', async () => {
    using place = await make()
    const { deps, damaged, flip, filesOf, prune, restore } = place
    await listPoints(deps, 'mine')
    const whole = readFileSync(filesOf(damaged)[0] as string)
    flip(damaged)
    expect(await restore(damaged)).toMatchObject({ restored: 1, failed: 0 })
    expect((await prune(0)).points).toEqual([])
    expect(await damagesOf(place)).toHaveLength(1)
    expect(await damagesOf(place, true)).toMatchObject([{ state: 'healed' }])
    expect(readFileSync(filesOf(damaged)[0] as string)).toEqual(whole)
    expect(await damagesOf(place)).toEqual([])
  })

  test('what was read counts for nothing where no confirmation names it', async () => {
    using place = await make()
    const { deps, damaged, flip } = place
    await listPoints(deps, 'mine')
    flip(damaged)
    flip(`${damaged}.ok`)
    await heldBack(place)
    await expect(showPoint(deps, 'mine', damaged)).rejects.toEqual(code('point.damaged'))
  })
})

test('another vault of the item has the same manifest, and heals this one', async () => {
  using place = await make(['v', 'w'])
  const { damaged, flip, filesOf } = place
  const whole = readFileSync(filesOf(damaged)[0] as string)
  flip(damaged)
  expect(await damagesOf(place, true)).toMatchObject([{ state: 'healed' }])
  expect(readFileSync(filesOf(damaged)[0] as string)).toEqual(whole)
})
