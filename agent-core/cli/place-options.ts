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

export const credentialOptions: readonly VerbOption[] = [
  { flags: '--profile <name>', description: 'with --s3: use this profile of the AWS files' },
  {
    flags: '--credentials-file <file>',
    description: 'with --s3: store the keys that stand in this file (aws_access_key_id = …, aws_secret_access_key = …)',
  },
]

export const s3Options: readonly VerbOption[] = [
  { flags: '--s3 <url>', description: 's3://bucket or s3://bucket/prefix' },
  { flags: '--endpoint <url>', description: 'with --s3: the server, where it is not AWS' },
  { flags: '--region <name>', description: 'with --s3: the region of the bucket' },
  { flags: '--path-style', description: 'with --s3: name the bucket in the path, as most servers but AWS want it' },
  ...credentialOptions,
]

const s3Words = ['endpoint', 'region', 'pathStyle', 'lockDays', 'profile', 'credentialsFile'] as const

/** The place that the options name; asks for credentials where none were given. Throws `usage.invalid`. */
export async function readPlace(input: PlaceInput, session: Session): Promise<PlaceRequest> {
  const { local, s3, endpoint, region, lockDays } = input
  if ((local === undefined) === (s3 === undefined)) {
    throw usageError('A vault lies in a folder or in a bucket.', 'Give --local DIR or --s3 URL, one of them.')
  }
  if (local !== undefined) {
    const stray = s3Words.find((word) => input[word] !== undefined)
    if (stray === undefined) return folderPath(local, session.cwd)
    const flag = stray.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
    throw usageError(`--${flag} is for vaults in S3.`, 'Leave it out with --local.')
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
