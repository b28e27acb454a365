/** The use case of verification: reads the vault itself and trusts no cache. Takes no lock. */
import { createTask } from '../base/task.ts'
import { checkVault } from '../verify/check-vault.ts'
import type { CallContext, DamagedObject, VerifyDocument, VerifyOptions } from './agent-api.ts'
import type { AgentDeps } from './agent-deps.ts'
import { knownVault, openKnownVault } from './open-vault.ts'
import { documentOfUnverified, proofsOf } from './proof-files.ts'
import { restoreSample, type SampleResult } from './restore-sample.ts'
import { verifyDaysOf } from './setting-verbs.ts'

export async function verifyKnownVault(
  deps: AgentDeps,
  name: string,
  options: VerifyOptions,
  context: CallContext,
): Promise<VerifyDocument> {
  const { level = 'open', readDataPercent } = options
  const known = knownVault(deps, name)
  const vault = await openKnownVault(deps, known)
  try {
    using task = createTask({ clock: deps.clock, ...context })
    const record = proofsOf(deps, known)
    const check = await checkVault({
      vault,
      level: level === 'restore' ? 'open' : level,
      ...(readDataPercent !== undefined && { readDataPercent }),
      rotation: { record, days: verifyDaysOf(deps), nowMs: () => deps.clock.nowMs() },
      task,
      random: deps.random,
    })
    const sample = level === 'restore' ? await restoreSample(deps, vault, check, task) : undefined
    const damaged = [...check.damaged, ...damageOfSample(sample, check.damaged)]
    deps.log.info('vault verified', { vault: name, level, objects: check.objects, damaged: damaged.length })
    const remarks = [...check.remarks]
    if (record.trouble !== undefined) {
      remarks.push(`What was read could not be written down, so it is read again next time: ${record.trouble.message}`)
    }
    const { objects, bytesRead, chunkFiles, chunkFilesRead, points } = check
    return {
      level,
      objects,
      bytesRead,
      chunkFiles,
      chunkFilesRead,
      points: points.length,
      ...(sample && { filesRestored: sample.filesRestored }),
      oldestUnverified: documentOfUnverified(deps, check.oldestUnverified),
      damaged,
      healed: 0,
      remarks,
    }
  } finally {
    await vault.store.close()
  }
}

/** What the sample alone has shown: files that no other damage explains. */
function damageOfSample(sample: SampleResult | undefined, found: readonly DamagedObject[]): DamagedObject[] {
  const explained = found.flatMap(({ files }) => files)
  const isExplained = (file: string) =>
    explained.some((each) => each === file || (each.endsWith('…') && file.startsWith(each.slice(0, -1))))
  const byFile = Map.groupBy(sample?.failures ?? [], ({ file }) => file)
  return [...byFile]
    .filter(([file]) => !isExplained(file))
    .map(([file, failures]) => ({
      object: file,
      offset: 0,
      reason: [...new Set(failures.map(({ reason }) => reason))].join('; '),
      points: [...new Set(failures.map(({ point }) => point.id))].sort(),
      files: [file],
    }))
}
