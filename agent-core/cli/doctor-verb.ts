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
  if (found.checks.some((check) => check.state === 'bad')) return exitStatus.failed
  return found.checks.some((check) => check.state === 'warning') ? exitStatus.warnings : exitStatus.done
}
