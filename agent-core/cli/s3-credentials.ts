/**
 * Where the credentials of an S3 server come from, in this order: a profile of the AWS files or a file that was named, the
 * environment, a question on the terminal, the AWS files. Never an argument: those are seen by every user of the machine.
 */
import { isUtf8 } from 'node:buffer'
import { readFile, stat } from 'node:fs/promises'
import type { S3Credentials } from '../api/agent-api.ts'
import { AgentError } from '../base/agent-error.ts'
import { troubleWords } from '../base/file-trouble.ts'
import type { S3Keys } from '../contract/s3-server.ts'
import { absolutePath, usageError } from './argument-values.ts'
import type { Session } from './session.ts'

export interface CredentialOptions {
  readonly profile?: string
  readonly credentialsFile?: string
}

const mostFileBytes = 64 * 1024

/** Takes the keys out of `env`, so that no child of this process inherits them. */
export function takeS3Keys(env: NodeJS.ProcessEnv): S3Keys | undefined {
  const take = (name: string): string | undefined => {
    const value = env[name]
    delete env[name]
    return value === '' ? undefined : value
  }
  const accessKeyId = take('AWS_ACCESS_KEY_ID')
  const secretAccessKey = take('AWS_SECRET_ACCESS_KEY')
  const sessionToken = take('AWS_SESSION_TOKEN')
  if (accessKeyId === undefined || secretAccessKey === undefined) return undefined
  return { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) }
}

/** Throws `usage.invalid`. */
export async function findS3Credentials(options: CredentialOptions, session: Session): Promise<S3Credentials> {
  const { profile, credentialsFile } = options
  if (profile !== undefined && credentialsFile !== undefined) {
    throw usageError('--profile and --credentials-file exclude each other.', 'Give one of them.')
  }
  if (profile !== undefined) return { profile }
  if (credentialsFile !== undefined) return { keys: await readCredentialsFile(credentialsFile, session) }
  if (session.hasS3Keys || session.askSecret === undefined) return {}
  const accessKeyId = (await session.askSecret('Access key ID (empty: those of the AWS files): ')).trim()
  if (accessKeyId === '') return {}
  const secretAccessKey = (await session.askSecret('Secret access key: ')).trim()
  if (secretAccessKey === '') throw usageError('No secret access key was given.', 'Run this again.')
  return { keys: { accessKeyId, secretAccessKey } }
}

/** A file in the form of the AWS files: `aws_access_key_id = …` and so on; the first section counts. */
async function readCredentialsFile(file: string, { cwd, output }: Session): Promise<S3Keys> {
  const path = absolutePath(file, cwd)
  const what = `The credentials file ${path}`
  let bytes: Buffer
  try {
    const { mode, size } = await stat(path)
    if (size > mostFileBytes) throw usageError(`${what} is too long to be one.`, 'Give a file with the keys alone.')
    if ((mode & 0o077) !== 0 && process.platform !== 'win32') {
      output.warning(`Other users of this machine may read the credentials file ${path}; "chmod 600" keeps them out.`)
    }
    bytes = await readFile(path)
  } catch (error) {
    if (error instanceof AgentError) throw error
    const advice = 'Check its path and its permissions.'
    throw new AgentError('usage.invalid', { problem: `${what} cannot be read: ${troubleWords(error)}.`, advice }, error)
  }
  const keys = isUtf8(bytes) ? parseCredentials(bytes.toString()) : undefined
  if (keys !== undefined) return keys
  throw usageError(
    `${what} holds no access key.`,
    'Write two lines into it: "aws_access_key_id = …" and "aws_secret_access_key = …".',
  )
}

/** Undefined where a key is missing. */
function parseCredentials(text: string): S3Keys | undefined {
  const values = new Map<string, string>()
  let sections = 0
  for (const line of text.split(/\r?\n/)) {
    if (/^\s*\[/.test(line) && ++sections > 1) break
    const [, name, value] = /^\s*(aws_[a-z_]+)\s*=\s*(\S+)\s*$/i.exec(line) ?? []
    if (name !== undefined && value !== undefined) values.set(name.toLowerCase(), value)
  }
  const accessKeyId = values.get('aws_access_key_id')
  const secretAccessKey = values.get('aws_secret_access_key')
  const sessionToken = values.get('aws_session_token')
  if (accessKeyId === undefined || secretAccessKey === undefined) return undefined
  return { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) }
}
