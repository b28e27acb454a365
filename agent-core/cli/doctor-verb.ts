import type { DoctorDocument } from '../api/agent-api.ts'
import { exitStatus } from './exit-status.ts'
import type { RunVerb } from './session.ts'

const marks = { good: 'good', warning: 'WARNING', bad: 'BAD' } as const

export const doctor: RunVerb<object> = async (_input, session) => {
  const { output } = session
  const found = await (await session.agent()).doctor()
  await output.result(found, () => [
    ...output.facts([
      ['Program', found.product],
      ['Node', found.node],
      ['System', found.platform],
      ['Home', found.home],
    ]),
    '',
    ...output.table(
      [{ title: 'STATE' }, { title: 'CHECK' }, { title: 'FOUND' }],
      found.checks.map((check) => [marks[check.state], check.name, check.detail]),
    ),
  ])
  for (const check of found.checks) {
    if (check.state === 'good' || check.advice === undefined) continue
    output.warning(`${check.name}: ${check.advice}`)
  }
  return statusOf(found)
}

/** Of all that is bad the gravest: what has no status of its own, then damage, then the first. */
function statusOf({ checks }: DoctorDocument): number {
  const bad = checks.filter(({ state }) => state === 'bad').map(({ exitCode }) => exitCode ?? exitStatus.failed)
  const grave = [exitStatus.failed, exitStatus.damaged].find((status) => bad.includes(status)) ?? bad[0]
  if (grave !== undefined) return grave
  return checks.some(({ state }) => state === 'warning') ? exitStatus.warnings : exitStatus.done
}
