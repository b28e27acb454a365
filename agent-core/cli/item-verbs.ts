import type { ItemChanges, ItemDocument, ItemVaultDocument } from '../api/agent-api.ts'
import { formatTime } from '../contract/format-time.ts'
import { countOf, formatSize } from './amounts.ts'
import { folderPath, usageError } from './argument-values.ts'
import { exitStatus } from './exit-status.ts'
import type { Output } from './output.ts'
import type { RunVerb } from './session.ts'

interface EnableInput {
  readonly name: string
  readonly folders: readonly string[]
  readonly vault: readonly string[]
  readonly exclude?: readonly string[]
  readonly defaultExcludes: boolean
  readonly crossMounts?: boolean
  readonly compression?: 'lz4' | 'zstd'
  readonly policy?: string
}

export const enableItem: RunVerb<EnableInput> = async (input, session) => {
  const { output } = session
  const item = await (await session.agent()).enableItem(input.name, input.vault, {
    folders: input.folders.map((folder) => folderPath(folder, session.cwd)),
    excludes: input.exclude ?? [],
    defaultExcludes: input.defaultExcludes,
    crossMounts: input.crossMounts === true,
    ...(input.compression === undefined ? {} : { compression: input.compression }),
    ...(input.policy === undefined ? {} : { policy: input.policy }),
  })
  await output.summary(item, () => [
    `Item "${item.name}" is protected into ${vaultNames(item)}:`,
    ...output.facts(settingFacts(item)),
    `Back it up with "tharsis backup-now ${item.name}".`,
  ])
  sayRemarks(output, item)
  return exitStatus.done
}

export const listItems: RunVerb<object> = async (_input, session) => {
  const { output } = session
  const items = await (await session.agent()).listItems()
  await output.result(items, () =>
    items.length === 0
      ? ['No item is protected here. Protect one with "tharsis item enable NAME --vault VAULT FOLDER".']
      : output.table(
          [
            { title: 'ITEM' },
            { title: 'VAULT' },
            { title: 'POLICY' },
            { title: 'LAST POINT' },
            { title: 'TIERS' },
            { title: 'WAITS FOR' },
            { title: 'MACHINE' },
            { title: 'FOLDERS', shrink: 'keep-start' },
          ],
          items.map((item) => [
            item.stopped === null ? item.name : `${item.name} (stopped)`,
            item.vaults.map(({ name }) => name).join(', '),
            item.policy,
            item.lastPoint === null ? noPointWords(item) : formatTime(item.lastPoint.time),
            item.lastPoint === null ? '' : item.lastPoint.tiers.join('+'),
            behindWords(item),
            item.access === 'owner' ? item.machine : `${item.machine} (restores only)`,
            item.folders.map((folder) => folder.path).join(', '),
          ]),
        ),
  )
  return exitStatus.done
}

export const showItem: RunVerb<{ readonly name: string }> = async ({ name }, session) => {
  const { output } = session
  const item = await (await session.agent()).showItem(name)
  const { lastPoint } = item
  await output.result(item, () => [
    ...output.facts([
      ['Item', item.name],
      ['Id', item.id],
      ['Vaults', item.vaults.map((vault) => `${vault.name}: ${vaultWords(vault)}`)],
      ['Machine', item.access === 'owner' ? item.machine : `${item.machine} (restores only)`],
      ['Protection', protectionWords(item)],
      ...settingFacts(item),
      [
        'Last point',
        lastPoint === null
          ? noPointWords(item)
          : `${lastPoint.id.slice(0, 8)} of ${formatTime(lastPoint.time)} (${lastPoint.tiers.join(', ')})`,
      ],
    ]),
    ...defaultLines(item, output),
  ])
  sayRemarks(output, item)
  return exitStatus.done
}

function vaultNames({ vaults }: ItemDocument): string {
  return `${vaults.length === 1 ? 'vault' : 'vaults'} ${vaults.map(({ name }) => `"${name}"`).join(' and ')}`
}

function behindWords({ vaults }: ItemDocument): string {
  return vaults.flatMap(({ name, behind }) => (behind.points > 0 ? [`${name} (${behind.points})`] : [])).join(', ')
}

function vaultWords({ confirmed, behind }: ItemVaultDocument): string {
  const upTo =
    confirmed === null
      ? 'no confirmed point is known here'
      : `confirmed up to ${confirmed.id.slice(0, 8)} of ${formatTime(confirmed.time)}`
  if (behind.points === 0) return upTo
  return `${upTo}; ${countOf(behind.points, 'point')} behind, ${formatSize(behind.bytes)} wait for it`
}

function protectionWords({ stopped }: ItemDocument): string {
  if (stopped === null) return 'on'
  const { at, data, until, who, reason } = stopped
  const points = data === 'retained' ? 'its points stay' : 'its points are in the trash'
  const end = until === null ? '' : ` until ${formatTime(until)}`
  return `stopped ${formatTime(at)} by ${who}${reason === null ? '' : ` (${reason})`}; ${points}${end}`
}

function noPointWords(item: ItemDocument): string {
  return item.lastPointUnknown ? 'see "point list"' : 'none yet'
}

function settingFacts(item: ItemDocument): readonly (readonly [string, string | readonly string[]])[] {
  return [
    ['Folders', item.folders.map((folder) => folder.path)],
    ['Left out', item.excludes.length === 0 ? 'nothing of its own' : item.excludes],
    ['Defaults', item.defaultExcludes ? 'caches, trash and temporary files are left out' : 'not left out'],
    ['Other mounts', item.crossMounts ? 'protected too' : 'not entered'],
    ['Compression', item.compression],
    ['Policy', item.policy],
  ]
}

function defaultLines(item: ItemDocument, output: Output): readonly string[] {
  if (item.defaults === undefined || item.defaults.length === 0) return []
  return [
    '',
    ...output.table(
      [{ title: 'LEFT OUT BY DEFAULT' }, { title: 'WHY', shrink: 'keep-start' }],
      item.defaults.map(({ rule, reason }) => [rule, reason]),
    ),
  ]
}

interface ChangeInput {
  readonly name: string
  readonly addVault?: readonly string[]
  readonly removeVault?: readonly string[]
  readonly addFolder?: readonly string[]
  readonly removeFolder?: readonly string[]
  readonly exclude?: readonly string[]
  readonly removeExclude?: readonly string[]
  readonly defaultExcludes?: boolean
  readonly crossMounts?: boolean
  readonly compression?: 'lz4' | 'zstd'
  readonly policy?: string
}

export const changeItem: RunVerb<ChangeInput> = async (input, session) => {
  const { output } = session
  const { name, ...wishes } = input
  if (Object.values(wishes).every((wish) => wish === undefined)) {
    throw usageError('Nothing to change was given.', 'Give an option; see "tharsis item change --help".')
  }
  const agent = await session.agent()
  const item = await agent.changeItem(name, planChanges(await agent.showItem(name), input, session.cwd))
  await output.summary(item, () => [`Item "${item.name}" is changed:`, ...output.facts(settingFacts(item))])
  sayRemarks(output, item)
  return exitStatus.done
}

/** Settings that differ from those of `item`. Throws `usage.invalid` for a folder or pattern that is not there. */
function planChanges(item: ItemDocument, input: ChangeInput, cwd: string): ItemChanges {
  const absolute = (folders: readonly string[] | undefined) => folders?.map((folder) => folderPath(folder, cwd))
  const folders = changeList(
    item.folders.map((folder) => folder.path),
    { add: absolute(input.addFolder), remove: absolute(input.removeFolder), noun: 'folder' },
  )
  const excludes = changeList(item.excludes, { add: input.exclude, remove: input.removeExclude, noun: 'pattern' })
  const vaults = changeList(
    item.vaults.map((vault) => vault.name),
    { add: input.addVault, remove: input.removeVault, noun: 'vault' },
  )
  if (vaults?.length === 0) {
    throw usageError(`Item "${item.name}" would have no vault left.`, 'Add another vault in the same call.')
  }
  if (folders?.length === 0) {
    throw usageError(`Item "${item.name}" would have no folder left.`, 'Add another folder in the same call.')
  }
  return {
    ...(vaults === undefined ? {} : { vaults }),
    ...(folders === undefined ? {} : { folders }),
    ...(excludes === undefined ? {} : { excludes }),
    ...(input.defaultExcludes === undefined ? {} : { defaultExcludes: input.defaultExcludes }),
    ...(input.crossMounts === undefined ? {} : { crossMounts: input.crossMounts }),
    ...(input.compression === undefined ? {} : { compression: input.compression }),
    ...(input.policy === undefined ? {} : { policy: input.policy }),
  }
}

interface ListChange {
  readonly add: readonly string[] | undefined
  readonly remove: readonly string[] | undefined
  readonly noun: string
}

function changeList(have: readonly string[], { add, remove, noun }: ListChange): readonly string[] | undefined {
  if (add === undefined && remove === undefined) return undefined
  const unknown = remove?.find((entry) => !have.includes(entry))
  if (unknown !== undefined) {
    throw usageError(`The item has no ${noun} ${unknown}.`, 'See "tharsis item show NAME".')
  }
  return [...new Set([...have.filter((entry) => !remove?.includes(entry)), ...(add ?? [])])]
}

function sayRemarks(output: Output, item: ItemDocument): void {
  for (const remark of item.remarks) output.note(`Note: ${remark}`)
}
