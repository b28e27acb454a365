import type { MachineDocument } from '../api/agent-api.ts'
import { formatTime } from '../contract/format-time.ts'
import { countOf, formatCount, formatSize } from './amounts.ts'
import { exitStatus } from './exit-status.ts'
import { generatePassphrase } from './passphrases.ts'
import { type PlaceInput, readPlace } from './place-options.ts'
import type { RunVerb } from './session.ts'
import { heldLines } from './trash-verbs.ts'
import { sayNewVault } from './vault-verbs.ts'

interface JoinInput extends PlaceInput {
  readonly name: string
  readonly machineName?: string
  readonly generatePassphrase?: true
}

export const joinVault: RunVerb<JoinInput> = async (input, session) => {
  const place = await readPlace(input, session)
  await sayNewVault(input, session, async (agent, passphrase) => ({
    vault: await agent.joinVault(input.name, place, passphrase, {
      ...(input.machineName !== undefined && { machine: input.machineName }),
    }),
  }))
  return exitStatus.done
}

interface ListInput {
  readonly name: string
  readonly unlock?: true
}

export const listMachines: RunVerb<ListInput> = async ({ name, unlock }, session) => {
  const { output } = session
  const passphrase = unlock ? await session.passphrases.current(name) : undefined
  const machines = await (await session.agent()).listMachines(name, passphrase)
  await output.result(machines, () =>
    output.table(
      [
        { title: 'MACHINE' },
        { title: 'ID' },
        { title: 'STATE' },
        { title: 'ITEMS', align: 'right' },
        { title: 'POINTS', align: 'right' },
        { title: 'LAST POINT' },
        { title: 'STORED', align: 'right' },
      ],
      machines.map((machine) => [
        machine.name ?? '(locked)',
        machine.id.slice(0, 8),
        stateWords(machine),
        formatCount(machine.items),
        formatCount(machine.points),
        machine.lastPointAt === null ? 'none' : formatTime(machine.lastPointAt),
        formatSize(machine.storedBytes),
      ]),
    ),
  )
  if (machines.some(({ state }) => state === 'locked')) {
    output.note('What is sealed with the keys of another machine shows with --unlock and its passphrase.')
  }
  return exitStatus.done
}

export const forkMachine: RunVerb<{ readonly name: string; readonly force?: true }> = async (input, session) => {
  const { output } = session
  const { name, force } = input
  const question =
    'Become a machine of its own? That is for a copy of a home folder: everything is stored anew under keys of its own, and earlier points stay with the other one.'
  if (!(await session.confirmRemoval(question))) {
    output.note('Nothing was changed.')
    return exitStatus.cancelled
  }
  const passphrase = await session.passphrases.current(name)
  const forked = await (await session.agent()).forkMachine(name, passphrase, { ...(force === true && { force }) })
  await output.summary(forked, () => [`This home folder is machine "${forked.machine}" in vault "${name}" now.`])
  for (const remark of forked.remarks) output.note(`Note: ${remark}`)
  return exitStatus.done
}

interface NewKeyInput {
  readonly name: string
  readonly newPassphraseFile?: string
  readonly generatePassphrase?: true
}

export const takeNewKey: RunVerb<NewKeyInput> = async (input, session) => {
  const { output } = session
  const { name } = input
  const question = `Take new keys for the machine in vault "${name}"? The next backup stores everything anew.`
  if (!(await session.confirmRemoval(question))) {
    output.note('Nothing was changed.')
    return exitStatus.cancelled
  }
  const generated = input.generatePassphrase ? generatePassphrase(session.random) : undefined
  const passphrase = generated ?? (await session.passphrases.next(name, input.newPassphraseFile))
  const taken = await (await session.agent()).takeNewKey(name, passphrase)
  const document = generated === undefined ? taken : { ...taken, passphrase: generated }
  await output.result(document, () => [
    ...taken.vaults.flatMap((vault) =>
      output.facts([
        ['Vault', vault.name],
        ['Machine', vault.machine],
        ['Recovery code', vault.recoveryCode],
      ]),
    ),
    ...(generated === undefined ? [] : output.facts([['Passphrase', generated]])),
    'Write the recovery code down and keep it apart from this machine: it is not shown again.',
  ])
  for (const remark of taken.remarks) output.note(`Note: ${remark}`)
  return exitStatus.done
}

interface MachineInput {
  readonly name: string
  readonly machine: string
  readonly reason?: string
}

export const removeMachine: RunVerb<MachineInput> = async ({ name, machine, reason }, session) => {
  const { output } = session
  const question = `Remove the machine "${machine}" from vault "${name}" and put all its points there into the trash?`
  if (!(await session.confirmRemoval(question))) {
    output.note('Nothing was changed.')
    return exitStatus.cancelled
  }
  const document = await (await session.agent()).removeMachine(name, machine, reason)
  await output.summary(document, () => [
    `Machine "${document.machine}" is removed; ${countOf(document.points, 'point')} went to the trash.`,
    ...heldLines(document.held),
    ...(document.removed === null
      ? []
      : [
          `"tharsis vault undelete-machine ${name} "${document.machine}"" brings it back until ${formatTime(document.removed.until)}.`,
        ]),
  ])
  return exitStatus.done
}

export const undeleteMachine: RunVerb<MachineInput> = async ({ name, machine }, session) => {
  const document = await (await session.agent()).undeleteMachine(name, machine)
  await session.output.summary(document, () => [
    `Machine "${document.machine}" is back, with ${countOf(document.points, 'point')}.`,
  ])
  return exitStatus.done
}

function stateWords({ isThis, state, removed }: MachineDocument): string {
  if (removed !== null) return `removed, comes back until ${formatTime(removed.until).slice(0, 10)}`
  if (state === 'locked') return 'not known here'
  return isThis ? 'active, this one' : 'active'
}
