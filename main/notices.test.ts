import { expect, test } from 'vitest'
import type { OverviewDocument, ProtectionState } from '../agent-core/contract/documents/overview.ts'
import type { JobId } from '../agent-core/contract/ids.ts'
import { noticesOf } from './notices.ts'

function overview(states: Readonly<Record<string, ProtectionState>>): OverviewDocument {
  const items = Object.entries(states).map(([item, protection]) => ({ item, protection, reason: 'the reason' }))
  return { pausedUntil: null, items, damage: [] } as unknown as OverviewDocument
}

test('each bad state is told once, when an item comes into it', () => {
  const good = overview({ photos: 'protected', music: 'protected' })
  const bad = overview({ photos: 'failed', music: 'overdue' })
  expect(noticesOf(good, bad)).toEqual([
    { title: 'The last backup failed: photos', body: 'the reason', page: 'overview' },
    { title: 'A backup is overdue: music', body: 'the reason', page: 'overview' },
  ])
  expect(noticesOf(bad, bad)).toEqual([])
  expect(noticesOf(bad, good)).toEqual([])
  expect(noticesOf(undefined, bad)).toHaveLength(2)
  expect(noticesOf(overview({}), overview({ photos: 'never', music: 'warnings' }))).toEqual([])
})

test('a vault that is found damaged is told once', () => {
  const good = overview({})
  const bad = {
    ...good,
    damage: [{ vault: 'usb', objects: 1, foundAt: '2026-11-26T13:30:00.000Z', job: 'a' as JobId }],
  }
  expect(noticesOf(good, bad)).toMatchObject([{ title: 'A vault is damaged: usb', page: 'overview' }])
  expect(noticesOf(bad, bad)).toEqual([])
  expect(noticesOf(undefined, bad)).toHaveLength(1)
})
