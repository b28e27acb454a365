/**
 * The composition root: the only place where ports meet implementations. Opens one home folder and
 * gives the agent's verbs over it.
 */
import { chmodSync } from 'node:fs'
import { arch, hostname, release, type, userInfo } from 'node:os'
import type { AgentApi, OpenAgent } from './api/agent-api.ts'
import { type AgentDeps, homePaths, statePath } from './api/agent-deps.ts'
import { asJobs, cancelOf, type ObtainSecrets, requireQueue, submitVerb, watchJobs } from './api/job-verbs.ts'
import { knownItem } from './api/known-item.ts'
import { LentKeys } from './api/lent-keys.ts'
import type { Overview } from './api/overview.ts'
import { createUploadPace } from './api/upload-limit.ts'
import { AgentError } from './base/agent-error.ts'
import { type Clock, systemClock } from './base/clock.ts'
import { troubleWords } from './base/file-trouble.ts'
import { openLogFile } from './base/log.ts'
import { makeFolder } from './base/make-folder.ts'
import { productVersion } from './base/package-folder.ts'
import { systemRandom } from './base/random.ts'
import type { CallSecrets } from './contract/agent-contract.ts'
import type { JobDocument } from './contract/documents/job.ts'
import type { JobVerb } from './contract/job-specs.ts'
import type { S3Keys } from './contract/s3-server.ts'
import type { JobTrigger } from './contract/verb.ts'
import type { VerbMethods } from './contract/verbs/verbs.ts'
import { JobBook } from './jobs/job-book.ts'
import type { JobQueue } from './jobs/job-queue.ts'
import { OwnProcessRunner } from './jobs/job-runner.ts'
import { isAlive, processIdentity } from './platform/process-identity.ts'
import { openSecretStore, type SecretStore } from './platform/secrets.ts'
import { systemUptime } from './platform/uptime.ts'
import type { JobRecord } from './state/job-table.ts'
import { openState } from './state/state-db.ts'

// Loaded when first asked for: most of what a short verb takes is the loading of modules.
const backups = () => import('./api/backup-verbs.ts')
const cache = () => import('./api/cache-verbs.ts')
const chunks = () => import('./api/chunk-verbs.ts')
const doctor = () => import('./api/doctor.ts')
const downloads = () => import('./api/download-verbs.ts')
const forks = () => import('./api/fork-machine.ts')
const folders = () => import('./api/folder-verbs.ts')
const items = () => import('./api/item-verbs.ts')
const openVaults = () => import('./api/open-vault.ts')
const overviews = () => import('./api/overview.ts')
const policies = () => import('./api/policy-verbs.ts')
const simulation = () => import('./api/simulate-policy.ts')
const machines = () => import('./api/machine-verbs.ts')
const points = () => import('./api/point-verbs.ts')
const prune = () => import('./api/prune-verbs.ts')
const replicas = () => import('./api/replica-verbs.ts')
const removals = () => import('./api/remove-machine.ts')
const restores = () => import('./api/restore-verbs.ts')
const settings = () => import('./api/setting-verbs.ts')
const shownVaults = () => import('./api/show-vault.ts')
const vaultTest = () => import('./api/test-vault.ts')
const vaults = () => import('./api/vault-verbs.ts')
const keys = () => import('./api/key-verbs.ts')
const jobSecrets = () => import('./api/job-secrets.ts')
const pins = () => import('./api/pin-guard.ts')
const stops = () => import('./api/stop-verbs.ts')
const trash = () => import('./api/trash-verbs.ts')
const unlocking = () => import('./api/unlock-vault.ts')
const vaultsFollowed = () => import('./api/follow-vaults.ts')
const verify = () => import('./api/verify-verbs.ts')
const watch = () => import('./api/watch-verbs.ts')

const noQueue = 'nothing can be started in the background'

/** A home folder that is open, with the verbs over it and what stands behind them. */
export interface OpenHome {
  readonly api: AgentApi
  readonly deps: AgentDeps
  readonly book: JobBook
  readonly overview: () => Promise<Overview>
  /** Queues a verb that is a job; only where there is a queue. */
  readonly submit: (verb: JobVerb, given: readonly unknown[], trigger: JobTrigger, reason?: string) => JobRecord
}

export interface OpenHomeOptions {
  readonly home: string
  /** Keys of an S3 server that stood in the environment. */
  readonly s3Keys?: S3Keys
  /** Runs jobs one after the other, for as long as the process lives; left out: each verb is run at once. */
  readonly queueOf?: (book: JobBook, clock: Clock) => JobQueue
  /** What the process in the background says of itself; left out: this is none. */
  readonly background?: Pick<VerbMethods, 'agentStatus' | 'stopAgent'>
  readonly offerDownload?: AgentDeps['offerDownload']
  /** What the call that is under way has brought along; left out: calls come from this process. */
  readonly callSecrets?: () => CallSecrets
  /** The change journal of an item, where one is kept. */
  readonly journals?: (deps: AgentDeps) => NonNullable<AgentDeps['journalOf']>
}

/** Opens the agent of a home folder in this process; the folder is made, private, when it is not there. */
export const openAgent: OpenAgent = async (options) => openHome(options).api

/** As `openAgent`: for the process that runs in the background. */
export function openHome(options: OpenHomeOptions): OpenHome {
  const { home, s3Keys, queueOf, background = noAgent, journals, offerDownload, callSecrets } = options
  makeHome(home)
  const state = openState(statePath(home), systemRandom)
  const paths = homePaths(home, () => state.setting('cache-folder'))
  const log = openLogFile({ path: paths.log, level: 'info', clock: systemClock })
  const lentKeys = new LentKeys(systemClock)
  const { timeZone } = new Intl.DateTimeFormat().resolvedOptions()
  let secrets: Promise<SecretStore> | undefined
  const plainDeps: AgentDeps = {
    paths,
    ...(s3Keys && { s3Keys }),
    uploadPace: createUploadPace(state, systemClock, timeZone),
    state,
    secrets: () => (secrets ??= openSecretStore({ home, preference: 'auto' })),
    clock: systemClock,
    random: systemRandom,
    log,
    product: `Tharsis ${productVersion()}`,
    who: `${userName()} on ${hostname()}`,
    uptime: systemUptime,
    machine: hostname(),
    platform: `${type()} ${release()} ${arch()}`,
    timeZone,
    lentKeys,
    askPassphrase: () => api.onPassphraseNeeded,
    askPin: () => api.onPinNeeded,
    givenPin: () => broughtWith(callSecrets?.().pin) ?? api.givenPin,
    remark: (text) => api.onRemark?.(text),
    ...(offerDownload && { offerDownload }),
  }
  const deps: AgentDeps = journals === undefined ? plainDeps : { ...plainDeps, journalOf: journals(plainDeps) }
  const book = new JobBook({
    table: state.jobs,
    clock: systemClock,
    random: systemRandom,
    owner: processIdentity(),
    isAlive,
  })
  const queue = queueOf?.(book, systemClock)
  let overview: Promise<Overview> | undefined
  const openOverview = () => (overview ??= overviews().then((module) => new module.Overview(deps, book)))
  const plain = {
    createVault: async (name, place, passphrase) => (await vaults()).createNewVault(deps, name, place, passphrase),
    connectVault: async (name, place, passphrase, options) =>
      (await vaults()).connectToVault(deps, name, place, passphrase, options),
    joinVault: async (name, place, passphrase, options) =>
      (await machines()).joinVault(deps, name, place, passphrase, options),
    listMachines: async (vault, passphrase) => (await machines()).listMachines(deps, vault, passphrase),
    forkMachine: async (vault, passphrase, options) => (await forks()).forkMachine(deps, vault, passphrase, options),
    takeNewKey: async (vault, passphrase) => (await keys()).takeNewKey(deps, vault, passphrase),
    removeMachine: async (vault, machine, reason) => (await removals()).removeMachine(deps, vault, machine, reason),
    undeleteMachine: async (vault, machine) => (await removals()).undeleteMachine(deps, vault, machine),
    setCredentials: async (name, credentials) => (await vaults()).changeVaultCredentials(deps, name, credentials),
    listVaults: async () => (await shownVaults()).listKnownVaults(deps),
    showVault: async (name) => (await shownVaults()).showKnownVault(deps, name),
    testVault: async (name) => (await vaultTest()).testKnownVault(deps, name),
    testBucket: async (place) => (await vaultTest()).testBucket(deps, place),
    setReplica: async (name, change) => (await replicas()).setReplica(deps, name, change),
    removeReplica: async (name) => (await replicas()).removeReplica(deps, name),
    replicateVault: async (name, context) => (await replicas()).replicateVault(deps, name, context),
    dueReplications: async () => (await vaultsFollowed()).dueReplications(deps),
    verifyVault: async (name, options, context) => (await verify()).verifyKnownVault(deps, name, options, context),
    pruneVault: async (name, options, context) => (await prune()).pruneVault(deps, name, options, context),
    setPassphrase: async (name, passphrase, current) =>
      (await vaults()).changeVaultPassphrase(deps, name, passphrase, current),
    unlockVault: async (name, passphrase) => (await unlocking()).unlockVault(deps, name, passphrase),
    enableItem: async (name, vaults, settings) => (await items()).enableItem(deps, name, vaults, settings),
    changeItem: async (name, changes) => (await items()).changeItem(deps, name, changes),
    listItems: async () => (await items()).listItems(deps),
    showItem: async (name) => (await items()).showItem(deps, name),
    createPolicy: async (name, change) => (await policies()).createPolicy(deps, name, change),
    changePolicy: async (name, change) => (await policies()).changePolicy(deps, name, change),
    listPolicies: async () => (await policies()).listPolicies(deps),
    showPolicy: async (name) => (await policies()).showPolicy(deps, name),
    removePolicy: async (name) => (await policies()).removePolicy(deps, name),
    simulatePolicy: async (name, item) => (await simulation()).simulatePolicy(deps, name, item),
    previewPolicy: async (change) => (await simulation()).previewPolicy(deps, change),
    backupNow: async (item, options, context) => (await backups()).backupNow(deps, item, options, context),
    stopItem: async (name, options) => (await stops()).stopItem(deps, name, options),
    resumeItem: async (name) => (await stops()).resumeItem(deps, name),
    undeleteItem: async (name) => (await stops()).undeleteItem(deps, name),
    holdPoint: async (item, point, reason) => (await trash()).holdPoint(deps, item, point, reason),
    releasePoint: async (item, point, reason) => (await trash()).releasePoint(deps, item, point, reason),
    deletePoint: async (item, point, reason) => (await trash()).deletePoint(deps, item, point, reason),
    undeletePoint: async (item, point) => (await trash()).undeletePoint(deps, item, point),
    listPoints: async (item) => (await points()).listPoints(deps, item),
    showPoint: async (item, point) => (await points()).showPoint(deps, item, point),
    async *pointFiles(item, point, path, depth) {
      yield* (await points()).pointFiles(deps, item, point, path, depth)
    },
    planRestore: async (request, context) => (await restores()).planFiles(deps, request, context),
    restoreFiles: async (request, context) => (await restores()).restoreFiles(deps, request, context),
    chunkInfo: async (file) => (await chunks()).chunkInfo(file),
    chunkVerify: async (file) => (await chunks()).chunkVerify(deps, file),
    chunkDump: async (file) => (await chunks()).chunkDump(deps, file),
    showCache: async () => (await cache()).showCache(deps),
    moveCache: async (directory, context) => (await cache()).moveCache(deps, directory, context),
    rebuildCache: async (context) => (await cache()).rebuildCache(deps, context),
    getSettings: async () => (await settings()).getSettings(deps),
    changeSettings: async (changes) => (await settings()).changeSettings(deps, changes),
    renewRecoveryCode: async (name) => (await keys()).renewRecoveryCode(deps, name),
    removeVault: async (name) => (await keys()).removeKnownVault(deps, name),
    showPin: async () => (await pins()).showPin(deps),
    setPin: async (pin, current) => (await pins()).setPin(deps, pin, current),
    checkPin: async (pin) => (await pins()).checkPin(deps, pin),
    removePin: async (current) => (await pins()).removePin(deps, current),
    doctor: async () => (await doctor()).runDoctor(deps),
    listJobs: async (filter) => book.list(filter),
    showJob: async (job) => book.details(book.find(job)),
    watchJobs: (since, context) => watchJobs(book, since, context),
    cancelJob: cancelOf(book, queue),
    startBackup: async (item, options) => await start('backupNow', [knownItem(deps, item).name, options]),
    startRestore: async (request) => await start('restoreFiles', [request]),
    startVerify: async (name, options) =>
      await start('verifyVault', [(await openVaults()).knownVault(deps, name).name, options]),
    startPrune: async (name, options) =>
      await start('pruneVault', [(await openVaults()).knownVault(deps, name).name, options]),
    startReplication: async (name) => await start('replicateVault', [(await openVaults()).knownVault(deps, name).name]),
    overview: async () => await (await openOverview()).read(),
    async *watchOverview(since, context) {
      yield* (await openOverview()).watch(since, context)
    },
    pauseSchedules: async (until) => (await openOverview()).pause(until),
    resumeSchedules: async () => (await openOverview()).pause(undefined),
    listFolders: async (path) => (await folders()).listFolders(path),
    async *measureFolders(request, context) {
      yield* (await folders()).measure(deps, request, context)
    },
    offerDownload: async (item, point, path) => (await downloads()).offerDownload(deps, item, point, path),
    ...background,
  } satisfies VerbMethods
  const submit: OpenHome['submit'] = (verb, given, trigger, reason) => {
    const theQueue = requireQueue(queue, noQueue)
    return submitVerb(plain, theQueue, { verb, given, trigger, ...(reason !== undefined && { reason }) }).job
  }
  const obtainSecrets: ObtainSecrets = async (verb, given) => (await jobSecrets()).obtainJobSecrets(deps, verb, given)
  const start = async (verb: JobVerb, given: readonly unknown[]): Promise<JobDocument> => {
    const context = await obtainSecrets(verb, given)
    const theQueue = requireQueue(queue, noQueue)
    return book.document(submitVerb(plain, theQueue, { verb, given, trigger: 'person' }, context).job)
  }
  const api: AgentApi = {
    ...asJobs(plain, queue ?? new OwnProcessRunner(book), obtainSecrets),
    async *watchItem(item, options, context) {
      yield* (await watch()).watchItem(deps, item, options, context)
    },
    async [Symbol.asyncDispose]() {
      lentKeys[Symbol.dispose]()
      state.close()
      log[Symbol.dispose]()
    },
  }
  return { api, deps, book, overview: openOverview, submit }
}

function broughtWith(secret: string | undefined): (() => Promise<string>) | undefined {
  return secret === undefined ? undefined : async () => secret
}

const noAgent: Pick<VerbMethods, 'agentStatus' | 'stopAgent'> = {
  agentStatus: async () => {
    throw new AgentError('agent.not-running', { what: 'there is nothing to tell' })
  },
  stopAgent: async () => {
    throw new AgentError('agent.not-running', { what: 'there is nothing to stop' })
  },
}

function makeHome(home: string): void {
  try {
    if (makeFolder(home)) chmodSync(home, 0o700)
  } catch (error) {
    throw new AgentError('home.unusable', { home, reason: troubleWords(error) }, error)
  }
}

function userName(): string {
  try {
    return userInfo().username
  } catch {
    // A user id without an account has no name.
    return `user ${process.getuid?.() ?? 'without a name'}`
  }
}
