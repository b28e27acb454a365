/**
 * The composition root: the only place where ports meet implementations. Opens one home folder and
 * gives the agent's verbs over it.
 */
import { chmodSync, readFileSync } from 'node:fs'
import { arch, hostname, release, type } from 'node:os'
import type { AgentApi, OpenAgent } from './api/agent-api.ts'
import { type AgentDeps, homePaths, statePath } from './api/agent-deps.ts'
import { backupNow } from './api/backup-verbs.ts'
import { moveCache, rebuildCache, showCache } from './api/cache-verbs.ts'
import { chunkDump, chunkInfo, chunkVerify } from './api/chunk-verbs.ts'
import { runDoctor } from './api/doctor.ts'
import { changeItem, enableItem, listItems, showItem } from './api/item-verbs.ts'
import { listPoints, pointFiles, showPoint } from './api/point-verbs.ts'
import { planFiles, restoreFiles } from './api/restore-verbs.ts'
import { changeSettings, getSettings } from './api/setting-verbs.ts'
import {
  changeVaultPassphrase,
  connectToVault,
  createNewVault,
  listKnownVaults,
  showKnownVault,
  testKnownVault,
} from './api/vault-verbs.ts'
import { verifyKnownVault } from './api/verify-verbs.ts'
import { watchItem } from './api/watch-verbs.ts'
import { AgentError } from './base/agent-error.ts'
import { systemClock } from './base/clock.ts'
import { troubleWords } from './base/file-trouble.ts'
import { openLogFile } from './base/log.ts'
import { makeFolder } from './base/make-folder.ts'
import { systemRandom } from './base/random.ts'
import { openSecretStore, type SecretStore } from './platform/secrets.ts'
import { openState } from './state/state-db.ts'

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
    createVault: (name, directory, passphrase) => createNewVault(deps, name, directory, passphrase),
    connectVault: (name, directory, passphrase, options) => connectToVault(deps, name, directory, passphrase, options),
    listVaults: () => listKnownVaults(deps),
    showVault: (name) => showKnownVault(deps, name),
    testVault: (name) => testKnownVault(deps, name),
    verifyVault: (name, options, context) => verifyKnownVault(deps, name, options, context),
    setPassphrase: (name, passphrase) => changeVaultPassphrase(deps, name, passphrase),
    enableItem: (name, vault, settings) => enableItem(deps, name, vault, settings),
    changeItem: (name, changes) => changeItem(deps, name, changes),
    listItems: () => listItems(deps),
    showItem: (name) => showItem(deps, name),
    backupNow: (item, options, context) => backupNow(deps, item, options, context),
    watchItem: (item, options, context) => watchItem(deps, item, options, context),
    listPoints: (item) => listPoints(deps, item),
    showPoint: (item, point) => showPoint(deps, item, point),
    pointFiles: (item, point, path, depth) => pointFiles(deps, item, point, path, depth),
    planRestore: (request, context) => planFiles(deps, request, context),
    restoreFiles: (request, context) => restoreFiles(deps, request, context),
    chunkInfo,
    chunkVerify: (file) => chunkVerify(deps, file),
    chunkDump: (file) => chunkDump(deps, file),
    showCache: () => showCache(deps),
    moveCache: (directory, context) => moveCache(deps, directory, context),
    rebuildCache: (context) => rebuildCache(deps, context),
    getSettings: () => getSettings(deps),
    changeSettings: (changes) => changeSettings(deps, changes),
    doctor: () => runDoctor(deps),
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
