/** Items and points through the use cases, over a vault on disk. */
import { mkdirSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { plainSettings, TestFolder, TestHome, testPassphrase } from '../../test/support/test-home.ts'
import { type Clock, systemClock } from '../base/clock.ts'
import { openBase } from '../cache/base-db.ts'
import { backupNow } from './backup-verbs.ts'
import { changeItem, enableItem, listItems, showItem } from './item-verbs.ts'
import { openItemReading } from './open-reading.ts'
import { knownVault } from './open-vault.ts'
import { connectToVault, createNewVault } from './vault-verbs.ts'

/** A clock that a test sets; it goes on by itself only where somebody waits. */
class SetClock implements Clock {
  ms = systemClock.nowMs()
  nowMs(): number {
    return this.ms
  }

  async delay(ms: number, signal?: AbortSignal): Promise<void> {
    await systemClock.delay(ms, signal)
  }
}

async function make() {
  const clock = new SetClock()
  const home = new TestHome({ clock })
  const folder = new TestFolder()
  for (const name of ['docs', 'photos']) mkdirSync(folder.at(name, 'inner'), { recursive: true })
  await createNewVault(home.deps, 'v', folder.at('vault'), testPassphrase)
  const dispose = () => {
    home[Symbol.dispose]()
    folder[Symbol.dispose]()
  }
  const settings = (...names: readonly string[]) => ({
    ...plainSettings,
    folders: names.map((name) => folder.at(name)),
  })
  return { clock, home, deps: home.deps, folder, settings, [Symbol.dispose]: dispose }
}
const code = (expected: string) => expect.objectContaining({ code: expected }) as unknown

describe('a vault that an item goes to no more, while it is away', () => {
  test('has nothing wait for it, and the other vaults go on', async () => {
    using place = await make()
    const { deps, folder, settings } = place
    await createNewVault(deps, 'w', folder.at('other'), testPassphrase)
    await enableItem(deps, 'mine', ['v', 'w'], settings('docs'))
    await backupNow(deps, 'mine', { accept: false }, {})
    renameSync(folder.at('other'), folder.at('away'))
    writeFileSync(folder.at('docs', 'file'), 'while it is away')
    await backupNow(deps, 'mine', { accept: false }, {})
    const { id } = knownVault(deps, 'w')
    const waiting = () => {
      using base = openBase(deps.paths.base, { readOnly: true })
      return [base.unconfirmedPoints(id).length, base.waitingChunkFiles(id).length]
    }
    expect(waiting()).toEqual([1, 2])
    await changeItem(deps, 'mine', { vaults: ['v'] })
    expect(waiting()).toEqual([0, 0])
    const next = await backupNow(deps, 'mine', { accept: false }, {})
    expect(next).toMatchObject({ point: { seq: 3, confirmed: true }, bytes: { new: 0 }, vaults: [{ name: 'v' }] })
  })

  test('gives up what waited for it alone, which is said, and is read again', async () => {
    using place = await make()
    const { deps, folder, settings } = place
    await createNewVault(deps, 'w', folder.at('other'), testPassphrase)
    await enableItem(deps, 'mine', ['w'], settings('docs'))
    renameSync(folder.at('other'), folder.at('away'))
    writeFileSync(folder.at('docs', 'file'), 'captured only')
    expect(await backupNow(deps, 'mine', { accept: false }, {})).toMatchObject({ point: { confirmed: false } })
    const remarks: string[] = []
    const heard = { ...deps, remark: (text: string) => void remarks.push(text) }
    await changeItem(heard, 'mine', { vaults: ['v'] })
    expect(remarks.join()).toContain('waited for vault "w" alone and are given up: 1')
    const next = await backupNow(deps, 'mine', { accept: false }, {})
    expect(next).toMatchObject({ point: { confirmed: true }, files: { read: 1 } })
  })
})

describe('items', () => {
  test('are enabled, shown, changed, and known to whoever connects to the vault', async () => {
    using place = await make()
    const { deps, folder, settings } = place
    const enabled = await enableItem(deps, 'mine', ['v'], { ...settings('docs'), excludes: ['*.tmp'] })
    expect(enabled).toMatchObject({ name: 'mine', access: 'owner', excludes: ['*.tmp'], lastPoint: null, remarks: [] })
    expect(enabled.folders).toEqual([{ path: realpathSync(folder.at('docs')) }])
    expect((await showItem(deps, 'mine')).defaults).toEqual([])
    const changed = await changeItem(deps, 'mine', { folders: [folder.at('docs'), folder.at('photos')] })
    expect(changed).toMatchObject({ id: enabled.id, excludes: ['*.tmp'] })
    expect(await changeItem(deps, 'mine', { compression: 'zstd' })).toMatchObject({ folders: changed.folders })
    expect(await listItems(deps)).toHaveLength(1)
    using second = new TestHome()
    expect(await connectToVault(second.deps, 'v', folder.at('vault'), testPassphrase, {})).toMatchObject({
      items: ['mine'],
    })
    expect(await showItem(second.deps, 'mine')).toMatchObject({
      id: enabled.id,
      access: 'read-only',
      compression: 'zstd',
    })
    await expect(changeItem(second.deps, 'mine', { compression: 'lz4' })).rejects.toEqual(code('vault.foreign'))
  })

  test('are refused with bad input, and nothing changes', async () => {
    using place = await make()
    const { deps, folder, settings } = place
    await enableItem(deps, 'mine', ['v'], settings('docs'))
    const refused: [string, Promise<unknown>][] = [
      ['item.exists', enableItem(deps, 'mine', ['v'], settings('photos'))],
      ['usage.invalid', enableItem(deps, 'a/b', ['v'], settings('photos'))],
      ['vault.not-found', enableItem(deps, 'other', ['no such vault'], settings('photos'))],
      ['usage.invalid', enableItem(deps, 'other', ['v'], settings())],
      ['usage.invalid', enableItem(deps, 'other', ['v'], settings('photos', 'photos/inner'))],
      ['usage.invalid', enableItem(deps, 'other', ['v'], settings('photos', 'photos'))],
      ['usage.invalid', enableItem(deps, 'other', ['v'], settings('vault'))],
      ['item.not-found', changeItem(deps, 'other', {})],
    ]
    for (const [expected, call] of refused) await expect(call).rejects.toEqual(code(expected))
    rmSync(folder.at('vault'), { recursive: true })
    await expect(enableItem(deps, 'other', ['v'], settings('photos'))).rejects.toEqual(code('vault.unreachable'))
    expect((await listItems(deps)).map(({ name }) => name)).toEqual(['mine'])
  })

  test('say what of them is left out or protected twice', async () => {
    using place = await make()
    const { deps, settings } = place
    await enableItem(deps, 'mine', ['v'], settings('docs'))
    const around = await enableItem(deps, 'around', ['v'], settings('.'))
    expect(around.remarks.some((remark) => remark.includes('the vault "v"'))).toBe(true)
    expect(around.remarks.some((remark) => remark.includes('item "mine"'))).toBe(true)
  })

  test('are named and found in one form of Unicode, and a folder named twice is called so', async () => {
    using place = await make()
    const { deps, settings } = place
    expect((await enableItem(deps, 'Bu\u0308cher', ['v'], settings('docs'))).name).toBe('B\u00fccher')
    expect((await showItem(deps, 'Bu\u0308cher')).name).toBe('B\u00fccher')
    await expect(enableItem(deps, 'B\u00fccher', ['v'], settings('photos'))).rejects.toEqual(code('item.exists'))
    await expect(enableItem(deps, 'twice', ['v'], settings('photos', 'photos'))).rejects.toThrow('is named twice')
  })

  test('show the newest point of the vault where this home has captured none', async () => {
    using place = await make()
    const { deps, folder, settings } = place
    await enableItem(deps, 'mine', ['v'], settings('docs'))
    const { point } = await backupNow(deps, 'mine', { accept: false }, {})
    using second = new TestHome()
    await connectToVault(second.deps, 'v', folder.at('vault'), testPassphrase, {})
    expect((await showItem(second.deps, 'mine')).lastPoint).toMatchObject({ id: point?.id, tiers: ['vault'] })
    rmSync(folder.at('vault'), { recursive: true })
    const [away] = await listItems(second.deps)
    expect(away).toMatchObject({ lastPoint: null, lastPointUnknown: true })
    expect((await showItem(deps, 'mine')).lastPoint).toMatchObject({ id: point?.id })
  })

  test('that overlap are told in one sentence, and a new vault in one of them too', async () => {
    using place = await make()
    const { deps, folder, settings } = place
    await enableItem(deps, 'mine', ['v'], settings('docs'))
    await enableItem(deps, 'more', ['v'], settings('photos'))
    const { remarks } = await enableItem(deps, 'around', ['v'], settings('docs', 'photos'))
    expect(remarks).toHaveLength(1)
    expect(remarks[0]).toMatch(/item "mine".*item "more"/)
    const made = await createNewVault(deps, 'inside', folder.at('docs', 'vault'), testPassphrase)
    expect(made.remarks.filter((remark) => remark.includes('leaves out'))).toEqual([
      expect.stringContaining('Item "around"'),
      expect.stringContaining('Item "mine"'),
    ])
  })

  test('keep a folder that is absent now', async () => {
    using place = await make()
    const { deps, folder, settings } = place
    const { folders } = await enableItem(deps, 'mine', ['v'], settings('docs'))
    rmSync(folder.at('docs'), { recursive: true })
    const paths = [...folders.map(({ path }) => path), folder.at('photos')]
    expect((await changeItem(deps, 'mine', { folders: paths })).folders).toHaveLength(2)
  })
})

describe('which point is meant', () => {
  test('latest, an id or its beginning, a day, a minute; local time', async () => {
    using place = await make()
    const { deps, clock, folder, settings } = place
    await enableItem(deps, 'mine', ['v'], settings('docs'))
    const ids: string[] = []
    const times = [new Date(2027, 2, 1, 9, 0, 30), new Date(2027, 2, 1, 14, 30, 59, 500), new Date(2027, 2, 3, 8, 0)]
    for (const [index, time] of times.entries()) {
      clock.ms = time.getTime()
      writeFileSync(folder.at('docs', 'file'), `${index}`)
      ids.push((await backupNow(deps, 'mine', { accept: false }, {})).point?.id as string)
    }
    await using reading = await openItemReading(deps, 'mine')
    const find = async (wanted: string) => ids.indexOf((await reading.point(wanted)).manifest.id)
    expect((await reading.points()).map(({ manifest, tiers }) => [manifest.id, tiers])).toEqual(
      // By this clock their payload was captured months ago.
      ids.map((id) => [id, ['vault']]),
    )
    expect(await find('latest')).toBe(2)
    for (const [index, id] of ids.entries()) {
      expect(await find(id)).toBe(index)
      expect(await find(id.slice(0, 20).toUpperCase())).toBe(index)
    }
    expect(await find('2027-03-01')).toBe(1)
    expect(await find('2027-03-02')).toBe(1)
    expect(await find('2027-03-01 14:30')).toBe(1)
    expect(await find('2027-03-01T14:29')).toBe(0)
    expect(await find('2027-03-01 14:30:59')).toBe(0)
    expect(await find((times[2] as Date).toISOString())).toBe(2)
    await expect(reading.point('2027-13-45')).rejects.toEqual(code('usage.invalid'))
    for (const wanted of ['2027-02-28', '', 'yesterday', 'zz', '0'.repeat(33)]) {
      await expect(reading.point(wanted)).rejects.toEqual(code('point.not-found'))
    }
  })

  test('the beginning of several ids is ambiguous', async () => {
    using place = await make()
    const { deps, settings } = place
    await enableItem(deps, 'mine', ['v'], settings('docs'))
    const ids: string[] = []
    // One digit is a number.
    const letters = () => ids.map((id) => id.slice(0, 1)).filter((first) => /[a-f]/.test(first))
    while (new Set(letters()).size === letters().length) {
      ids.push((await backupNow(deps, 'mine', { accept: false, scheduled: true }, {})).point?.id as string)
    }
    await using reading = await openItemReading(deps, 'mine')
    await expect(reading.point(letters().at(-1) as string)).rejects.toEqual(code('point.ambiguous'))
  })
})
