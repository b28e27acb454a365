/** Two machines, `a` and `b`, with an item `docs` each, in one vault; both have one point. */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AgentDeps } from '../../agent-core/api/agent-deps.ts'
import { backupNow } from '../../agent-core/api/backup-verbs.ts'
import { enableItem } from '../../agent-core/api/item-verbs.ts'
import { joinVault } from '../../agent-core/api/machine-verbs.ts'
import { createNewVault } from '../../agent-core/api/vault-verbs.ts'
import { systemClock } from '../../agent-core/base/clock.ts'
import { plainSettings, TestFolder, TestHome, testPassphrase } from './test-home.ts'

/** That of `a` is the `testPassphrase`. */
export const passphraseOfB = 'the passphrase of the second'

export class TwoMachines implements Disposable {
  readonly folder = new TestFolder()
  /** Added to the time of machine `a`. */
  laterMs = 0
  readonly homeA = new TestHome({
    machine: 'a',
    clock: { ...systemClock, nowMs: () => systemClock.nowMs() + this.laterMs },
  })
  readonly homeB = new TestHome({ machine: 'b' })

  private constructor() {
    for (const name of ['a', 'b']) {
      mkdirSync(this.folder.at(name))
      writeFileSync(this.folder.at(name, 'file'), `content of ${name}`)
    }
  }

  static async make(): Promise<TwoMachines> {
    const place = new TwoMachines()
    const { a, b, vault, folder } = place
    await createNewVault(a, 'v', vault, testPassphrase)
    await joinVault(b, 'v', vault, passphraseOfB, {})
    for (const deps of [a, b]) {
      await enableItem(deps, 'docs', ['v'], { ...plainSettings, folders: [folder.at(deps.machine)] })
      await backUp(deps)
    }
    return place
  }

  get a(): AgentDeps {
    return this.homeA.deps
  }

  get b(): AgentDeps {
    return this.homeB.deps
  }

  /** The folder of the vault, which both call `v`. */
  get vault(): string {
    return this.folder.at('vault')
  }

  [Symbol.dispose](): void {
    for (const held of [this.homeA, this.homeB, this.folder]) held[Symbol.dispose]()
  }
}

/** Backs the item `docs` up. */
export async function backUp(deps: AgentDeps) {
  return await backupNow(deps, 'docs', { accept: false }, {})
}

/** Paths of the objects of a keyspace in a local vault. */
export function objectsOf(vault: string, keyspace: string): string[] {
  return readdirSync(join(vault, 'keyspaces', keyspace), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}
