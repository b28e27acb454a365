/** What a person has decided so far on the way to a protected item, and which steps that leaves. Pure. */
import type { CreatedVault, PlaceRequest, S3PlaceRequest } from '../../../agent-core/contract/index.ts'
import { baseName } from '../../text/shown-name.ts'
import { type PolicyDraft, policyTrouble } from '../policies/policy-draft.ts'

export const stepWords = {
  folders: 'Folders',
  vault: 'Vault',
  passphrase: 'Passphrase',
  kit: 'Recovery kit',
  schedule: 'Schedule',
  summary: 'Summary',
  backup: 'First backup',
} as const
export type Step = keyof typeof stepWords

export interface ProtectDraft {
  readonly itemName: string
  /** The person has typed a name: it is not guessed any more. */
  readonly isNameTyped: boolean
  readonly folders: readonly string[]
  readonly excludes: string
  readonly defaultExcludes: boolean
  readonly crossMounts: boolean
  readonly compression: 'lz4' | 'zstd'
  /** A vault that is known; undefined: a new one is made. */
  readonly knownVault: string | undefined
  readonly newVault: NewVault
  /** The new vault, once it is made: from then on it stays as it is. */
  readonly created: CreatedVault | undefined
  /** Undefined until the policies that there are have come. */
  readonly policy: PolicyDraft | undefined
}

export interface NewVault {
  readonly kind: 'local' | 's3'
  readonly name: string
  /** Of a local one: its folder. */
  readonly directory: string
  readonly s3: {
    /** `s3://bucket/prefix` */
    readonly url: string
    /** Empty: Amazon's. */
    readonly endpoint: string
    readonly region: string
    readonly pathStyle: boolean
    /** Both empty: those of this computer's AWS files are used. */
    readonly accessKeyId: string
    readonly secretAccessKey: string
  }
}

export const emptyVault: NewVault = {
  kind: 'local',
  name: '',
  directory: '',
  s3: { url: '', endpoint: '', region: '', pathStyle: false, accessKeyId: '', secretAccessKey: '' },
}

export const emptyDraft: ProtectDraft = {
  itemName: '',
  isNameTyped: false,
  folders: [],
  excludes: '',
  defaultExcludes: true,
  crossMounts: false,
  compression: 'lz4',
  knownVault: undefined,
  newVault: emptyVault,
  created: undefined,
  policy: undefined,
}

/** The place as the agent is told of it. */
export function placeOf({ kind, directory, s3 }: NewVault): PlaceRequest {
  return kind === 'local' ? directory : bucketOf(s3)
}

export function bucketOf(s3: NewVault['s3']): S3PlaceRequest {
  const { url, endpoint, region, pathStyle, accessKeyId, secretAccessKey } = s3
  return {
    url: url.trim(),
    ...(endpoint !== '' && { endpoint: endpoint.trim() }),
    ...(region !== '' && { region: region.trim() }),
    pathStyle,
    credentials: accessKeyId === '' ? {} : { keys: { accessKeyId: accessKeyId.trim(), secretAccessKey } },
  }
}

/** Why a place cannot be used; undefined: it can be tried. */
export function placeTrouble({ kind, name, directory, s3 }: NewVault): string | undefined {
  if (kind === 'local' && !directory.startsWith('/')) return 'Choose the folder of the vault.'
  return (kind === 's3' ? bucketTrouble(s3) : undefined) ?? nameTrouble(name)
}

/** The same of a bucket. */
export function bucketTrouble({ url, accessKeyId, secretAccessKey }: NewVault['s3']): string | undefined {
  if (!/^s3:\/\/[^/\s]+/.test(url.trim())) return 'Give the bucket, such as s3://my-bucket/tharsis.'
  if (accessKeyId !== '' && secretAccessKey === '') return 'Give the secret of the access key.'
  return undefined
}

export function stepsOf({ knownVault }: Pick<ProtectDraft, 'knownVault'>): readonly Step[] {
  return knownVault === undefined
    ? ['folders', 'vault', 'passphrase', 'kit', 'schedule', 'summary', 'backup']
    : ['folders', 'vault', 'schedule', 'summary', 'backup']
}

/** The vault into which the item goes. */
export function vaultOf({ knownVault, created, newVault }: ProtectDraft): string {
  return knownVault ?? created?.name ?? newVault.name
}

/** With one more folder, and a name for the item where none was typed. */
export function withFolder(draft: ProtectDraft, folder: string): ProtectDraft {
  if (draft.folders.includes(folder)) return draft
  return named({ ...draft, folders: [...draft.folders, folder] })
}

export function withoutFolder(draft: ProtectDraft, folder: string): ProtectDraft {
  return named({ ...draft, folders: draft.folders.filter((other) => other !== folder) })
}

function named(draft: ProtectDraft): ProtectDraft {
  return draft.isNameTyped ? draft : { ...draft, itemName: guessName(draft.folders[0]) }
}

/** A name that items and vaults may have, made of the last part of a folder's path. */
export function guessName(folder: string | undefined): string {
  if (folder === undefined) return ''
  const plain = baseName(folder)
    .normalize('NFC')
    .replace(/[^\p{L}\p{M}\p{N}._ -]+/gu, ' ')
    .replace(/^[^\p{L}\p{N}]+/u, '')
    .trim()
  return plain.slice(0, 64).trim().toLowerCase()
}

/** What is wrong with a name; undefined: nothing. */
export function nameTrouble(name: string): string | undefined {
  if (name === '') return 'Give it a name.'
  if (/^[\p{L}\p{N}][\p{L}\p{M}\p{N}._ -]{0,63}$/u.test(name.normalize('NFC')) && !name.endsWith(' ')) return undefined
  return 'A name begins with a letter or digit; then letters, digits, blanks, dots, dashes and underscores, at most 64.'
}

/** Exclusions as typed, one a line. */
export function parseExcludes(text: string): readonly string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
}

/** Why a step cannot be left yet; undefined: it can. */
export function stepTrouble(step: Step, draft: ProtectDraft): string | undefined {
  switch (step) {
    case 'folders':
      return draft.folders.length === 0 ? 'Choose at least one folder.' : nameTrouble(draft.itemName)
    case 'vault':
      return draft.knownVault === undefined ? placeTrouble(draft.newVault) : undefined
    case 'schedule':
      return draft.policy === undefined ? 'The policies are not here yet.' : policyTrouble(draft.policy)
    case 'passphrase':
    case 'kit':
    case 'summary':
    case 'backup':
      return undefined
  }
}
