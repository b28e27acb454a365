/**
 * The composition root: the only place where ports meet implementations. Opens one home folder and
 * gives the agent's verbs over it.
 */
import { chmodSync, readFileSync } from 'node:fs'
import { arch, hostname, release, type } from 'node:os'
import type { AgentApi, OpenAgent } from './api/agent-api.ts'
import { type AgentDeps, homePaths, statePath } from './api/agent-deps.ts'
import { AgentError } from './base/agent-error.ts'
import { systemClock } from './base/clock.ts'
import { troubleWords } from './base/file-trouble.ts'
import { openLogFile } from './base/log.ts'
import { makeFolder } from './base/make-folder.ts'
import { systemRandom } from './base/random.ts'
import { openSecretStore, type SecretStore } from './platform/secrets.ts'
import { openState } from './state/state-db.ts'

// Loaded when first asked for: most of what a short verb takes is the loading of modules.
const backups = () => import('./api/backup-verbs.ts')
const cache = () => import('./api/cache-verbs.ts')
const chunks = () => import('./api/chunk-verbs.ts')
const doctor = () => import('./api/doctor.ts')
const items = () => import('./api/item-verbs.ts')
const openVaults = () => import('./api/open-vault.ts')
const points = () => import('./api/point-verbs.ts')
const restores = () => import('./api/restore-verbs.ts')
const settings = () => import('./api/setting-verbs.ts')
const vaults = () => import('./api/vault-verbs.ts')
const verify = () => import('./api/verify-verbs.ts')
const watch = () => import('./api/watch-verbs.ts')

/** Opens the agent of a home folder in this process; the folder is made, private, when it is not there. */
export const openAgent: OpenAgent = async ({ home }) => {
  makeHome(home)
  const state = openState(statePath(home), systemRandom)
  const paths = homePaths(home, () => state.setting('cache-folder'))
  const log = openLogFile({ path: paths.log, level: 'info', clock: systemClock })
  let secrets: Promise<SecretStore> | undefined
  const deps: AgentDeps = {
    paths,
    state,
    secrets: () => (secrets ??= openSecretStore({ home, preference: 'auto' })),
    clock: systemClock,
    random: systemRandom,
    log,
    product: productVersion(),
    machine: hostname(),
    platform: `${type()} ${release()} ${arch()}`,
    askPassphrase: () => api.onPassphraseNeeded,
    remark: (text) => api.onRemark?.(text),
  }
  const api: AgentApi = {
    createVault: async (name, directory, passphrase) =>
      (await vaults()).createNewVault(deps, name, directory, passphrase),
    connectVault: async (name, directory, passphrase, options) =>
      (await vaults()).connectToVault(deps, name, directory, passphrase, options),
    listVaults: async () => (await vaults()).listKnownVaults(deps),
    showVault: async (name) => (await vaults()).showKnownVault(deps, name),
    testVault: async (name) => (await vaults()).testKnownVault(deps, name),
    verifyVault: async (name, options, context) => (await verify()).verifyKnownVault(deps, name, options, context),
    setPassphrase: async (name, passphrase) => (await vaults()).changeVaultPassphrase(deps, name, passphrase),
    unlockVault: async (name, passphrase) => (await openVaults()).unlockVault(deps, name, passphrase),
    enableItem: async (name, vaults, settings) => (await items()).enableItem(deps, name, vaults, settings),
    changeItem: async (name, changes) => (await items()).changeItem(deps, name, changes),
    listItems: async () => (await items()).listItems(deps),
    showItem: async (name) => (await items()).showItem(deps, name),
    backupNow: async (item, options, context) => (await backups()).backupNow(deps, item, options, context),
    async *watchItem(item, options, context) {
      yield* (await watch()).watchItem(deps, item, options, context)
    },
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
    doctor: async () => (await doctor()).runDoctor(deps),
    async [Symbol.asyncDispose]() {
      state.close()
      log[Symbol.dispose]()
    },
  }
  return api
}

function makeHome(home: string): void {
  try {
    if (makeFolder(home)) chmodSync(home, 0o700)
  } catch (error) {
    throw new AgentError('home.unusable', { home, reason: troubleWords(error) }, error)
  }
}

function productVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  return `Tharsis ${(JSON.parse(text) as { version: string }).version}`
}
