import type {
  AgentApi,
  CreatedVault,
  UnverifiedDocument,
  VaultDetails,
  VaultDocument,
  VerifyDocument,
  VerifyLevel,
} from '../api/agent-api.ts'
import { formatTime } from '../contract/format-time.ts'
import type { S3Abilities } from '../contract/s3-server.ts'
import { countOf, formatCount, formatSize } from './amounts.ts'
import { folderPath, usageError, wholeNumber } from './argument-values.ts'
import { exitStatus } from './exit-status.ts'
import type { Output } from './output.ts'
import { generatePassphrase } from './passphrases.ts'
import { type PlaceInput, readPlace } from './place-options.ts'
import { lockWords, replicaFacts } from './replica-verbs.ts'
import { type CredentialOptions, findS3Credentials } from './s3-credentials.ts'
import type { RunVerb, Session } from './session.ts'

interface CreateInput extends PlaceInput {
  readonly name: string
  readonly replicaLocal?: string
  readonly generatePassphrase?: true
}

export const createVault: RunVerb<CreateInput> = async (input, session) => {
  const place = await readPlace(input, session)
  const { replicaLocal } = input
  await sayNewVault(input, session, async (agent, passphrase) => {
    const vault = await agent.createVault(input.name, place, passphrase)
    if (replicaLocal === undefined) return { vault }
    return { vault, replica: await agent.setReplica(input.name, { place: folderPath(replicaLocal, session.cwd) }) }
  })
  return exitStatus.done
}

interface NewVault {
  readonly vault: CreatedVault
  readonly replica?: Awaited<ReturnType<AgentApi['setReplica']>>
}

/** Asks for a passphrase, or makes one, and has `make` use it; then says what must be kept. */
export async function sayNewVault(
  { name, generatePassphrase: isGenerated }: { readonly name: string; readonly generatePassphrase?: true },
  session: Session,
  make: (agent: AgentApi, passphrase: string) => Promise<NewVault>,
): Promise<void> {
  const { output } = session
  const generated = isGenerated ? generatePassphrase(session.random) : undefined
  const passphrase = generated ?? (await session.passphrases.fresh(name))
  const { vault, replica } = await make(await session.agent(), passphrase)
  const document = {
    ...vault,
    ...(generated !== undefined && { passphrase: generated }),
    ...(replica && { replica: replica.replica }),
  }
  await output.result(document, () => [
    `Vault "${vault.name}" is ready in ${vault.address}.`,
    ...output.facts([
      ['Machine', vault.machine],
      ...(generated === undefined ? [] : [['Passphrase', generated] as const]),
      ['Recovery code', vault.recoveryCode],
      ['Key kept in', vault.secretPlace],
    ]),
    'Write the recovery code down and keep it apart from this machine: it is not shown again.',
    'Without the passphrase or this code nobody can read the data.',
  ])
  sayRemarks(output, [...vault.remarks, ...(replica?.remarks ?? [])])
}

interface ConnectInput extends PlaceInput {
  readonly name: string
  readonly read?: string
  readonly takeOver?: string
  readonly repairVersions?: true
}

export const connectVault: RunVerb<ConnectInput> = async (input, session) => {
  const { output } = session
  const { name, read, takeOver } = input
  if (read !== undefined && takeOver !== undefined) {
    throw usageError('--read and --take-over exclude each other.', 'Give one of them.')
  }
  const question = `Become the machine "${takeOver}"? Its old agent cannot back up into this vault any more.`
  if (takeOver !== undefined && !(await session.confirm(question))) {
    output.note('Nothing was changed.')
    return exitStatus.cancelled
  }
  const place = await readPlace(input, session)
  const passphrase = await session.passphrases.current(name)
  const vault = await (await session.agent()).connectVault(name, place, passphrase, {
    ...(read === undefined ? {} : { read }),
    ...(takeOver === undefined ? {} : { takeOver }),
    ...(input.repairVersions && { repairVersions: true }),
  })
  await output.summary(vault, () => [
    `Vault "${vault.name}" (${vault.address}) is connected as machine "${vault.machine}" (${accessWords(vault)}).`,
    vault.items.length === 0 ? 'It holds no items yet.' : `Items: ${vault.items.join(', ')}`,
  ])
  sayRemarks(output, vault.remarks)
  return exitStatus.done
}

export const listVaults: RunVerb<object> = async (_input, session) => {
  const { output } = session
  const vaults = await (await session.agent()).listVaults()
  await output.result(vaults, () =>
    vaults.length === 0
      ? ['No vault is known here. Make one with "tharsis vault create NAME --local DIR" (or --s3 URL).']
      : output.table(
          [
            { title: 'VAULT' },
            { title: 'STATE' },
            { title: 'MACHINE' },
            { title: 'ACCESS' },
            { title: 'ADDRESS', shrink: 'keep-end' },
          ],
          vaults.map((vault) => [vault.name, vault.state, vault.machine, accessWords(vault), vault.address]),
        ),
  )
  for (const vault of vaults) {
    if (vault.reason !== undefined) output.note(`Vault "${vault.name}" is unreachable: ${vault.reason}`)
  }
  return exitStatus.done
}

export const showVault: RunVerb<{ readonly name: string }> = async ({ name }, session) => {
  const { output } = session
  const vault = await (await session.agent()).showVault(name)
  await output.result(vault, () =>
    output.facts([
      ['Vault', vault.name],
      ['Id', vault.id],
      ['Address', vault.address],
      ['State', vault.reason === undefined ? vault.state : `${vault.state}: ${vault.reason}`],
      ...(vault.damage === undefined ? [] : [['Damaged', damageWords(vault.damage)] as const]),
      ['Machine', `${vault.machine} (${accessWords(vault)})`],
      ['Key kept in', vault.secretPlace],
      ['Items', vault.items.length === 0 ? 'none' : vault.items],
      ...contentFacts(vault),
      ...(vault.waitingPoints === 0 ? [] : [['Waiting for it', countOf(vault.waitingPoints, 'point')] as const]),
      ...(vault.replica === undefined ? [] : replicaFacts(vault.replica)),
      ...(vault.freeBytes === undefined ? [] : [['Free there', formatSize(vault.freeBytes)] as const]),
      ...(vault.state === 'reachable'
        ? [['Oldest unverified byte', unverifiedWords(vault.oldestUnverified)] as const]
        : []),
      ...(vault.lock === undefined ? [] : [['Locked', lockWords(vault.lock, 'backup')] as const]),
    ]),
  )
  if (vault.state === 'reachable') return exitStatus.done
  output.error('The place of the vault cannot be reached; this is what is known here.')
  return exitStatus.unreachable
}

function damageWords({ vault, objects, foundAt }: NonNullable<VaultDetails['damage']>): string {
  const heal = `"tharsis vault verify ${vault} --heal" mends what it can and says what helps against the rest`
  return `${countOf(objects, 'object')} that points need, found ${formatTime(foundAt)}; ${heal}`
}

/** What the vault's place tells of what is in it. */
function contentFacts({ points, storedBytes, objects }: VaultDetails): readonly (readonly [string, string])[] {
  if (points === null || storedBytes === null || objects === null) return []
  return [
    ['Points', formatCount(points)],
    ['Stored', `${formatSize(storedBytes)} in ${countOf(objects, 'object')}`],
  ]
}

export const testVault: RunVerb<{ readonly name: string }> = async ({ name }, session) => {
  const { output } = session
  const test = await (await session.agent()).testVault(name)
  const yesNo = (value: boolean): string => (value ? 'yes' : 'no')
  await output.result(test, () =>
    output.facts([
      ['Vault', test.name],
      ['Address', test.address],
      ['Writing', `${test.putMs.toFixed(1)} ms`],
      ['Reading', `${test.getMs.toFixed(1)} ms`],
      ...(test.freeBytes === undefined ? [] : [['Free there', formatSize(test.freeBytes)] as const]),
      ...(test.capabilities.s3 === undefined
        ? [
            ['Names are given by', test.capabilities.publish] as const,
            ['Modes keep others out', yesNo(test.capabilities.keepsModes)] as const,
            ['Folders can be synced', yesNo(test.capabilities.syncsFolders)] as const,
          ]
        : abilityFacts(test.capabilities.s3, yesNo)),
    ]),
  )
  sayRemarks(output, test.capabilities.remarks)
  return exitStatus.done
}

function abilityFacts(
  abilities: S3Abilities,
  yesNo: (value: boolean) => string,
): readonly (readonly [string, string])[] {
  return [
    ['Never replaces an object', yesNo(abilities.conditionalPut)],
    ['Keeps SHA-256 checksums', yesNo(abilities.checksums)],
    ['Checks what it receives', yesNo(abilities.checksPayload)],
    ['Keeps versions', yesNo(abilities.versions)],
    ['Object Lock', yesNo(abilities.objectLock)],
    ['May delete', yesNo(abilities.mayDelete)],
  ]
}

export const setCredentials: RunVerb<CredentialOptions & { readonly name: string }> = async (input, session) => {
  const credentials = await findS3Credentials(input, session)
  const changed = await (await session.agent()).setCredentials(input.name, credentials)
  await session.output.summary(changed, () => [
    `Vault "${changed.name}" opens with the new credentials; they are in ${changed.keptIn}.`,
  ])
  return exitStatus.done
}

interface VerifyInput {
  readonly name: string
  readonly level: VerifyLevel
  readonly readData?: string
  readonly keyspace?: string
  readonly heal?: true
}

export const verifyVault: RunVerb<VerifyInput> = async (input, session) => {
  const { output } = session
  const { level, readData, keyspace, heal } = input
  if (readData !== undefined && level === 'listing') {
    throw usageError('--level listing reads no data.', 'Leave out --read-data, or give --level hash or open.')
  }
  const options = {
    level,
    ...(heal && { heal }),
    ...(keyspace !== undefined && { keyspace }),
    ...(readData !== undefined && {
      readDataPercent: wholeNumber(readData.replace(/%$/, ''), '--read-data', 0, 100),
    }),
  }
  const found = await (await session.agent()).verifyVault(input.name, options, session.context)
  await output.result(found, () => verifyLines(found, output))
  sayRemarks(output, found.remarks)
  if (found.damaged.length === 0) return exitStatus.done
  const open = found.damaged.filter(({ state }) => state === 'open').length
  if (open === 0) return exitStatus.warnings
  output.error(`${countOf(open, 'damaged place')} found.`)
  for (const sentence of found.advice) output.problemDetail(sentence)
  return exitStatus.damaged
}

const damageTitles = { open: 'Damaged', harmless: 'Damaged, not needed', healed: 'Healed' } as const

const unhurt = 'Nothing is damaged'

function verifyLines(found: VerifyDocument, output: Output): readonly string[] {
  const read = `${countOf(found.objects, 'object')}, ${countOf(found.chunkFiles, 'chunk file')}, ${countOf(found.points, 'point')}`
  const damage = found.damaged.flatMap((damaged) =>
    output.facts([
      [damageTitles[damaged.state], `${damaged.object} at offset ${damaged.offset}: ${damaged.reason}`],
      ...(damaged.done === undefined ? [] : [['  done', damaged.done] as const]),
      ['  points', damaged.points.length === 0 ? 'none' : damaged.points.map((id) => id.slice(0, 8)).join(' ')],
      ['  files', damaged.files.length === 0 ? 'none' : damaged.files],
    ]),
  )
  return [
    `Checked ${read}; ${countOf(found.chunkFilesRead, 'chunk file')} read whole, ${formatSize(found.bytesRead)} in all.`,
    ...(found.filesRestored === undefined
      ? []
      : [`${countOf(found.filesRestored, 'file')} restored as a sample and compared.`]),
    `Oldest unverified byte: ${unverifiedWords(found.oldestUnverified)}.`,
    ...(found.healed > 0 ? [`${countOf(found.healed, 'object')} healed.`] : []),
    ...(found.markedPartial ? [`${countOf(found.markedPartial, 'point')} marked as partial.`] : []),
    ...(damage.length > 0
      ? damage
      : [found.chunkFilesRead < found.chunkFiles ? `${unhurt}, as far as was read.` : `${unhurt}.`]),
  ]
}

function unverifiedWords(oldest: UnverifiedDocument | null): string {
  if (oldest === null) return 'none'
  const age = oldest.days === 0 ? 'today' : `${countOf(oldest.days, 'day')} ago`
  const what = oldest.everVerified ? 'last read' : 'never read, stored'
  return `${what} ${age} (${formatTime(oldest.since).slice(0, 10)})`
}

interface SetPassphraseInput {
  readonly name: string
  readonly newPassphraseFile?: string
  readonly generatePassphrase?: true
}

export const setPassphrase: RunVerb<SetPassphraseInput> = async (input, session) => {
  const { output } = session
  const generated = input.generatePassphrase ? generatePassphrase(session.random) : undefined
  const passphrase = generated ?? (await session.passphrases.next(input.name, input.newPassphraseFile))
  const current = await session.passphrases.given?.()
  const changed = await (await session.agent()).setPassphrase(input.name, passphrase, current)
  const document = generated === undefined ? changed : { ...changed, passphrase: generated }
  await output.result(document, () => [
    `The passphrase of vault "${changed.name}" is changed.`,
    ...(generated === undefined ? [] : output.facts([['Passphrase', generated]])),
  ])
  sayRemarks(output, changed.remarks)
  return exitStatus.done
}

function accessWords(vault: VaultDocument): string {
  return vault.access === 'owner' ? 'backs up and restores' : 'restores only'
}

function sayRemarks(output: Output, remarks: readonly string[]): void {
  for (const remark of remarks) output.note(`Note: ${remark}`)
}
