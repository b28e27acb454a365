import type { PolicyDetails, PolicyDocument, SimulatedHorizon } from '../api/agent-api.ts'
import { formatTime } from '../contract/format-time.ts'
import { keepLines, keepSummary, scheduleWords } from '../contract/policy-words.ts'
import { countOf, formatCount } from './amounts.ts'
import { usageError } from './argument-values.ts'
import { exitStatus } from './exit-status.ts'
import type { Output } from './output.ts'
import { type PolicyOptions, readPolicyChange } from './policy-options.ts'
import type { RunVerb, Session } from './session.ts'

type PolicyInput = PolicyOptions & { readonly name: string }

export const createPolicy: RunVerb<PolicyInput> = async (input, session) => {
  const { output } = session
  const change = readPolicyChange(input, todayOf(session))
  const policy = await (await session.agent()).createPolicy(input.name, change)
  await output.summary(policy, () => [
    `Policy "${policy.name}" is made:`,
    ...output.facts(policyFacts(policy)),
    `Give it to an item with "tharsis item change ITEM --policy ${policy.name}".`,
  ])
  return exitStatus.done
}

export const setPolicy: RunVerb<PolicyInput> = async (input, session) => {
  const { output } = session
  const change = readPolicyChange(input, todayOf(session))
  if (Object.keys(change).length === 0) {
    throw usageError('Nothing to change was given.', 'Give an option; see "tharsis policy set --help".')
  }
  const policy = await (await session.agent()).changePolicy(input.name, change)
  await output.summary(policy, () => [
    `Policy "${policy.name}" is changed:`,
    ...output.facts(policyFacts(policy)),
    ...changeLines(policy),
  ])
  return exitStatus.done
}

export const listPolicies: RunVerb<object> = async (_input, session) => {
  const { output } = session
  const policies = await (await session.agent()).listPolicies()
  await output.result(policies, () =>
    output.table(
      [{ title: 'POLICY' }, { title: 'RUNS' }, { title: 'KEEPS' }, { title: 'ITEMS', shrink: 'keep-start' }],
      policies.map((policy) => [
        policy.name,
        scheduleWords(policy.schedule),
        keepSummary(policy),
        policy.items.join(', '),
      ]),
    ),
  )
  return exitStatus.done
}

export const showPolicy: RunVerb<{ readonly name: string }> = async ({ name }, session) => {
  const { output } = session
  const policy = await (await session.agent()).showPolicy(name)
  await output.result(policy, () => [
    ...output.facts([['Policy', policy.name], ...policyFacts(policy)]),
    '',
    ...nextRunLines(policy, output),
  ])
  for (const remark of policy.remarks) output.note(`Note: ${remark}`)
  return exitStatus.done
}

export const removePolicy: RunVerb<{ readonly name: string }> = async ({ name }, session) => {
  const removed = await (await session.agent()).removePolicy(name)
  await session.output.summary(removed, () => [`Policy "${removed.name}" is removed.`])
  return exitStatus.done
}

interface SimulateInput {
  readonly name: string
  readonly item?: string
  readonly points?: true
}

export const simulatePolicy: RunVerb<SimulateInput> = async ({ name, item, points }, session) => {
  const { output } = session
  const simulation = await (await session.agent()).simulatePolicy(name, item)
  const begin = item === undefined ? 'from nothing' : `from the points that "${item}" has now`
  await output.result(simulation, () => [
    `Points by policy "${simulation.policy}", ${begin}, if every scheduled backup succeeds:`,
    '',
    ...output.table(
      [
        { title: 'IN' },
        { title: 'ON' },
        { title: 'POINTS', align: 'right' },
        { title: 'KEPT AS' },
        { title: 'NUMBER', align: 'right' },
        { title: 'FROM' },
        { title: 'TO' },
      ],
      simulation.horizons.flatMap(horizonRows),
    ),
    ...(points === true ? simulation.horizons.flatMap((horizon) => ['', ...pointLines(horizon, output)]) : []),
  ])
  return exitStatus.done
}

function todayOf({ clock }: Session): string {
  return formatTime(new Date(clock.nowMs()).toISOString()).slice(0, 10)
}

/** What a change means for the points that are there. */
function changeLines({ shortened, name }: PolicyDocument): readonly string[] {
  const [latest] = shortened
    .map(({ from }) => from)
    .toSorted()
    .reverse()
  if (latest === undefined) {
    return ['Points that are there already go by it too; what it keeps no longer goes with the next clean-up.']
  }
  return [
    `What it keeps no longer stays until ${formatTime(latest)}, and goes with the next clean-up after that.`,
    `"tharsis policy set ${name}" with rules as long as before takes that back until then.`,
  ]
}

function policyFacts(policy: PolicyDocument): readonly (readonly [string, string | readonly string[]])[] {
  return [
    ['Runs', `${scheduleWords(policy.schedule)} (${policy.timeZone})`],
    ['Keeps', keepLines(policy)],
    ...policy.shortened.map(({ items, from, before }): readonly [string, readonly string[]] => [
      'Shorter',
      [
        `rules from ${formatTime(from)} on; until then points of ${items.join(', ')} stay by those of before too:`,
        ...keepLines({ keep: before }),
      ],
    ]),
    ['Compression', policy.compression],
    ...(policy.instantDays === undefined ? [] : [['Instant', countOf(policy.instantDays, 'day')] as const]),
    ['Items', policy.items.length === 0 ? 'none' : policy.items],
    ...(policy.builtIn ? [['Built in', 'yes'] as const] : []),
  ]
}

/** When the rule's zone and this machine's clocks show the same, the time stands there once. */
function nextRunLines({ nextRuns, timeZone }: PolicyDetails, output: Output): readonly string[] {
  if (nextRuns.length === 0) return ['Nothing runs by itself.']
  const rows = nextRuns.map(({ time, zoneTime }) => [
    zoneTime.slice(0, 16).replace('T', ' '),
    formatTime(time).slice(0, 16),
  ])
  const isSame = rows.every(([there, here]) => there === here)
  return output.table(
    [{ title: `NEXT RUNS, ${timeZone}` }, ...(isSame ? [] : [{ title: 'ON THIS MACHINE' }])],
    isSame ? rows.map(([there = '']) => [there]) : rows,
  )
}

const shownRules = [
  'daily',
  'weekly',
  'monthly',
  'yearly',
  'date',
  'at-least',
  'newest',
  'hold',
  'earlier',
  'trash',
] as const

/** A row for each rule; the first also tells the time and how many points there are in all. */
function horizonRows(horizon: SimulatedHorizon): string[][] {
  const rows = shownRules.flatMap((rule) => {
    const its = horizon.points.filter(({ keptBecause }) => keptBecause.some((reason) => reason.rule === rule))
    const [first, last] = [its[0], its.at(-1)]
    if (first === undefined || last === undefined) return []
    return [[rule, formatCount(its.length), dayOf(first.time), dayOf(last.time)]]
  })
  const [first = ['nothing', '0', '', ''], ...others] = rows
  return [
    [horizon.in, dayOf(horizon.time), formatCount(horizon.points.length), ...first],
    ...others.map((row) => ['', '', '', ...row]),
  ]
}

function pointLines(horizon: SimulatedHorizon, output: Output): readonly string[] {
  return output.table(
    [{ title: `POINTS IN ${horizon.in.toUpperCase()}` }, { title: 'KIND' }, { title: 'KEPT UNTIL' }, { title: 'WHY' }],
    horizon.points.map(({ time, kind, keptUntil, keptBecause }) => [
      formatTime(time).slice(0, 16),
      kind,
      keptUntil === null ? '' : dayOf(keptUntil),
      keptBecause.map(({ words }) => words).join(', '),
    ]),
  )
}

function dayOf(iso: string): string {
  return formatTime(iso).slice(0, 10)
}
