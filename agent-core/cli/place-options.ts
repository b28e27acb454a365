/** The options of a verb that name the place of a vault: a folder, or a bucket with what its server needs. */
import type { PlaceRequest } from '../api/agent-api.ts'
import { folderPath, usageError, wholeNumber } from './argument-values.ts'
import { type CredentialOptions, findS3Credentials } from './s3-credentials.ts'
import type { Session } from './session.ts'
import type { VerbOption } from './verb.ts'

export interface PlaceInput extends CredentialOptions {
  readonly local?: string
  readonly s3?: string
  readonly endpoint?: string
  readonly region?: string
  readonly pathStyle?: true
  readonly lockDays?: string
}

/** Those that go with the option `url`, which names the bucket. */
function credentialOptionsWith(url: string): readonly VerbOption[] {
  return [
    { flags: '--profile <name>', description: `with ${url}: use this profile of the AWS files` },
    {
      flags: '--credentials-file <file>',
      description: `with ${url}: store the keys that stand in this file (aws_access_key_id = …, aws_secret_access_key = …)`,
    },
  ]
}

function s3OptionsWith(url: string): readonly VerbOption[] {
  return [
    { flags: `${url} <url>`, description: 's3://bucket or s3://bucket/prefix' },
    { flags: '--endpoint <url>', description: `with ${url}: the server, where it is not AWS` },
    { flags: '--region <name>', description: `with ${url}: the region of the bucket` },
    { flags: '--path-style', description: `with ${url}: name the bucket in the path, as most servers but AWS want it` },
    ...credentialOptionsWith(url),
  ]
}

function lockOptionWith(url: string): VerbOption {
  return {
    flags: '--lock-days <days>',
    description: `with ${url}: keep what points need locked for so many days, in a bucket with Object Lock`,
  }
}

export const credentialOptions = credentialOptionsWith('--s3')
export const s3Options = s3OptionsWith('--s3')
export const lockOption = lockOptionWith('--s3')
export const replicaS3Options: readonly VerbOption[] = [
  ...s3OptionsWith('--replica-s3'),
  lockOptionWith('--replica-s3'),
]

const s3Words = ['endpoint', 'region', 'pathStyle', 'lockDays', 'profile', 'credentialsFile'] as const

/** What is to be placed, and the options that name the two kinds of place. */
interface PlaceWords {
  readonly what: string
  readonly local: string
  readonly s3: string
}

const vaultWords: PlaceWords = { what: 'A vault', local: '--local', s3: '--s3' }
export const replicaWords: PlaceWords = { what: 'A replica', local: '--replica-local', s3: '--replica-s3' }

/** The place that the options name; asks for credentials where none were given. Throws `usage.invalid`. */
export async function readPlace(input: PlaceInput, session: Session, words = vaultWords): Promise<PlaceRequest> {
  const { local, s3, endpoint, region, lockDays } = input
  if ((local === undefined) === (s3 === undefined)) {
    throw usageError(
      `${words.what} lies in a folder or in a bucket.`,
      `Give ${words.local} DIR or ${words.s3} URL, one of them.`,
    )
  }
  if (local !== undefined) {
    const stray = strayS3Flag(input)
    if (stray === undefined) return folderPath(local, session.cwd)
    throw usageError(`${stray} is for buckets.`, `Leave it out with ${words.local}.`)
  }
  return {
    url: s3 ?? '',
    pathStyle: input.pathStyle === true,
    ...(endpoint !== undefined && { endpoint }),
    ...(region !== undefined && { region }),
    ...(lockDays !== undefined && { lockDays: wholeNumber(lockDays, '--lock-days', 1, 36_500) }),
    credentials: await findS3Credentials(input, session),
  }
}

/** An option that only buckets take, where one was given. */
export function strayS3Flag(input: PlaceInput): string | undefined {
  const stray = s3Words.find((word) => input[word] !== undefined)
  return stray && `--${stray.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
}
