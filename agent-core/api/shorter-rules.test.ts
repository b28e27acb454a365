/** Policies made shorter, with a real vault in a folder and a clock that is set. */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { plainSettings, TestFolder, TestHome, testPassphrase } from '../../test/support/test-home.ts'
import { readAudit } from '../vault/audit-journal.ts'
import type { AgentDeps } from './agent-deps.ts'
import { backupNow } from './backup-verbs.ts'
import { changeItem, enableItem, showItem } from './item-verbs.ts'
import { knownVault, openKnownVault } from './open-vault.ts'
import { checkPin, setPin } from './pin-guard.ts'
import { listPoints } from './point-verbs.ts'
import { changePolicy, createPolicy, showPolicy } from './policy-verbs.ts'
import { pruneVault } from './prune-verbs.ts'
import { changeSettings } from './setting-verbs.ts'
import { connectToVault, createNewVault } from './vault-verbs.ts'

const dayMs = 86_400_000
const startMs = Date.UTC(2026, 10, 2, 9)
const code = (name: string): unknown => expect.objectContaining({ code: name })
const isoDay = (day: number) => new Date(startMs + day * dayMs).toISOString()
const long = { keep: { days: 60, atLeast: 1 } }
const short = { keep: { days: 7 } }

/** A home with an item `docs` by the policy `p`, which keeps 60 days, and its points of days 0 to `days` − 1. */
async function make(days = 0) {
  const clock = { timeMs: startMs, nowMs: () => clock.timeMs, delay: async () => {} }
  const home = new TestHome({ clock })
  const folder = new TestFolder()
  const { deps } = home
  mkdirSync(folder.at('docs'))
  await createNewVault(deps, 'v', folder.at('vault'), testPassphrase)
  await createPolicy(deps, 'p', long)
  await enableItem(deps, 'docs', ['v'], { ...plainSettings, folders: [folder.at('docs')], policy: 'p' })
  const toDay = (day: number) => {
    clock.timeMs = startMs + day * dayMs
  }
  for (let day = 0; day < days; day++) {
    toDay(day)
    writeFileSync(folder.at('docs', `day ${day}`), `content of day ${day}`)
    await backupNow(deps, 'docs', { accept: false, scheduled: true }, {})
  }
  const journal = async () => {
    const vault = await openKnownVault(deps, knownVault(deps, 'v'))
    const entries: string[] = []
    for await (const { act, subject, detail } of readAudit(vault)) entries.push(`${act}: ${subject}: ${detail}`)
    await vault.store.close()
    return entries
  }
  /** How many points a clean-up takes away. */
  const pruned = async (by: AgentDeps = deps) => (await pruneVault(by, 'v', {}, {})).points.length
  const dispose = () => {
    home[Symbol.dispose]()
    folder[Symbol.dispose]()
  }
  return { deps, folder, toDay, journal, pruned, [Symbol.dispose]: dispose }
}

test('a shorter policy lets points go after the delay; the vault and its journal know of it', async () => {
  using place = await make(10)
  const { deps, toDay, journal, pruned } = place
  toDay(20)
  expect(await pruned()).toBe(0)
  const changed = await changePolicy(deps, 'p', short)
  const waiting = { items: ['docs'], changedAt: isoDay(20), from: isoDay(34), before: { days: 60, atLeast: 1 } }
  expect(changed.shortened).toEqual([waiting])
  expect(await showPolicy(deps, 'p')).toMatchObject(changed)
  expect((await showItem(deps, 'docs')).remarks).toEqual([
    'Shorter rules count from 2026-12-06 on; until then its points stay as they did before too.',
  ])
  expect(await journal()).toEqual([`policy set: item "docs": shorter rules count from ${isoDay(34)} on`])
  const [first, ...others] = await listPoints(deps, 'docs')
  expect([first?.keptUntil, first?.keptBecause.map(({ words }) => words)]).toEqual([
    isoDay(34),
    ['kept by the rules before they were made shorter'],
  ])
  expect(others.at(-1)?.keptBecause.map(({ rule }) => rule)).toEqual(['newest'])
  toDay(33.99)
  expect(await pruned()).toBe(0)
  toDay(34)
  expect((await showPolicy(deps, 'p')).shortened).toEqual([])
  expect((await listPoints(deps, 'docs'))[0]?.expiredSince).toBe(isoDay(34))
  // The newest good one is never taken.
  expect(await pruned()).toBe(9)
}, 60_000)

test('rules that are as long again take the shorter ones back, in the vault too', async () => {
  using place = await make(5)
  const { deps, toDay, journal, pruned } = place
  toDay(15)
  await changePolicy(deps, 'p', short)
  toDay(20)
  expect((await changePolicy(deps, 'p', { keep: { days: 61 } })).shortened).toEqual([])
  expect(await journal()).toEqual([
    `policy set: item "docs": shorter rules count from ${isoDay(29)} on`,
    `policy set: item "docs": the shorter rules of ${isoDay(15)} are taken back`,
  ])
  toDay(40)
  expect(await pruned()).toBe(0)
  toDay(64)
  expect(await pruned()).toBe(4)
}, 60_000)

test('an item that is given a shorter policy is kept by the one before until the change counts', async () => {
  using place = await make(3)
  const { deps, toDay, journal, pruned } = place
  await createPolicy(deps, 'week', { keep: { days: 7, atLeast: 1 } })
  await changeSettings(deps, { trashDays: 30 })
  toDay(10)
  const item = await changeItem(deps, 'docs', { policy: 'week' })
  expect(item.remarks).toHaveLength(1)
  expect((await showPolicy(deps, 'week')).shortened).toMatchObject([{ items: ['docs'], from: isoDay(40) }])
  expect(await journal()).toEqual([`item change: item "docs": shorter rules count from ${isoDay(40)} on`])
  // Other changes of the item leave that alone.
  await changeItem(deps, 'docs', { excludes: ['*.tmp'] })
  toDay(39)
  expect(await pruned()).toBe(0)
  expect((await changeItem(deps, 'docs', { policy: 'p' })).remarks).toEqual([])
  toDay(41)
  expect(await pruned()).toBe(0)
  await changeItem(deps, 'docs', { policy: 'week' })
  toDay(71)
  expect(await pruned()).toBe(2)
}, 60_000)

test('shorter needs the PIN; longer, and a policy that no item has, do not', async () => {
  using place = await make()
  const { deps } = place
  await createPolicy(deps, 'spare', long)
  await createPolicy(deps, 'week', { keep: { days: 7, atLeast: 1 } })
  await setPin(deps, '4711', undefined)
  await expect(changePolicy(deps, 'p', short)).rejects.toEqual(code('pin.needed'))
  await expect(changeItem(deps, 'docs', { policy: 'week' })).rejects.toEqual(code('pin.needed'))
  const wrong = { ...deps, askPin: () => async () => '0815' }
  await expect(changePolicy(wrong, 'p', { keep: { atLeast: 1, days: 59 } })).rejects.toEqual(code('pin.wrong'))
  expect((await showPolicy(deps, 'p')).keep).toEqual({ days: 60, atLeast: 1 })
  expect((await showItem(deps, 'docs')).policy).toBe('p')
  expect((await changePolicy(deps, 'spare', short)).keep.days).toBe(7)
  expect((await changePolicy(deps, 'p', { keep: { days: 61 } })).keep.days).toBe(61)
  await changeItem(deps, 'docs', { excludes: ['*.tmp'] })
  const asked = { ...deps, askPin: () => async () => '4711' }
  expect((await changePolicy(asked, 'p', short)).shortened).toHaveLength(1)
  expect((await checkPin(deps, '4711')).unlockedSeconds).toBeGreaterThan(0)
})

test('a home that takes over, and a vault that was away, know that shorter rules wait', async () => {
  using place = await make(3)
  const { deps, folder, toDay, journal, pruned } = place
  toDay(12)
  renameSync(folder.at('vault'), folder.at('away'))
  await changePolicy(deps, 'p', short)
  renameSync(folder.at('away'), folder.at('vault'))
  await backupNow(deps, 'docs', { accept: false, scheduled: true }, {})
  expect(await journal()).toEqual([`policy set: item "docs": shorter rules count from ${isoDay(26)} on`])
  const clock = { nowMs: () => deps.clock.nowMs(), delay: async () => {} }
  using second = new TestHome({ clock })
  await connectToVault(second.deps, 'v', folder.at('vault'), testPassphrase, { takeOver: deps.machine })
  expect((await showPolicy(second.deps, 'p')).shortened).toMatchObject([{ items: ['docs'], from: isoDay(26) }])
  toDay(25)
  expect(await pruned(second.deps)).toBe(0)
  toDay(26)
  expect(await pruned(second.deps)).toBe(3)
}, 60_000)
