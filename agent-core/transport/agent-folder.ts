/**
 * `home/agent/`: where clients find the agent of a home folder. Private to its owner (0700), and so are its files:
 * `socket`, `token` (what a client has to show; new with each start) and `status.json`.
 */
import { chmodSync, closeSync, constants, existsSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { AgentError } from '../base/agent-error.ts'
import { troubleWords } from '../base/file-trouble.ts'
import { makeFolder } from '../base/make-folder.ts'

export interface AgentFolder {
  readonly folder: string
  readonly socket: string
  readonly token: string
  readonly status: string
  readonly lock: string
}

export function agentFolder(home: string): AgentFolder {
  const folder = join(home, 'agent')
  return {
    folder,
    socket: join(folder, 'socket'),
    token: join(folder, 'token'),
    status: join(folder, 'status.json'),
    lock: join(folder, 'lock'),
  }
}

/** Makes the folder, private. Throws `home.unusable`. */
export function makeAgentFolder(home: string): AgentFolder {
  const paths = agentFolder(home)
  try {
    makeFolder(paths.folder)
    chmodSync(paths.folder, 0o700)
  } catch (error) {
    throw new AgentError('home.unusable', { home, reason: troubleWords(error) }, error)
  }
  return paths
}

/** The token of the agent that runs, or ran last; undefined: none ever did. */
export function readToken(home: string): string | undefined {
  try {
    return readFileSync(agentFolder(home).token, 'utf8').trim()
  } catch (error) {
    // ENOTDIR: the home is a file, which whoever opens it is told.
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined
    throw error
  }
}

/** Whether an agent runs, or was killed when it last ran. */
export function hasSocket(home: string): boolean {
  return existsSync(agentFolder(home).socket)
}

/** The longest name that a socket's address holds (unix(7): 108 bytes with the closing zero). */
const longestSocketName = 107

/**
 * Runs `use` with a name of the socket that is short enough for an address: its own, or one through an open descriptor
 * of its folder (Linux).
 */
export async function withSocketName<Result>(
  { folder, socket }: AgentFolder,
  use: (name: string) => Promise<Result>,
): Promise<Result> {
  if (Buffer.byteLength(socket) <= longestSocketName) return await use(socket)
  const fd = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    return await use(`/proc/self/fd/${fd}/socket`)
  } finally {
    closeSync(fd)
  }
}
