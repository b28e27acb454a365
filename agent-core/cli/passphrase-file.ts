/** Files whose first line is a passphrase or a PIN; also pipes, which shells make of `<(command)`. */
import { isUtf8 } from 'node:buffer'
import { closeSync, constants, openSync, readSync } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { Socket } from 'node:net'
import { AgentError } from '../base/agent-error.ts'
import { troubleWords } from '../base/file-trouble.ts'
import { usageError } from './argument-values.ts'

const longestLineBytes = 4096
const lineFeed = 0x0a

/** The first line of the file, without its line end. Throws `usage.invalid`. */
export async function readSecretFile(
  path: string,
  secret: 'passphrase' | 'PIN',
  warn: (text: string) => void,
): Promise<string> {
  const file = `${secret} file ${path}`
  const start = await readStart({ path, file }, warn)
  const end = start.indexOf(lineFeed)
  const bytes = end < 0 ? start : start.subarray(0, end)
  const what = `The first line of the ${file}`
  if (bytes.length > longestLineBytes) {
    throw usageError(`${what} is too long.`, `Give a ${secret} of at most ${longestLineBytes} bytes.`)
  }
  if (!isUtf8(bytes) || bytes.includes(0)) {
    throw usageError(`${what} is no text (UTF-8).`, `Write the ${secret} into a plain text file.`)
  }
  // Decoding takes away the mark that some editors put in front of UTF-8.
  const line = new TextDecoder().decode(bytes).replace(/\r$/, '')
  if (line === '') throw usageError(`${what} is empty.`, `Write the ${secret} into its first line.`)
  return line
}

/** A file, and what messages call it. */
interface NamedFile {
  readonly path: string
  readonly file: string
}

/** The beginning of the file, at least its first line or one byte more than that may have. */
async function readStart(named: NamedFile, warn: (text: string) => void): Promise<Buffer> {
  const { path, file } = named
  try {
    return (await stat(path)).isFIFO() ? await readPipe(named) : await readFile(named, warn)
  } catch (error) {
    if (error instanceof AgentError) throw error
    throw new AgentError(
      'usage.invalid',
      {
        problem: `The ${file} cannot be read: ${troubleWords(error)}.`,
        advice: 'Check its path and its permissions.',
      },
      error,
    )
  }
}

async function readFile({ path, file: named }: NamedFile, warn: (text: string) => void): Promise<Buffer> {
  await using file = await open(path, 'r')
  const stats = await file.stat()
  if (stats.isFile() && (stats.mode & 0o077) !== 0 && process.platform !== 'win32') {
    warn(`Other users of this machine may read the ${named}; "chmod 600" keeps them out.`)
  }
  const buffer = Buffer.alloc(longestLineBytes + 2)
  let sizeBytes = 0
  while (sizeBytes < buffer.length && !buffer.subarray(0, sizeBytes).includes(lineFeed)) {
    const { bytesRead } = await file.read(buffer, sizeBytes, buffer.length - sizeBytes)
    if (bytesRead === 0) break
    sizeBytes += bytesRead
  }
  return buffer.subarray(0, sizeBytes)
}

/** Opened without waiting, so that a pipe to which nobody writes ends at once instead of never. */
async function readPipe({ path, file }: NamedFile): Promise<Buffer> {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const first = readAtOnce(fd, file)
  // The socket closes the descriptor.
  const socket = new Socket({ fd, readable: true, writable: false })
  const chunks = [first]
  if (isEnough(first)) {
    socket.destroy()
    return first
  }
  for await (const chunk of socket) {
    chunks.push(chunk as Buffer)
    if (isEnough(Buffer.concat(chunks))) break
  }
  return Buffer.concat(chunks)
}

function isEnough(bytes: Buffer): boolean {
  return bytes.includes(lineFeed) || bytes.length > longestLineBytes
}

/** What is in the pipe now, which may be nothing yet. Throws `usage.invalid` when nobody holds its other end. */
function readAtOnce(fd: number, file: string): Buffer {
  const buffer = Buffer.alloc(longestLineBytes + 2)
  try {
    const sizeBytes = readSync(fd, buffer)
    if (sizeBytes > 0) return buffer.subarray(0, sizeBytes)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return Buffer.alloc(0)
    closeSync(fd)
    throw error
  }
  closeSync(fd)
  const advice = 'Give a file, or write into the pipe.'
  throw usageError(`The ${file} is a pipe that nobody writes to.`, advice)
}
