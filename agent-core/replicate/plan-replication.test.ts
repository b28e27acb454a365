import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { KeyspaceId } from '../contract/ids.ts'
import type { ListedKeyspace, ListedVault } from './list-objects.ts'
import { lagOf, listedKinds, planReplication, replicationDue } from './plan-replication.ts'

const keyspace = 'a'.repeat(32) as KeyspaceId
const minuteMs = 60_000

const sizes = fc
  .uniqueArray(fc.tuple(fc.integer({ min: 0, max: 12 }).map(String), fc.integer({ min: 0, max: 3 })), {
    selector: ([name]) => name,
    maxLength: 8,
  })
  .map((entries) => new Map(entries))
const listed: fc.Arbitrary<ListedVault> = fc
  .record({ indexGone: sizes, others: sizes, points: sizes, confirmations: sizes, index: sizes, chunks: sizes })
  .map((groups) => ({
    keyspaces: new Map([[keyspace, { keyspace, ...groups } satisfies ListedKeyspace]]),
    vaultFileSizeBytes: 1,
  }))
const listedOf = (vault: ListedVault) => vault.keyspaces.get(keyspace) as ListedKeyspace
const nothing: ListedVault = { keyspaces: new Map(), vaultFileSizeBytes: undefined }

describe('planReplication', () => {
  test('copied and kept together are the vault, and what only the replica holds is left', () => {
    fc.assert(
      fc.property(listed, listed, (vault, replica) => {
        const [plan] = planReplication(vault, replica)
        for (const step of listedKinds) {
          const there = new Map(replica.keyspaces.get(keyspace)?.[step])
          for (const { name, sizeBytes, isOther } of plan?.copies[step] ?? []) {
            expect(isOther).toBe(there.has(name))
            there.set(name, sizeBytes)
          }
          for (const name of plan?.extra[step] ?? []) expect(there.delete(name)).toBe(true)
          expect(there).toEqual(vault.keyspaces.get(keyspace)?.[step])
        }
      }),
    )
  })

  test('nothing is behind where both are equal; all is behind where nothing is there', () => {
    fc.assert(
      fc.property(listed, (vault) => {
        expect(lagOf(planReplication(vault, vault))).toEqual({ points: 0, bytes: 0 })
        const { chunks, index, points: manifests, confirmations, others } = listedOf(vault)
        const groups = [chunks, index, manifests, confirmations, others]
        const bytes = groups.flatMap((group) => [...group.values()]).reduce((sum, size) => sum + size, 0)
        expect(lagOf(planReplication(vault, nothing))).toEqual({ points: confirmations.size, bytes })
      }),
    )
  })
})

describe('replicationDue', () => {
  const nowMs = 1_000 * minuteMs
  test.each([
    ['never begun', null, null, true],
    ['completed a while ago', 940, 945, false],
    ['completed an interval ago', 900, 910, true],
    ['failed a moment ago', 990, null, false],
    ['failed an hour ago', 940, null, true],
    ['failed a moment ago, completed long ago', 990, 500, false],
    ['begun and completed in the future: the clock was put back', 2_000, 2_001, true],
  ] as const)('%s', (_case, begun, completed, expected) => {
    const ms = (minutes: number | null) => (minutes === null ? null : minutes * minuteMs)
    const times = { everyMs: 90 * minuteMs, begunMs: ms(begun), completedMs: ms(completed) }
    expect(replicationDue(times, nowMs)).toBe(expected)
  })

  test('is true from some moment on, as long as nothing is completed', () => {
    fc.assert(
      fc.property(fc.nat(1e7), fc.nat(1e7), fc.nat(1e7), fc.nat(1e7), (everyMs, completedMs, nowMs, laterMs) => {
        const times = { everyMs, begunMs: completedMs, completedMs }
        fc.pre(completedMs <= nowMs && replicationDue(times, nowMs))
        expect(replicationDue(times, nowMs + laterMs)).toBe(true)
      }),
    )
  })
})
