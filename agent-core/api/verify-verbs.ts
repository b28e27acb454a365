/** The use case of verification: reads the vault itself and trusts no cache. Takes no lock. */
import { createTask } from '../base/task.ts'
import { checkVault } from '../verify/check-vault.ts'
import type { CallContext, VerifyDocument } from './agent-api.ts'
import type { AgentDeps } from './agent-deps.ts'
import { knownVault, openKnownVault } from './open-vault.ts'

export async function verifyKnownVault(
  deps: AgentDeps,
  name: string,
  options: { readonly readDataPercent: number },
  context: CallContext,
): Promise<VerifyDocument> {
  const vault = await openKnownVault(deps, knownVault(deps, name))
  try {
    using task = createTask({ clock: deps.clock, ...context })
    const check = await checkVault({ vault, readDataPercent: options.readDataPercent, task, random: deps.random })
    deps.log.info('vault verified', { vault: name, objects: check.objects, damaged: check.damaged.length })
    const { objects, bytesRead, chunkFiles, points, damaged } = check
    const remarks = [...check.remarks, ...(options.readDataPercent > 0 ? [] : [notRead(name)])]
    return { objects, bytesRead, chunkFiles, points, damaged, healed: 0, remarks }
  } finally {
    await vault.store.close()
  }
}

function notRead(name: string): string {
  return `The data of the files was not read; "tharsis vault verify ${name} --read-data 100" reads and checks all of it.`
}
