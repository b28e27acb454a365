import { expect, test } from 'vitest'
import { testItem, testManifest } from '../../test/support/test-keys.ts'
import type { PointId } from '../contract/ids.ts'
import { unmarkedState } from '../vault/point-states.ts'
import { chooseExpired, type ExpiryRules } from './choose-expired.ts'
import type { VaultPoint } from './vault-contents.ts'

const dayMs = 86_400_000
const nowMs = 100 * dayMs

function point(sequence: number, more: Partial<VaultPoint> = {}): VaultPoint {
  const manifest = testManifest(sequence)
  const listed = { item: testItem, sequence, point: manifest.id, confirmation: false, name: 'x', storedAtMs: 0 }
  const common = { listed, manifest, sha256: Buffer.alloc(32), isConfirmed: true, storedAtMs: 0, hasTombstone: false }
  return { ...common, state: unmarkedState, ...more }
}

function chosen(points: readonly VaultPoint[], more: Partial<ExpiryRules> = {}): number[] {
  const rules: ExpiryRules = { nowMs, captured: new Set(), expiredOf: () => new Map(), ...more }
  return chooseExpired(points, rules).map((one) => one.point.listed.sequence)
}

const deleted = (untilMs: number) => ({ ...unmarkedState, deleted: { atMs: 0, untilMs, who: 'anna' } })

test('what the trash lets go, what retention lets go, and what had begun to go; what is held stays', () => {
  const points = [
    point(1, { state: deleted(nowMs) }),
    point(2, { state: deleted(nowMs + 1) }),
    point(3, { state: { ...deleted(0), held: true } }),
    point(4, { hasTombstone: true }),
    point(5),
    point(6, { state: { ...unmarkedState, held: true } }),
    point(7),
  ]
  const expiredOf: ExpiryRules['expiredOf'] = (_, of) => {
    // Points in the trash, too, are for retention to look at; those on their way out are not.
    expect(of.map(({ manifest }) => manifest.sequence)).toEqual([1, 2, 3, 5, 6, 7])
    return new Map([5, 6].map((sequence) => [testManifest(sequence).id, 'no rule keeps it']))
  }
  expect(chosen(points, { expiredOf })).toEqual([1, 4, 5])
})

test('a point that was never confirmed goes once it is old and passed by, unless it waits here', () => {
  const provisional = (sequence: number, storedAtMs: number) => point(sequence, { isConfirmed: false, storedAtMs })
  expect(chosen([provisional(1, 0), point(2)])).toEqual([1])
  expect(chosen([provisional(1, nowMs - 13 * dayMs), point(2)])).toEqual([])
  expect(chosen([point(1), provisional(2, 0)])).toEqual([])
  const captured = new Set<PointId>([testManifest(1).id])
  expect(chosen([provisional(1, 0), point(2)], { captured })).toEqual([])
})
