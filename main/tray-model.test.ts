import { expect, test } from 'vitest'
import type { JobDocument } from '../agent-core/contract/documents/job.ts'
import type { ItemOverview, OverviewDocument, ProtectionState } from '../agent-core/contract/documents/overview.ts'
import type { JobId } from '../agent-core/contract/ids.ts'
import { type TrayEntry, type TrayState, trayModel } from './tray-model.ts'

const nowMs = Date.UTC(2026, 10, 26, 12)
const hour = 3_600_000

function item(name: string, protection: ProtectionState = 'protected', more: Partial<ItemOverview> = {}): ItemOverview {
  return {
    item: name,
    vaults: ['disk'],
    protection,
    reason: '',
    lastPoint: null,
    lastConfirmedAt: new Date(nowMs - 2 * hour).toISOString(),
    nextRunAt: new Date(nowMs + 3 * hour).toISOString(),
    overdueAt: new Date(nowMs + 30 * hour).toISOString(),
    liveJob: null,
    days: [],
    sizes: [],
    ...more,
  }
}

function connected(items: readonly ItemOverview[], pausedUntil: OverviewDocument['pausedUntil'] = null): TrayState {
  return { agent: 'connected', overview: { items, pausedUntil, damage: [] }, left: undefined, nowMs }
}

const running = {
  id: '00112233445566778899aabbccddeeff',
  item: 'photos',
  kind: 'backup',
  state: 'running',
  progress: { phase: 'capture', filesDone: 1, bytesDone: 300, bytesExpected: 1000, warnings: 0 },
} as unknown as JobDocument

function labels(entries: readonly TrayEntry[]): string[] {
  return entries.map((entry) => (entry === 'separator' ? '-' : entry.label))
}

test('good only when every item is, with the age of the oldest of the last backups', () => {
  const old = item('music', 'protected', { lastConfirmedAt: new Date(nowMs - 5 * hour).toISOString() })
  expect(trayModel(connected([item('photos'), old]))).toMatchObject({
    picture: 'good',
    status: 'Last good backup 5 hours ago',
  })
})

test.each([
  ['failed', 'error', 'The last backup of music failed'],
  ['overdue', 'error', 'The backup of music is overdue'],
  ['captured', 'warning', 'music waits for its vault'],
  ['warnings', 'warning', 'The last backup of music has warnings'],
  ['never', 'warning', 'music was never backed up'],
  ['unknown', 'warning', 'It is not known how music is'],
] as const)('one item that is %s is told, whatever the others are', (protection, picture, status) => {
  expect(trayModel(connected([item('photos'), item('music', protection)]))).toMatchObject({ picture, status })
})

test('a vault that is damaged is told, after what hinders backups', () => {
  const damage = [{ vault: 'usb', objects: 1, foundAt: '2026-11-26T13:30:00.000Z', job: 'a' as JobId }]
  const withDamage = (items: readonly ItemOverview[]): TrayState => ({
    ...connected([]),
    overview: { items, pausedUntil: null, damage },
  })
  expect(trayModel(withDamage([item('photos')]))).toMatchObject({
    picture: 'error',
    status: 'The vault usb is damaged',
  })
  expect(trayModel(withDamage([item('photos', 'failed')])).status).toBe('The last backup of photos failed')
})

test('nothing protected is no good state', () => {
  expect(trayModel(connected([]))).toMatchObject({ picture: 'warning', status: 'Nothing is protected yet' })
})

test('a running backup shows how far it is and can be cancelled; its item cannot be started again', () => {
  const model = trayModel(connected([item('photos', 'failed', { liveJob: running }), item('music')]))
  expect(model).toMatchObject({ picture: 'running', status: 'Backing up photos 30 %' })
  expect(model.entries).toContainEqual({
    label: 'photos: 30 %',
    below: [{ label: 'Cancel', action: { does: 'cancel', job: running.id } }],
  })
  const start = model.entries.find((entry) => entry !== 'separator' && entry.label === 'Back up now')
  expect(start).toMatchObject({
    below: [
      { label: 'photos', isEnabled: false },
      { label: 'music', isEnabled: true },
    ],
  })
})

test('a pause is shown, hides a failure never, and can be ended', () => {
  expect(trayModel(connected([item('photos')], 'forever'))).toMatchObject({
    picture: 'paused',
    status: 'Schedules are paused until you resume',
  })
  const failed = trayModel(connected([item('photos', 'failed')], 'forever'))
  expect(failed.picture).toBe('error')
  expect(failed.entries).toContainEqual({ label: 'Resume', action: { does: 'resume' } })
})

test('a dead agent is an error; what it left tells what is overdue by now', () => {
  expect(trayModel({ agent: 'gone', overview: undefined, left: undefined, nowMs })).toMatchObject({
    picture: 'error',
    status: 'The backup agent does not run',
  })
  const { lastConfirmedAt, nextRunAt } = item('photos')
  const left = {
    version: 1 as const,
    writtenAt: new Date(nowMs - 100 * hour).toISOString(),
    pid: 1,
    pausedUntil: null,
    items: [
      {
        item: 'photos',
        protection: 'protected' as const,
        lastConfirmedAt,
        nextRunAt,
        overdueAt: new Date(nowMs - 1).toISOString(),
      },
    ],
    live: [],
  }
  expect(trayModel({ agent: 'gone', overview: undefined, left, nowMs })).toMatchObject({
    picture: 'error',
    status: 'The backup of photos is overdue',
  })
  // What the agent told before it died is no news any more.
  const stale = { ...connected([item('photos')]), agent: 'gone' as const }
  expect(trayModel(stale).picture).toBe('error')
  expect(labels(trayModel(stale).entries)).not.toContain('Back up now')
})

test('the menu has its entries in order', () => {
  const next = expect.stringMatching(/^Next: photos, /) as string
  expect(labels(trayModel(connected([item('photos')])).entries)).toEqual([
    'Last good backup 2 hours ago',
    '-',
    'Back up now',
    'Pause',
    next,
    'Restore files…',
    '-',
    'Open Tharsis',
    'Settings',
    'Quit',
  ])
})
