import { describe, expect, test } from 'vitest'
import { type CallOptions, callCommandLine, nowMs } from '../../test/support/call-command-line.ts'
import {
  createFakeAgent,
  fakeBackup,
  fakeFiles,
  fakeItem,
  fakePlan,
  fakePoint,
  fakePrune,
  fakeRestore,
  fakeVault,
  fakeWarning,
} from '../../test/support/fake-agent.ts'
import type { AgentApi, BackupDocument, RestoreDocument } from '../api/agent-api.ts'
import { AgentError } from '../base/agent-error.ts'

const passphrase = { THARSIS_PASSPHRASE: 'correct horse battery' }

async function call(line: string, options: CallOptions = {}) {
  return await callCommandLine(line.split(' '), options)
}

/** What the verb asked the agent, without opening and closing it. */
async function asked(line: string, options: CallOptions = {}) {
  const { calls, status } = await call(line, options)
  expect(status).toBe(0)
  expect(calls[0]?.[0]).toBe('open')
  expect(calls.at(-1)).toEqual(['dispose'])
  return calls.slice(1, -1)
}

const settings = {
  folders: ['/some/folder/a', '/b'],
  excludes: [],
  defaultExcludes: true,
  crossMounts: false,
}
const request = {
  item: 'docs',
  point: 'latest',
  paths: [],
  target: { directory: '/some/folder/out' },
  conflict: 'copy',
  metadata: true,
  special: false,
}

describe('verbs ask the agent', () => {
  test.each<[string, readonly unknown[]]>([
    ['vault create usb --local v', ['createVault', 'usb', '/some/folder/v', passphrase.THARSIS_PASSPHRASE]],
    [
      'vault create cloud --s3 s3://b/p --endpoint http://nas:9000 --region r --path-style --profile p --lock-days 30',
      [
        'createVault',
        'cloud',
        {
          url: 's3://b/p',
          endpoint: 'http://nas:9000',
          region: 'r',
          pathStyle: true,
          lockDays: 30,
          credentials: { profile: 'p' },
        },
        passphrase.THARSIS_PASSPHRASE,
      ],
    ],
    ['vault set-credentials cloud --profile p', ['setCredentials', 'cloud', { profile: 'p' }]],
    ['settings set upload-limit 10Mbit', ['changeSettings', { uploadLimit: 1_250_000 }]],
    ['settings set work-upload-limit 512kbit', ['changeSettings', { workUploadLimit: 64_000 }]],
    ['settings set work-upload-limit default', ['changeSettings', { workUploadLimit: null }]],
    [
      'settings set work-hours mon-wed,fri@8:00-18:30',
      ['changeSettings', { workHours: { days: ['mon', 'tue', 'wed', 'fri'], from: '08:00', to: '18:30' } }],
    ],
    [
      'settings set work-hours sat-mon@22:00-06:00',
      ['changeSettings', { workHours: { days: ['mon', 'sat', 'sun'], from: '22:00', to: '06:00' } }],
    ],
    ['vault connect usb --local /v', ['connectVault', 'usb', '/v', passphrase.THARSIS_PASSPHRASE, {}]],
    [
      'vault connect usb --local /v --read mars',
      ['connectVault', 'usb', '/v', passphrase.THARSIS_PASSPHRASE, { read: 'mars' }],
    ],
    [
      'vault connect usb --local /v --take-over mars',
      ['connectVault', 'usb', '/v', passphrase.THARSIS_PASSPHRASE, { takeOver: 'mars' }],
    ],
    [
      'vault join usb --local v --machine-name phobos',
      ['joinVault', 'usb', '/some/folder/v', passphrase.THARSIS_PASSPHRASE, { machine: 'phobos' }],
    ],
    ['vault machines usb', ['listMachines', 'usb', undefined]],
    ['vault machines usb --unlock', ['listMachines', 'usb', passphrase.THARSIS_PASSPHRASE]],
    ['vault fork usb --yes', ['forkMachine', 'usb', passphrase.THARSIS_PASSPHRASE, {}]],
    ['vault remove-machine usb mars --yes --reason sold', ['removeMachine', 'usb', 'mars', 'sold']],
    ['vault undelete-machine usb mars', ['undeleteMachine', 'usb', 'mars']],
    ['vault list', ['listVaults']],
    ['point hold docs latest --reason tax', ['holdPoint', 'docs', 'latest', 'tax']],
    ['point release docs latest --yes', ['releasePoint', 'docs', 'latest', undefined]],
    ['point delete docs c0 --yes', ['deletePoint', 'docs', 'c0', undefined]],
    ['point undelete docs c0', ['undeletePoint', 'docs', 'c0']],
    ['item stop docs --retain-data', ['stopItem', 'docs', { deletesData: false }]],
    ['item stop docs --delete-data --yes --reason old', ['stopItem', 'docs', { deletesData: true, reason: 'old' }]],
    ['item resume docs', ['resumeItem', 'docs']],
    ['item undelete docs', ['undeleteItem', 'docs']],
    ['pin show', ['showPin']],
    ['vault recovery-code usb --yes', ['renewRecoveryCode', 'usb']],
    ['vault remove usb --yes', ['removeVault', 'usb']],
    ['settings set trash-days 30', ['changeSettings', { trashDays: 30 }]],
    ['vault show usb', ['showVault', 'usb']],
    ['vault test usb', ['testVault', 'usb']],
    ['vault verify usb', ['verifyVault', 'usb', { level: 'open' }]],
    ['vault verify usb --heal', ['verifyVault', 'usb', { level: 'open', heal: true }]],
    ['vault verify usb --keyspace mars', ['verifyVault', 'usb', { level: 'open', keyspace: 'mars' }]],
    ['vault verify usb --level listing', ['verifyVault', 'usb', { level: 'listing' }]],
    ['vault verify usb --read-data 100%', ['verifyVault', 'usb', { level: 'open', readDataPercent: 100 }]],
    ['vault prune usb', ['pruneVault', 'usb', {}]],
    ['vault prune usb --plan --keyspace mars', ['pruneVault', 'usb', { plan: true, keyspace: 'mars' }]],
    ['vault prune usb --grace 0 --max-unused 10% --yes', ['pruneVault', 'usb', { maxUnusedPercent: 10, graceDays: 0 }]],
    ['vault set usb --replica-local r', ['setReplica', 'usb', { place: '/some/folder/r' }]],
    ['vault set usb --replica-local r --yes', ['setReplica', 'usb', { place: '/some/folder/r', replace: true }]],
    [
      'vault set usb --replica-s3 s3://b/r --endpoint http://nas:9000 --path-style --profile p --lock-days 30',
      [
        'setReplica',
        'usb',
        {
          place: {
            url: 's3://b/r',
            endpoint: 'http://nas:9000',
            pathStyle: true,
            lockDays: 30,
            credentials: { profile: 'p' },
          },
        },
      ],
    ],
    ['vault set usb --replica-every 2', ['setReplica', 'usb', { everyMs: 7_200_000 }]],
    ['vault set usb --replica-grace 30', ['setReplica', 'usb', { graceMs: 30 * 86_400_000 }]],
    ['vault set usb --no-replica', ['removeReplica', 'usb']],
    ['vault replicate usb', ['replicateVault', 'usb']],
    ['item enable docs --vault usb a /b', ['enableItem', 'docs', ['usb'], settings]],
    [
      'item enable docs --vault usb a /b --exclude *.iso --exclude tmp --no-default-excludes --cross-mounts --compression zstd',
      [
        'enableItem',
        'docs',
        ['usb'],
        { ...settings, excludes: ['*.iso', 'tmp'], defaultExcludes: false, crossMounts: true, compression: 'zstd' },
      ],
    ],
    [
      'item enable docs --vault usb a /b --policy long',
      ['enableItem', 'docs', ['usb'], { ...settings, policy: 'long' }],
    ],
    ['item list', ['listItems']],
    ['item show docs', ['showItem', 'docs']],
    ['policy list', ['listPolicies']],
    ['policy show long', ['showPolicy', 'long']],
    ['policy remove long', ['removePolicy', 'long']],
    ['policy simulate long', ['simulatePolicy', 'long', undefined]],
    ['policy simulate long --item docs --points', ['simulatePolicy', 'long', 'docs']],
    ['policy create long', ['createPolicy', 'long', {}]],
    [
      'policy create long --daily 2:00,14:00 --time-zone Europe/Berlin --keep-daily 60 --keep-weekly 0 --compression zstd',
      [
        'createPolicy',
        'long',
        {
          schedule: { kind: 'daily', times: ['02:00', '14:00'] },
          keep: { days: 60, weekly: null },
          timeZone: 'Europe/Berlin',
          compression: 'zstd',
        },
      ],
    ],
    [
      'policy set long --weekly Sun@03:00 --every-weeks 2 --keep-monthly 24 --monthly-on last,first-sun --instant-days 9',
      [
        'changePolicy',
        'long',
        {
          schedule: {
            kind: 'weekly',
            on: [{ day: 'sun', time: '03:00' }],
            everyWeeks: 2,
            countedFrom: new Date(nowMs).toLocaleDateString('en-CA'),
          },
          keep: { monthly: { months: 24, on: ['last', 'first-sun'] } },
          instantDays: 9,
        },
      ],
    ],
    [
      'policy set long --every 6h --keep-yearly 9 --yearly-in mar,12 --yearly-on last --keep-at-least 3 --instant-days default',
      [
        'changePolicy',
        'long',
        {
          schedule: { kind: 'interval', everyMinutes: 360 },
          keep: { yearly: { years: 9, in: [3, 12], on: ['last'] }, atLeast: 3 },
          instantDays: null,
        },
      ],
    ],
    ['policy set long --no-schedule', ['changePolicy', 'long', { schedule: { kind: 'none' } }]],
    ['policy set long --weekly-on sat', ['changePolicy', 'long', { keep: { weekly: { on: ['sat'] } } }]],
    ['backup-now docs --scheduled', ['backupNow', 'docs', { accept: false, scheduled: true }]],
    ['backup-now docs', ['backupNow', 'docs', { accept: false }]],
    ['backup-now docs --accept', ['backupNow', 'docs', { accept: true }]],
    ['backup-now docs --retain-days 3', ['backupNow', 'docs', { accept: false, keepUntilMs: nowMs + 3 * 86_400_000 }]],
    [
      'backup-now docs --retain-until 2027-01-31T18:00Z',
      ['backupNow', 'docs', { accept: false, keepUntilMs: Date.parse('2027-01-31T18:00Z') }],
    ],
    ['point list docs', ['listPoints', 'docs']],
    ['point show docs latest', ['showPoint', 'docs', 'latest']],
    ['point files docs latest', ['pointFiles', 'docs', 'latest', undefined, Number.MAX_SAFE_INTEGER]],
    ['point files docs latest /a --depth 1', ['pointFiles', 'docs', 'latest', '/a', 1]],
    ['restore files docs latest --to out', ['restoreFiles', request]],
    ['restore files docs latest --original', ['restoreFiles', { ...request, target: 'original' }]],
    ['restore files docs latest --to out --special', ['restoreFiles', { ...request, special: true }]],
    ['restore files docs latest --to out --plan', ['planRestore', request]],
    [
      'restore files docs latest /a b --to out --conflict skip --only changed --no-metadata',
      ['restoreFiles', { ...request, paths: ['/a', 'b'], conflict: 'skip', only: 'changed', metadata: false }],
    ],
    [
      'restore files docs latest --to out --conflict overwrite',
      ['restoreFiles', { ...request, conflict: 'overwrite' }],
    ],
    ['chunk info f', ['chunkInfo', '/some/folder/f']],
    ['chunk verify f', ['chunkVerify', '/some/folder/f']],
    ['chunk dump /f', ['chunkDump', '/f']],
    ['cache show', ['showCache']],
    ['cache move c', ['moveCache', '/some/folder/c']],
    ['cache rebuild', ['rebuildCache']],
    ['settings get', ['getSettings']],
    ['settings get instant-days', ['getSettings']],
    ['settings set cache-budget 1.5GiB', ['changeSettings', { cacheBudget: 1.5 * 1024 ** 3 }]],
    ['settings set cache-budget 500MB', ['changeSettings', { cacheBudget: 500_000_000 }]],
    ['settings set cache-budget default', ['changeSettings', { cacheBudget: null }]],
    ['settings set instant-days 30', ['changeSettings', { instantDays: 30 }]],
    ['settings set gentle on', ['changeSettings', { gentle: true }]],
    ['settings set gentle default', ['changeSettings', { gentle: null }]],
    ['doctor', ['doctor']],
  ])('%s', async (line, expected) => {
    expect(await asked(line, { env: passphrase })).toEqual([expected])
    const json = await call(`${line} --output json`, { env: passphrase })
    expect(json.status).toBe(0)
    expect(json.document).toBeTypeOf('object')
    expect((await call(line, { env: passphrase })).stdout.length).toBeGreaterThan(10)
  })

  test('a date without a time means the end of that day', async () => {
    const [backup] = await asked('backup-now docs --retain-until 2027-01-31')
    expect(backup?.[2]).toEqual({ accept: false, keepUntilMs: new Date(2027, 1, 1).getTime() - 1 })
  })
})

describe('options of backup-now that say nothing together', () => {
  test.each([
    ['--every 5', '--every goes with --watch'],
    ['--every 15', '--every goes with --watch'],
    ['--every 5 --scheduled', '--every goes with --watch'],
    ['--watch --every 0', '--every takes a whole number'],
    ['--watch --retain-days 3', '--watch makes many points'],
    ['--watch --no-wait', '--no-wait does not go with it'],
  ])('%s', async (options, words) => {
    const { status, stderr, calls } = await call(`backup-now docs ${options}`)
    expect(status).toBe(2)
    expect(calls.map(([verb]) => verb)).not.toContain('backupNow')
    expect(calls.map(([verb]) => verb)).not.toContain('watchItem')
    expect(stderr).toContain(words)
  })
})

describe('policy options that cannot be', () => {
  test.each([
    ['--daily 25:00', 'no time of a day'],
    ['--daily 02:00 --every 15m', 'one schedule'],
    ['--every-weeks 2', 'goes with --weekly'],
    ['--weekly 03:00', 'no weekday'],
    ['--every 1m', 'no interval'],
    ['--keep-daily 6', 'from 7 to 9999'],
    ['--keep-weekly 5164', 'from 4 to 5163'],
    ['--keep-monthly 2', 'from 3 to 1188'],
    ['--keep-yearly 100', 'from 1 to 99'],
    ['--keep-yearly 0 --yearly-in jan', 'keeps nothing'],
    ['--yearly-in foo', 'no month'],
  ])('%s', async (options, words) => {
    const { status, stderr, calls } = await call(`policy create long ${options}`)
    expect([status, calls]).toEqual([2, []])
    expect(stderr).toContain(words)
  })

  test('a change of nothing', async () => {
    expect((await call('policy set long')).status).toBe(2)
    const dated = await call('backup-now docs --scheduled --retain-days 3')
    expect(dated.stderr).toContain('rules of the policy')
  })
})

describe('item change', () => {
  test.each<[string, object]>([
    ['--add-folder x', { folders: ['/home/me/docs', '/some/folder/x'] }],
    ['--add-folder /x --remove-folder /home/me/docs', { folders: ['/x'] }],
    ['--add-folder /home/me/docs', { folders: ['/home/me/docs'] }],
    ['--exclude a --exclude b --remove-exclude *.iso', { excludes: ['a', 'b'] }],
    ['--remove-exclude *.iso', { excludes: [] }],
    ['--no-default-excludes --cross-mounts', { defaultExcludes: false, crossMounts: true }],
    ['--default-excludes --no-cross-mounts', { defaultExcludes: true, crossMounts: false }],
    ['--compression zstd', { compression: 'zstd' }],
  ])('%s', async (options, changes) => {
    expect(await asked(`item change docs ${options}`)).toEqual([
      ['showItem', 'docs'],
      ['changeItem', 'docs', changes],
    ])
  })

  test('for new keys with the new passphrase', async () => {
    const env = { THARSIS_NEW_PASSPHRASE: 'the next long passphrase' }
    expect(await asked('vault new-key usb --yes', { env })).toEqual([['takeNewKey', 'usb', 'the next long passphrase']])
  })

  test.each(['--remove-folder /home/me/docs', '--remove-folder /other', '--remove-exclude *.img'])(
    '%s is refused',
    async (options) => {
      const { status, calls } = await call(`item change docs ${options}`)
      expect(status).toBe(2)
      expect(calls.map(([verb]) => verb)).not.toContain('changeItem')
    },
  )
})

describe('exit statuses of backup-now', () => {
  const warnings = [...Array.from({ length: 7 }, (_, at) => fakeWarning(`/f${at}`)), fakeWarning('/g', 'file.vanished')]
  const failure = { code: 'vault.unreachable', message: 'The vault is gone.', advice: 'Connect it.', exitCode: 6 }
  test.each<[string, Partial<BackupDocument>, number]>([
    ['completed', {}, 0],
    ['with warnings', { warnings }, 3],
    ['waiting for the vault', { job: { ...fakeBackup.job, state: 'waiting' } }, 3],
    ['failed transfer', { failure, job: { ...fakeBackup.job, state: 'waiting' } }, 6],
    ['failed', { point: null, job: { ...fakeBackup.job, state: 'failed' } }, 1],
    ['cancelled', { point: null, job: { ...fakeBackup.job, state: 'cancelled' } }, 130],
  ])('%s', async (_name, change, exit) => {
    const document = { ...fakeBackup, ...change }
    const answers: Partial<AgentApi> = { backupNow: async () => document }
    expect((await call('backup-now docs', { answers })).status).toBe(exit)
    const json = await call('backup-now docs --output json', { answers })
    expect(json.status).toBe(exit)
    expect(json.document).toEqual(document)
  })

  test('warnings are said by cause, with the first paths and what to do', async () => {
    const { stderr } = await call('backup-now docs', {
      answers: { backupNow: async () => ({ ...fakeBackup, warnings }) },
    })
    expect(stderr).toContain('Warning: 7 files (file.unreadable): It could not be read')
    expect(stderr).toContain('  /f4\n  and 2 more\n  Check its permissions.\n')
    expect(stderr).not.toContain('/f5')
    expect(stderr).toContain('Warning: 1 file (file.vanished)')
  })

  test('a failure is said on standard error, the summary stays on standard output', async () => {
    const { stderr, stdout } = await call('backup-now docs', {
      answers: {
        backupNow: async () => ({
          ...fakeBackup,
          failure,
          vaults: fakeBackup.vaults.map((vault) => ({ ...vault, confirmed: false, failure })),
          point: { id: fakePoint.id, seq: 7, kind: 'full', confirmed: false },
        }),
      },
    })
    expect(stderr).toBe('Error: The vault is gone.\n  Connect it.\n')
    expect(stdout).toContain('captured here, not yet in')
  })
})

describe('exit statuses of restore files', () => {
  test.each<[string, Partial<RestoreDocument>, number]>([
    ['completed', {}, 0],
    ['with warnings', { warnings: [fakeWarning('/a', 'file.metadata-not-restored')] }, 3],
    ['failed files', { failed: 1 }, 3],
    ['damaged', { failed: 2, warnings: [fakeWarning('/a'), fakeWarning('/b', 'file.damaged')] }, 8],
    ['cancelled', { job: { ...fakeRestore.job, state: 'cancelled' } }, 130],
    ['failed', { job: { ...fakeRestore.job, state: 'failed' } }, 1],
  ])('%s', async (_name, change, exit) => {
    const document = { ...fakeRestore, ...change }
    const answers: Partial<AgentApi> = { restoreFiles: async () => document }
    expect((await call('restore files docs latest --to /o', { answers })).status).toBe(exit)
    expect((await call('restore files docs latest --to /o --output json', { answers })).document).toEqual(document)
  })

  test('a person at a terminal sees the plan and is asked before files are replaced', async () => {
    const line = 'restore files docs latest --to /o --conflict overwrite'
    const no = await call(line, { typed: ['n\r'] })
    expect(no.status).toBe(130)
    expect(no.stderr).toContain('Replaced')
    expect(no.calls.map(([verb]) => verb)).not.toContain('restoreFiles')
    const yes = await call(line, { typed: ['y\r'] })
    expect(yes.status).toBe(0)
    const unasked = await call(`${line} --yes`, { typed: [] })
    expect(unasked.calls.map(([verb]) => verb)).toEqual(['open', 'restoreFiles', 'dispose'])
  })

  test('nothing is asked where nothing is replaced', async () => {
    const { status } = await call('restore files docs latest --to /o --conflict overwrite', {
      typed: [],
      answers: { planRestore: async () => ({ ...fakePlan, overwritten: 0 }) },
    })
    expect(status).toBe(0)
  })
})

describe('damage', () => {
  test('found by vault verify: 8, with object, offset and every file', async () => {
    const damaged = [
      {
        object: 'chunks/ab',
        offset: 77,
        reason: 'wrong tag',
        points: [fakePoint.id],
        files: ['docs:/a', 'docs:/b'],
        state: 'open' as const,
      },
    ]
    const found = {
      level: 'open' as const,
      objects: 1,
      bytesRead: 1,
      chunkFiles: 1,
      chunkFilesRead: 1,
      points: 1,
      oldestUnverified: null,
      damaged,
      healed: 0,
      remarks: [],
      advice: ['Put it back.'],
    }
    const answers: Partial<AgentApi> = { verifyVault: async () => found }
    const { status, stdout, stderr } = await call('vault verify usb', { answers })
    expect(status).toBe(8)
    expect(stderr).toContain('Error: 1 damaged place found.\n  Put it back.\n')
    for (const part of ['chunks/ab at offset 77: wrong tag', 'docs:/a', 'docs:/b', 'c0ffee00']) {
      expect(stdout).toContain(part)
    }
    expect((await call('vault verify usb --output json', { answers })).document).toEqual(found)
  })

  test('a vault that does not let go of what is due: 3', async () => {
    const refused = { ...fakePrune, refusal: 'it is locked' }
    const { status, stderr } = await call('vault prune usb', { answers: { pruneVault: async () => refused } })
    expect(status).toBe(3)
    expect(stderr).toContain('it is locked')
    expect(stderr).toContain('What waits: 1 point and')
    const { status: done, stdout } = await call('vault prune usb')
    expect(done).toBe(0)
    for (const part of ['11111111 docs', '2 chunk files', 'Merged', 'Deleted', 'from 2026-12-06', '5.0 MiB']) {
      expect(stdout).toContain(part)
    }
  })

  test('found by chunk verify: 8', async () => {
    const found = { file: '/f', whole: false, opened: false, damaged: [{ offset: 9, reason: 'hash differs' }] }
    const answers: Partial<AgentApi> = { chunkVerify: async () => found }
    const { status, stdout } = await call('chunk verify /f', { answers })
    expect(status).toBe(8)
    expect(stdout).toContain('offset 9: hash differs')
  })

  test.each([
    [[6], 6],
    [[6, 7], 6],
    [[6, 8], 8],
    [[8, 6, undefined], 1],
  ])('found by doctor with the statuses %j: %i', async (codes, expected) => {
    const answers: Partial<AgentApi> = {
      doctor: async () => ({
        ...(await createFakeAgent().agent.doctor()),
        checks: codes.map((exitCode) => ({
          name: 'vault',
          state: 'bad' as const,
          detail: 'away',
          ...(exitCode !== undefined && { exitCode }),
        })),
      }),
    }
    expect((await call('doctor', { answers })).status).toBe(expected)
  })

  test('found by doctor: 1, and 3 for what is only worth a look', async () => {
    const withState = (state: 'bad' | 'warning'): Partial<AgentApi> => ({
      doctor: async () => ({
        ...(await createFakeAgent().agent.doctor()),
        checks: [{ name: 'disk', state, detail: 'nearly full', advice: 'Make room.' }],
      }),
    })
    expect((await call('doctor', { answers: withState('bad') })).status).toBe(1)
    const warning = await call('doctor', { answers: withState('warning') })
    expect(warning.status).toBe(3)
    expect(warning.stderr).toContain('Warning: disk: Make room.')
  })
})

const longEntry = { path: '/x'.repeat(30), type: 'file', size: 1, mtime: 'x', mode: '0644', uid: 0, gid: 0 }

describe('what takes something away', () => {
  test.each([
    'point delete docs c0',
    'point release docs c0',
    'item stop docs --delete-data',
    'vault recovery-code usb',
    'vault remove usb',
  ])('"%s" needs a yes, and asks for it on a terminal', async (line) => {
    const answers: Partial<AgentApi> = { showPin: async () => ({ set: false, unlockedSeconds: 0, waitSeconds: 0 }) }
    const { status, stderr, calls } = await call(line, { answers })
    expect(status).toBe(2)
    expect(stderr).toContain('--yes')
    expect(calls).toEqual([['open', expect.any(String)], ['dispose']])
    // A PIN that comes with the call says nothing where none is set.
    expect((await call(line, { answers, env: { THARSIS_PIN: '4711' } })).status).toBe(2)
    const actsOf = ({ calls: made }: Awaited<ReturnType<typeof call>>) =>
      made.map(([verb]) => verb).filter((verb) => !['open', 'showPoint', 'dispose'].includes(verb as string))
    expect(actsOf(await call(line, { typed: ['n\r'] }))).toEqual([])
    const answered = await call(line, { typed: ['y\r'] })
    expect(answered.status).toBe(0)
    expect(actsOf(answered)).toHaveLength(1)
  })

  test('pin show says that no PIN is taken after wrong tries', async () => {
    const answers: Partial<AgentApi> = { showPin: async () => ({ set: true, unlockedSeconds: 0, waitSeconds: 42 }) }
    expect((await call('pin show', { answers })).stdout).toContain('none is taken within the next 42 seconds')
  })

  test.each([
    ['job list', 'There is no job yet.'],
    ['job list --live', 'No job runs or waits now.'],
    ['job list --kind backup --item docs', 'There is no backup job of item "docs" yet.'],
  ])('an empty "%s" says so, and is no failure', async (line, words) => {
    const { status, stdout } = await call(line, { answers: { listJobs: async () => [] } })
    expect({ status, stdout: stdout.trim() }).toEqual({ status: 0, stdout: words })
  })

  test('a replica elsewhere is given up after a yes only', async () => {
    const { setReplica } = createFakeAgent().agent
    const changes: unknown[] = []
    const answers: Partial<AgentApi> = {
      setReplica: async (name, change) => {
        changes.push(change)
        if (change.replace !== true) throw new AgentError('replica.exists', { name, address: '/mnt/nas' })
        return await setReplica(name, change)
      },
    }
    const line = 'vault set usb --replica-local r'
    const scripted = await call(line, { answers })
    expect(scripted.status).toBe(2)
    expect(scripted.stderr).toContain('--yes')
    const place = '/some/folder/r'
    const declined = await call(line, { answers, typed: ['n\r'] })
    expect(declined.status).toBe(130)
    expect(declined.stderr).toContain('has a replica already: /mnt/nas. Put the new one in its place?')
    expect(changes).toEqual([{ place }, { place }])
    expect((await call(line, { answers, typed: ['y\r'] })).status).toBe(0)
    expect(changes.at(-1)).toEqual({ place, replace: true })
  })

  test('a PIN that comes with the call is a yes, and is taken out of the environment', async () => {
    const { status, agent, env } = await call('point delete docs c0', { env: { THARSIS_PIN: '4711' } })
    expect(status).toBe(0)
    expect(await agent.givenPin?.()).toBe('4711')
    expect(env).toEqual({})
  })

  test('without a terminal the PIN that is set decides, and no yes is asked for', async () => {
    const { calls, agent } = await call('point delete docs c0')
    expect(calls.map(([verb]) => verb)).toEqual(['open', 'showPin', 'deletePoint', 'dispose'])
    expect(agent.givenPin).toBeUndefined()
  })

  test('a question names the point by its id and time, and that point is meant, also when "latest" is another by then', async () => {
    const answered = { typed: ['y\r'] }
    for (const verb of ['delete', 'release']) {
      const { stderr, calls } = await call(`point ${verb} docs latest`, answered)
      expect(stderr).toMatch(/point c0ffee00 of 2026-11-2\d \d\d:00:00 of item "docs"/)
      expect(calls.map(([name]) => name)).toEqual(['open', 'showPoint', `${verb}Point`, 'dispose'])
      expect(calls[2]).toEqual([`${verb}Point`, 'docs', fakePoint.id, undefined])
    }
  })

  test('held points in the trash are told to stay there, one as one', async () => {
    const stopped = { at: '2026-11-22T12:00:00Z', until: '2026-12-06T12:00:00Z', who: 'me', reason: null }
    const stop = async (points: number, held: number) => {
      const answers: Partial<AgentApi> = {
        stopItem: async () => ({ item: 'docs', stopped: { ...stopped, data: 'deleted' }, points, held }),
      }
      return (await call('item stop docs --delete-data --yes', { answers })).stdout
    }
    expect(await stop(1, 1)).toMatch(
      /1 point went to the trash.\n1 point there is held: no clean-up removes it before it is/,
    )
    expect(await stop(1, 0)).toMatch(/"tharsis item undelete docs" brings it back until 2026-12-0\d/)
    expect(await stop(3, 2)).toMatch(
      /2 points there are held: no clean-up removes them before they are released.\n.*brings them back/,
    )
    const answers: Partial<AgentApi> = {
      removeMachine: async () => ({ vault: 'usb', machine: 'mars', removed: stopped, points: 2, held: 1 }),
    }
    expect((await call('vault remove-machine usb mars --yes', { answers })).stdout).toContain('1 point there is held')
  })

  test('pin set takes the new PIN twice on a terminal, and the old one where there is one', async () => {
    const typed = ['4711\r', '4711\r', '0000\r']
    const { calls } = await call('pin set', { typed })
    expect(calls).toContainEqual(['setPin', '4711', '0000'])
    expect((await call('pin set', { typed: ['4711\r', '4712\r'] })).stderr).toContain('differ')
    expect((await call('pin set')).stderr).toContain('THARSIS_NEW_PIN')
    const answers: Partial<AgentApi> = { showPin: async () => ({ set: false, unlockedSeconds: 0, waitSeconds: 0 }) }
    const env = { THARSIS_NEW_PIN: '4711' }
    expect((await call('pin set', { answers, env })).calls).toContainEqual(['setPin', '4711', undefined])
    expect((await call('pin check', { env: { THARSIS_PIN: '4711' } })).calls).toContainEqual(['checkPin', '4711'])
    expect((await call('pin remove', { env: { THARSIS_PIN: '4711' } })).calls).toContainEqual(['removePin', '4711'])
  })

  test('a stopped item and a point in the trash say so', async () => {
    const deleted = { at: '2026-11-22T12:00:00Z', until: '2026-12-06T12:00:00Z', who: 'me', reason: 'old' }
    const answers: Partial<AgentApi> = {
      listPoints: async () => [fakePoint, { ...fakePoint, deleted }],
      showPoint: async () => ({ ...fakePoint, deleted }),
      listItems: async () => [{ ...fakeItem, stopped: { ...deleted, data: 'deleted' } }],
      showItem: async () => ({ ...fakeItem, stopped: { ...deleted, data: 'retained', until: null } }),
    }
    expect((await call('point list docs', { answers })).stderr).toContain('1 point in the trash')
    expect((await call('point list docs --deleted', { answers })).stdout).toContain('in the trash until 2026-12-06')
    expect((await call('point show docs c0', { answers })).stdout).toMatch(/In the trash +until .*by me/)
    expect((await call('item list', { answers })).stdout).toContain('docs (stopped)')
    expect((await call('item show docs', { answers })).stdout).toMatch(/Protection +stopped .*its points stay/)
  })
})

describe('listings', () => {
  test('point files: a line an entry, names as text', async () => {
    const { stdout } = await call('point files docs latest')
    expect(stdout.split('\n')).toHaveLength(3)
    expect(stdout).toMatch(/^d 0755 +0 {2}\S+ \S+ {2}\/home\/me\/docs\n- 0644 +12,345 /)
    expect(stdout).toContain('a\\x1b[31m\\u{202e}.txt')
  })

  test('point files: a JSON array, also an empty one', async () => {
    expect((await call('point files docs latest --output json')).document).toEqual(fakeFiles)
    const empty = await call('point files docs latest --output json', {
      answers: { pointFiles: async function* () {} },
    })
    expect(empty.document).toEqual([])
  })

  test('point files: an error in the middle leaves no whole document', async () => {
    const { status, stdout } = await call('point files docs latest --output json', {
      answers: {
        pointFiles: async function* () {
          for (let at = 0; at < 2000; at++) yield longEntry
          throw new Error('boom')
        },
      },
    })
    expect(status).toBe(1)
    expect(() => JSON.parse(stdout) as unknown).toThrow(SyntaxError)
  })

  test('100,000 entries are one document', async () => {
    const { document } = await call('point files docs latest --output json', {
      answers: {
        pointFiles: async function* () {
          for (let at = 0; at < 100_000; at++) yield { ...longEntry, size: at }
        },
      },
    })
    expect(document).toHaveLength(100_000)
  })

  test('empty lists say how to go on', async () => {
    const answers: Partial<AgentApi> = {
      listVaults: async () => [],
      listItems: async () => [],
      listPoints: async () => [],
    }
    expect((await call('vault list', { answers })).stdout).toContain('tharsis vault create')
    expect((await call('item list', { answers })).stdout).toContain('tharsis item enable')
    expect((await call('point list docs', { answers })).stdout).toContain('tharsis backup-now docs')
    const read: Partial<AgentApi> = { ...answers, showItem: async () => ({ ...fakeItem, access: 'read-only' }) }
    expect((await call('point list docs', { answers: read })).stdout).toContain('machine "mars" makes them')
    const at = '2026-11-22T12:00:00Z'
    const stop = { at, data: 'retained', until: null, who: 'me', reason: null } as const
    const stopped: Partial<AgentApi> = { ...answers, showItem: async () => ({ ...fakeItem, stopped: stop }) }
    const { stdout } = await call('point list docs', { answers: stopped })
    expect(stdout).toContain('"tharsis item resume docs"')
    expect(stdout).not.toContain('backup-now')
    const deleted = { at, until: at, who: 'me', reason: null }
    const trashed: Partial<AgentApi> = { listPoints: async () => [{ ...fakePoint, deleted }] }
    expect((await call('point list docs', { answers: trashed })).stdout).toContain(
      'All points of item "docs" are in the trash',
    )
  })

  test('people read local times, programs ISO 8601', async () => {
    const pausedUntil = '2026-11-22T10:00:05.000Z'
    const local = /2026-11-2\d \d\d:\d\d:05/
    const { answers } = { answers: { pauseSchedules: async () => ({ pausedUntil }) } satisfies Partial<AgentApi> }
    expect((await call('pause 4h', { answers })).stdout).toMatch(local)
    expect((await call('pause 4h --output json', { answers })).document).toEqual({ pausedUntil })
    const status = await createFakeAgent().agent.agentStatus()
    const running = (until: typeof pausedUntil | 'forever' | null): Partial<AgentApi> => ({
      agentStatus: async () => ({ ...status, startedAt: pausedUntil, pausedUntil: until }),
    })
    const shown = async (until: typeof pausedUntil | 'forever' | null) =>
      (await call('agent status', { answers: running(until) })).stdout
    expect(await shown(pausedUntil)).toMatch(
      /Runs since +2026-11-2\d \d\d:\d\d:05\n *Schedules +rest until 2026-11-2\d \d\d:\d\d:05/,
    )
    expect(await shown('forever')).toMatch(/Schedules +rest until "tharsis resume"/)
    expect(await shown(null)).toMatch(/Schedules +are followed/)
  })

  test('a point is marked as partial and held; an unreachable vault says why', async () => {
    const answers: Partial<AgentApi> = {
      listPoints: async () => [
        { ...fakePoint, expiredSince: '2026-11-25T12:00:00Z', keptUntil: null, keptBecause: [] },
        { ...fakePoint, keptUntil: null },
        { ...fakePoint, partial: true, held: true, keptUntil: '2027-01-31T12:00:00Z' },
      ],
      listVaults: async () => [{ ...fakeVault, state: 'unreachable', reason: 'no such folder' }],
      listItems: async () => [{ ...fakeItem, access: 'read-only', lastPoint: null }],
    }
    const { stdout } = await call('point list docs', { answers })
    expect(stdout).toMatch(/c0ffee00 .*instant\+vault {2}2027-01-31 {2}partial, held/)
    expect(stdout).toMatch(/c0ffee00 .*instant\+vault {2}expired\n/)
    expect(stdout).toMatch(/c0ffee00 .*instant\+vault {2}no end\n/)
    expect((await call('vault list', { answers })).stderr).toContain('no such folder')
    expect((await call('item list', { answers })).stdout).toContain('none yet')
  })
})
