/** A home folder of its own with everything that use cases ask for: quick key derivation, secrets as files. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ItemSettings } from '../../agent-core/api/agent-api.ts'
import { type AgentDeps, homePaths, statePath } from '../../agent-core/api/agent-deps.ts'
import { type Clock, systemClock } from '../../agent-core/base/clock.ts'
import { openLogFile } from '../../agent-core/base/log.ts'
import { systemRandom } from '../../agent-core/base/random.ts'
import { openSecretStore } from '../../agent-core/platform/secrets.ts'
import { systemUptime } from '../../agent-core/platform/uptime.ts'
import { openState } from '../../agent-core/state/state-db.ts'

export const testPassphrase = 'a passphrase for tests'

export const plainSettings: Omit<ItemSettings, 'folders'> = {
  excludes: [],
  defaultExcludes: false,
  crossMounts: false,
  compression: 'lz4',
}

export class TestHome implements Disposable {
  /** Removed with everything in it. */
  readonly folder = mkdtempSync(join(tmpdir(), 'test-home-'))
  readonly deps: AgentDeps
  readonly #log: ReturnType<typeof openLogFile>
  /** What a person would type; undefined: there is nobody to ask. */
  passphrase: string | undefined

  /** `copyOf`: it begins as a copy of that home folder. */
  constructor(options: { readonly clock?: Clock; readonly machine?: string; readonly copyOf?: TestHome } = {}) {
    const { clock = systemClock, machine = 'test machine', copyOf } = options
    if (copyOf !== undefined) cpSync(copyOf.folder, this.folder, { recursive: true })
    const state = openState(statePath(this.folder), systemRandom)
    const paths = homePaths(this.folder, () => state.setting('cache-folder'))
    this.#log = openLogFile({ path: paths.log, level: 'info', clock })
    this.deps = {
      paths,
      state,
      secrets: () => openSecretStore({ home: this.folder, preference: 'file' }),
      clock,
      random: systemRandom,
      log: this.#log,
      product: 'Tharsis test',
      who: `tester on ${machine}`,
      uptime: systemUptime,
      askPin: () => undefined,
      machine,
      platform: 'Linux',
      timeZone: 'UTC',
      scrypt: { log2N: 14, r: 8, p: 1 },
      askPassphrase: () => {
        const { passphrase } = this
        return passphrase === undefined ? undefined : () => Promise.resolve(passphrase)
      },
    }
  }

  [Symbol.dispose](): void {
    this.deps.state.close()
    this.#log[Symbol.dispose]()
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** A folder under the system's folder for temporary files, removed with everything in it. */
export class TestFolder implements Disposable {
  readonly path: string

  constructor(name = 'test-folder-') {
    this.path = mkdtempSync(join(tmpdir(), name))
  }

  at(...names: readonly string[]): string {
    return join(this.path, ...names)
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}
