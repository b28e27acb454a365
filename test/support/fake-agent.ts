/**
 * An AgentApi that does nothing: it answers with fixed documents and records what it was asked. Tests of its clients
 * replace single answers.
 */
import type {
  AgentApi,
  BackupDocument,
  CacheDocument,
  ChunkDump,
  ItemDocument,
  PointDetails,
  PointFile,
  PolicyDocument,
  PruneDocument,
  ReplicaDocument,
  RestoreDocument,
  SimulationDocument,
  StoppedDocument,
  VaultDetails,
} from '../../agent-core/api/agent-api.ts'
import type {
  ChunkFileName,
  FileWarning,
  ItemId,
  JobDocument,
  JobId,
  KeyspaceId,
  PointId,
  VaultId,
} from '../../agent-core/contract/index.ts'
import { defaultPolicy } from '../../agent-core/contract/policy.ts'

export interface FakeAgent {
  readonly agent: AgentApi
  /** `[verb, …arguments]` of each call, without signal and listener; `['dispose']` at the end. */
  readonly calls: (readonly unknown[])[]
}

const job = {
  id: 'e'.repeat(32) as JobId,
  state: 'completed',
  startedAt: '2026-11-22T10:00:00.000Z',
  finishedAt: '2026-11-22T10:00:02.500Z',
} as const

export const fakeVault: VaultDetails = {
  name: 'usb',
  id: 'a'.repeat(32) as VaultId,
  kind: 'local',
  address: '/media/usb',
  machine: 'mars',
  access: 'owner',
  secretPlace: 'a file in the home folder',
  state: 'reachable',
  points: 3,
  oldestUnverified: { since: '2026-11-01T12:00:00.000Z', days: 3, everVerified: true },
  objects: 1234,
  storedBytes: 5 * 1024 * 1024,
  freeBytes: 1024 ** 3,
  waitingPoints: 0,
  items: ['docs'],
}

const fakeJob: JobDocument = {
  id: job.id,
  revision: 2,
  kind: 'backup',
  item: 'docs',
  vault: null,
  state: 'completed',
  reason: null,
  trigger: 'person',
  queuedAt: job.startedAt,
  startedAt: job.startedAt,
  finishedAt: job.finishedAt,
  progress: null,
  result: { files: 1000, bytes: 2048, warnings: 0 },
  error: null,
}

const fakeReplica: ReplicaDocument = {
  kind: 'local',
  address: '/mnt/nas',
  everyMs: 86_400_000,
  graceMs: 1_209_600_000,
  completedAt: null,
  isDue: true,
  state: 'not asked',
}

const fakeCache: CacheDocument = {
  folder: '/home/me/cache',
  budget: 2 * 1024 ** 3,
  budgetIsDefault: true,
  used: 1024,
  waiting: { files: 0, bytes: 0 },
  instant: { files: 3, bytes: 2048, days: 2 },
  linked: { files: 1, bytes: 1024 },
  base: { bytes: 4096, setAside: [{ file: '/home/me/cache/base.db.damaged-1', bytes: 4096 }] },
  free: 1024 ** 3,
}

const fakeStop: StoppedDocument = {
  item: 'docs',
  stopped: {
    at: '2026-11-22T12:00:00Z',
    data: 'deleted',
    until: '2026-12-06T12:00:00Z',
    who: 'me on desk',
    reason: null,
  },
  points: 2,
  held: 1,
}

export const fakePrune: PruneDocument = {
  vault: 'usb',
  machine: 'mars',
  plan: false,
  points: [
    {
      id: '1'.repeat(32) as PointId,
      item: 'b'.repeat(32) as ItemId,
      itemName: 'docs',
      time: '2026-11-01T10:00:00.000Z',
      reason: 'no rule keeps it',
    },
  ],
  chunkFiles: { dead: 2, unindexed: 1, sparse: 1 },
  bytes: { before: 10 * 1024 ** 2, now: 8 * 1024 ** 2, afterGrace: 5 * 1024 ** 2 },
  merged: { files: 1, intoFiles: 1, intoBytes: 1024 },
  deleted: { files: 1, bytes: 2 * 1024 ** 2 },
  announced: { files: 3, bytes: 3 * 1024 ** 2, due: '2026-12-06T10:00:00.000Z' },
  waiting: { files: 0, bytes: 0, due: null },
  takenBack: 0,
  refusal: null,
  remarks: [],
}

export const fakeItem: ItemDocument = {
  id: 'b'.repeat(32) as ItemId,
  name: 'docs',
  vaults: [
    {
      name: 'usb',
      confirmed: { id: 'c'.repeat(32) as PointId, seq: 7, time: '2026-11-22T10:00:00.000Z' },
      behind: { points: 0, bytes: 0 },
    },
  ],
  folders: [{ path: '/home/me/docs' }],
  excludes: ['*.iso'],
  defaultExcludes: true,
  crossMounts: false,
  compression: 'lz4',
  policy: 'default',
  access: 'owner',
  machine: 'mars',
  lastPoint: { id: 'c'.repeat(32) as PointId, time: '2026-11-22T10:00:00.000Z', tiers: ['instant', 'vault'] },
  defaults: [{ rule: '**/.cache', reason: 'programs make it again' }],
  stopped: null,
  remarks: [],
}

const fakePolicy: PolicyDocument = {
  ...defaultPolicy('Europe/Berlin'),
  instantDays: 5,
  builtIn: false,
  items: ['docs'],
  shortened: [
    {
      items: ['docs'],
      changedAt: '2026-11-22T10:00:00.000Z',
      from: '2026-12-06T10:00:00.000Z',
      before: { days: 60, atLeast: 7 },
    },
  ],
  remarks: ['No remark.'],
}

const fakeSimulation: SimulationDocument = {
  policy: 'default',
  item: null,
  from: '2026-11-22T10:00:00.000Z',
  horizons: [
    {
      in: '1 month',
      time: '2026-12-22T10:00:00.000Z',
      counts: { weekly: 1 },
      points: [
        {
          time: '2026-11-29T11:30:00.000Z',
          kind: 'scheduled',
          keptUntil: '2027-01-23T23:00:00.000Z',
          keptBecause: [{ rule: 'weekly', until: '2027-01-23T23:00:00.000Z', words: 'weekly point of 2026-11-29' }],
        },
      ],
    },
  ],
}

export const fakePoint: PointDetails = {
  id: `c0ffee${'0'.repeat(26)}` as PointId,
  seq: 7,
  time: '2026-11-22T10:00:00.000Z',
  kind: 'incremental',
  deleted: null,
  damaged: null,
  keptUntil: '2026-12-22T10:00:00.000Z',
  keptBecause: [
    { rule: 'daily', until: '2026-12-22T10:00:00.000Z', words: 'daily point of 2026-11-22' },
    { rule: 'newest', until: null, words: 'newest good point' },
  ],
  expiredSince: null,
  held: false,
  partial: false,
  tiers: ['instant', 'vault'],
  vaults: ['usb'],
  files: 1000,
  bytes: { total: 4096, read: 2048, new: 1024, stored: 512 },
  item: 'docs',
  machine: 'mars',
  platform: 'linux',
  snapshot: 'none',
  product: 'Tharsis 0.1.0',
  parent: null,
  directories: 10,
  others: 1,
  folders: [{ path: '/home/me/docs' }],
  chunkFiles: ['d'.repeat(64) as ChunkFileName],
  warnings: [],
  missing: [],
}

export const fakeBackup: BackupDocument = {
  job,
  point: { id: fakePoint.id, seq: 7, kind: 'incremental', confirmed: true },
  vaults: [{ name: 'usb', confirmed: true }],
  files: { seen: 1000, read: 3, changed: 2, deleted: 1, failed: 0 },
  bytes: { read: 2048, new: 1024, stored: 512, total: 4096 },
  transferred: 700,
  scan: { kind: 'full', watcher: 'none', reason: 'no journal is kept' },
  warnings: [],
  remarks: [],
}

export const fakeRestore: RestoreDocument = {
  job,
  restored: 5,
  skipped: 1,
  failed: 0,
  bytes: 4096,
  verified: true,
  warnings: [],
}

export const fakePlan = {
  new: 4,
  same: 1,
  overwritten: 2,
  copied: 0,
  skipped: 0,
  bytes: 4096,
  freeBytes: 1024 ** 3,
  target: '/tmp/back',
  examples: [{ path: '/tmp/back/a', action: 'overwrite' }],
}

const fakeChunk: ChunkDump = {
  file: '/media/usb/chunk',
  name: 'd'.repeat(64) as ChunkFileName,
  kind: 'payload',
  fileId: '1'.repeat(32),
  parentFileId: null,
  keyspace: '2'.repeat(32),
  epoch: 1,
  createdAt: '2026-11-22T10:00:00.000Z',
  sizeBytes: 70_000,
  extents: 2,
  blocks: 3,
  rawBytes: 140_000,
  sha256: 'd'.repeat(64),
  extentList: [
    {
      number: 0,
      offset: 4096,
      storedBytes: 30_000,
      rawBytes: 70_000,
      method: 'lz4',
      blocks: [
        { id: 'f1', sizeBytes: 40_000 },
        { id: 'f2', sizeBytes: 30_000 },
      ],
    },
    { number: 1, offset: 34_096, storedBytes: 30_000, rawBytes: 70_000, method: 'lz4', blocks: null },
  ],
}

export const fakeFiles: readonly PointFile[] = [
  { path: '/home/me/docs', type: 'directory', size: 0, mtime: '2026-11-22T10:00:00Z', mode: '0755', uid: 0, gid: 0 },
  {
    path: '/home/me/docs/a\u001b[31m\u202e.txt',
    type: 'file',
    size: 12_345,
    mtime: '2026-11-22T10:00:00Z',
    mode: '0644',
    uid: 0,
    gid: 0,
  },
]

/** A warning about one file, with `code` in its words. */
export function fakeWarning(path: string, code: FileWarning['code'] = 'file.unreadable'): FileWarning {
  return { path, code, message: `It could not be read (${code}).`, advice: 'Check its permissions.' }
}

/** An agent whose answers are those above, except for `overrides`. */
export function createFakeAgent(overrides: Partial<AgentApi> = {}): FakeAgent {
  const calls: (readonly unknown[])[] = []
  const answer =
    <Document>(verb: string, document: Document) =>
    async (...given: readonly unknown[]): Promise<Document> => {
      calls.push([verb, ...given.filter((value) => !isContext(value))])
      return document
    }
  const recorded: AgentApi = {
    createVault: answer('createVault', { ...fakeVault, recoveryCode: 'CODE-1234', remarks: ['Keep it.'] }),
    setCredentials: answer('setCredentials', { name: 'usb', keptIn: 'a file in the home folder' }),
    connectVault: answer('connectVault', { ...fakeVault, remarks: [] }),
    listVaults: answer('listVaults', [fakeVault]),
    showVault: answer('showVault', fakeVault),
    joinVault: answer('joinVault', { ...fakeVault, recoveryCode: 'CODE-9012', remarks: ['Keep it.'] }),
    listMachines: answer('listMachines', [
      {
        name: 'mars',
        id: '1'.repeat(32) as KeyspaceId,
        isThis: true,
        state: 'active',
        removed: null,
        items: 1,
        points: 2,
        lastPointAt: '2026-11-22T10:00:00.000Z',
        storedBytes: 2048,
      },
    ] as const),
    takeNewKey: answer('takeNewKey', {
      before: 'mars',
      vaults: [{ name: 'usb', machine: 'mars 2', recoveryCode: 'CODE-3456' }],
      remarks: ['Everything is stored anew.'],
    }),
    forkMachine: answer('forkMachine', { vault: 'usb', before: 'mars', machine: 'mars 2', remarks: ['A copy.'] }),
    removeMachine: answer('removeMachine', {
      vault: 'usb',
      machine: 'mars',
      removed: {
        at: '2026-11-22T10:00:00.000Z',
        until: '2026-12-06T10:00:00.000Z',
        who: 'me on mars',
        reason: null,
      },
      points: 2,
      held: 1,
    }),
    undeleteMachine: answer('undeleteMachine', { vault: 'usb', machine: 'mars', removed: null, points: 2, held: 0 }),
    testVault: answer('testVault', {
      name: 'usb',
      kind: 'local',
      address: '/media/usb',
      capabilities: { publish: 'link', keepsModes: true, syncsFolders: true, remarks: ['No remark.'] },
      putMs: 1.25,
      getMs: 0.5,
    } as const),
    testBucket: answer('testBucket', {
      address: 's3://vaults/laptop',
      capabilities: { publish: 'conditional-put', keepsModes: true, syncsFolders: true, remarks: [] },
    } as const),
    setReplica: answer('setReplica', { replica: fakeReplica, remarks: ['No remark.'] }),
    removeReplica: answer('removeReplica', { address: '/mnt/nas' }),
    replicateVault: answer('replicateVault', {
      vault: 'usb',
      address: '/mnt/nas',
      copied: { objects: 4, points: 1, bytes: 2048 },
      damaged: [],
      lost: 0,
      heldBack: 0,
      removed: { points: 1, chunkFiles: 2, bytes: 4096 },
      waiting: { points: 1, chunkFiles: 0, due: '2026-12-10T12:00:00.000Z' },
    }),
    dueReplications: answer('dueReplications', ['usb']),
    verifyVault: answer('verifyVault', {
      level: 'open',
      objects: 10,
      bytesRead: 2048,
      chunkFiles: 2,
      chunkFilesRead: 1,
      oldestUnverified: { since: '2026-11-01T12:00:00.000Z', days: 3, everVerified: true },
      points: 3,
      damaged: [],
      healed: 0,
      remarks: [],
      advice: [],
    }),
    pruneVault: answer('pruneVault', fakePrune),
    unlockVault: answer('unlockVault', { name: 'usb' }),
    setPassphrase: answer('setPassphrase', { name: 'usb', remarks: [] }),
    enableItem: answer('enableItem', fakeItem),
    changeItem: answer('changeItem', fakeItem),
    listItems: answer('listItems', [fakeItem]),
    showItem: answer('showItem', fakeItem),
    createPolicy: answer('createPolicy', fakePolicy),
    changePolicy: answer('changePolicy', fakePolicy),
    listPolicies: answer('listPolicies', [fakePolicy]),
    showPolicy: answer('showPolicy', {
      ...fakePolicy,
      nextRuns: [{ time: '2026-11-23T11:30:00.000Z', zoneTime: '2026-11-23T12:30:00+01:00' }],
    }),
    removePolicy: answer('removePolicy', { name: 'default' }),
    simulatePolicy: answer('simulatePolicy', fakeSimulation),
    previewPolicy: answer('previewPolicy', {
      nextRuns: [],
      horizons: fakeSimulation.horizons.map((horizon) => ({ ...horizon, points: 1, oldest: null })),
    }),
    backupNow: answer('backupNow', fakeBackup),
    watchItem: async function* (...given) {
      calls.push(['watchItem', ...given])
      yield { backup: fakeBackup }
    },
    stopItem: answer('stopItem', fakeStop),
    resumeItem: answer('resumeItem', { ...fakeStop, stopped: null }),
    undeleteItem: answer('undeleteItem', fakeStop),
    listPoints: answer('listPoints', [fakePoint]),
    holdPoint: answer('holdPoint', fakePoint),
    releasePoint: answer('releasePoint', fakePoint),
    deletePoint: answer('deletePoint', fakePoint),
    undeletePoint: answer('undeletePoint', fakePoint),
    showPoint: answer('showPoint', fakePoint),
    pointFiles: async function* (...given) {
      calls.push(['pointFiles', ...given])
      yield* fakeFiles
    },
    planRestore: answer('planRestore', fakePlan),
    restoreFiles: answer('restoreFiles', fakeRestore),
    chunkInfo: answer('chunkInfo', fakeChunk),
    chunkVerify: answer('chunkVerify', { file: '/media/usb/chunk', whole: true, opened: true, damaged: [] }),
    chunkDump: answer('chunkDump', fakeChunk),
    showCache: answer('showCache', fakeCache),
    moveCache: answer('moveCache', { from: '/a', folder: '/b', files: 2, bytes: 4096, remarks: ['No remark.'] }),
    rebuildCache: answer('rebuildCache', {
      folder: '/a',
      setAside: '/a/base.db.damaged-1',
      vaults: [{ name: 'usb', chunkFiles: 7, points: 1 }],
      remarks: ['No remark.'],
    }),
    listJobs: answer('listJobs', [fakeJob]),
    showJob: answer('showJob', { ...fakeJob, phases: [], warnings: [], log: [] }),
    watchJobs: async function* (...given) {
      calls.push(['watchJobs', ...given])
      yield { revision: 2, jobs: [fakeJob] }
    },
    cancelJob: answer('cancelJob', { ...fakeJob, state: 'cancelled' }),
    startBackup: answer('startBackup', fakeJob),
    startRestore: answer('startRestore', fakeJob),
    startVerify: answer('startVerify', fakeJob),
    startPrune: answer('startPrune', fakeJob),
    startReplication: answer('startReplication', fakeJob),
    overview: answer('overview', { pausedUntil: null, items: [], damage: [] }),
    watchOverview: async function* (...given) {
      calls.push(['watchOverview', ...given])
      yield { revision: 2, overview: { pausedUntil: null, items: [], damage: [] } }
    },
    pauseSchedules: answer('pauseSchedules', { pausedUntil: 'forever' }),
    resumeSchedules: answer('resumeSchedules', { pausedUntil: null }),
    agentStatus: answer('agentStatus', {
      pid: 42,
      product: 'Tharsis 0.1.0',
      home: '/home/me/.local/share/tharsis',
      startedAt: '2026-11-22T10:00:00.000Z',
      web: null,
      pausedUntil: null,
      memory: 70_000_000,
      liveJobs: 0,
    }),
    listFolders: answer('listFolders', { folder: { path: '/home/me' }, above: '/home', folders: [] }),
    measureFolders: async function* (...given) {
      calls.push(['measureFolders', ...given])
      yield { folders: [], leftOut: { count: 0, examples: [] }, isDone: true }
    },
    offerDownload: answer('offerDownload', { id: 'A'.repeat(43), name: 'a', sizeBytes: 1 }),
    stopAgent: answer('stopAgent', {}),
    getSettings: answer('getSettings', {
      cacheBudget: null,
      instantDays: 2,
      gentle: false,
      uploadLimit: null,
      workUploadLimit: null,
      workHours: { days: ['mon', 'tue', 'wed', 'thu', 'fri'], from: '09:00', to: '17:00' },
      verifyDays: 30,
      trashDays: 14,
    }),
    changeSettings: answer('changeSettings', {
      cacheBudget: 2048,
      instantDays: 2,
      gentle: true,
      uploadLimit: 64_000,
      workUploadLimit: 128_000,
      workHours: { days: ['sat'], from: '22:00', to: '06:00' },
      verifyDays: 30,
      trashDays: 14,
    }),
    renewRecoveryCode: answer('renewRecoveryCode', { name: 'usb', recoveryCode: 'CODE-5678', remarks: [] }),
    removeVault: answer('removeVault', { name: 'usb', items: ['docs'], waitingPoints: 1 }),
    showPin: answer('showPin', { set: true, unlockedSeconds: 0, waitSeconds: 0 }),
    setPin: answer('setPin', { set: true, unlockedSeconds: 0, waitSeconds: 0 }),
    checkPin: answer('checkPin', { set: true, unlockedSeconds: 300, waitSeconds: 0 }),
    removePin: answer('removePin', { set: false, unlockedSeconds: 0, waitSeconds: 0 }),
    doctor: answer('doctor', {
      product: '0.1.0',
      node: '24.21.0',
      platform: 'linux x64',
      home: '/home/me/.local/share/tharsis',
      checks: [{ name: 'home', state: 'good', detail: 'writable' }] as const,
    }),
    [Symbol.asyncDispose]: async () => {
      calls.push(['dispose'])
    },
  }
  return { agent: { ...recorded, ...overrides }, calls }
}

function isContext(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'onProgress' in value
}
