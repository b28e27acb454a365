/**
 * Every call that a healing makes to its vault fails once, in every way that it can: the vault is no worse for it, and a
 * plain healing afterwards ends with every point whole (I1, I2, I3) and nothing of it lost.
 */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { isVaultTrouble } from '../../agent-core/backup/vault-trouble.ts'
import { isAgentError } from '../../agent-core/base/agent-error.ts'
import type { FaultKind, StoreCall } from '../../agent-core/vault/faulty-store.ts'
import { HealPlace } from '../support/heal-place.ts'
import { MadeVault } from '../support/made-vault.ts'

let made: MadeVault
let place: HealPlace

beforeEach(async () => {
  made = await MadeVault.make()
  await made.addPoint([{ name: 'a', type: 'file', content: [Buffer.alloc(3000, 'one'), Buffer.alloc(300_000, 'two')] }])
  place = await HealPlace.of(made)
})

afterEach(() => made[Symbol.dispose]())

const spoil = (bytes: Buffer): Buffer => bytes.fill(1, 90, 100)

function faultsOf({ operation }: StoreCall, index: number): FaultKind[] {
  const refusals = ['unreachable', 'full', 'denied'] as const
  if (operation === 'put' || operation === 'delete') {
    return ['throw-before', 'throw-after', refusals[index % 3] as FaultKind]
  }
  // A read that fails leaves nothing, whether it fails early or late.
  const failure = index % 2 === 0 ? 'throw-before' : 'throw-after'
  if (operation === 'list') return [failure, 'stale-list']
  return operation === 'get' ? [failure, 'bit-flip', 'short-body'] : [failure]
}

async function failEachCall(damage: (one: HealPlace) => Promise<void>): Promise<number> {
  const counted = await place.copy()
  await damage(counted)
  await counted.heal({ replica: true })
  let runs = 0
  for (const [index, call] of counted.calls.entries()) {
    for (const fault of faultsOf(call, index)) {
      const what = `${fault} at call ${index + 1} (${call.operation} ${call.name})`
      const one = await place.copy()
      await damage(one)
      try {
        await one.heal({ replica: true, faults: [{ call: index + 1, fault }] })
      } catch (error) {
        const isTold =
          isVaultTrouble(error) || isAgentError(error, 'format.invalid') || isAgentError(error, 'vault.damaged')
        if (!isTold) throw new Error(what, { cause: error })
      }
      expect(one.unreached(), what).toEqual([])
      const after = await one.heal({ replica: true })
      expect(
        after.check.damaged.filter(({ state }) => state === 'open'),
        what,
      ).toEqual([])
      // What the first healing had stored and not named yet is no leftover.
      expect(
        after.check.unindexed.map(({ name }) => name),
        what,
      ).toEqual([])
      await one.expectUnhurt()
      runs++
    }
  }
  return runs
}

test('every call of a healing of small objects', { timeout: 600_000 }, async () => {
  const small = (await made.names()).filter((name) => name.includes('/points/') || name.includes('/index/'))
  const runs = await failEachCall(async ({ store }) => {
    for (const name of small) store.damage(name, spoil)
  })
  expect(runs).toBeGreaterThan(60)
})

test('every call of a healing of chunk files, one damaged and one gone', { timeout: 600_000 }, async () => {
  const [damaged, gone] = made.chunkFiles.map((chunk) => made.objectOf(chunk)) as [string, string]
  const runs = await failEachCall(async ({ store }) => {
    store.damage(damaged, (bytes) => bytes.fill(1, 600, 700))
    await store.delete(gone)
  })
  expect(runs).toBeGreaterThan(60)
})
