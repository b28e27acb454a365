/** moto's S3 server on loopback: a second opinion beside the strict server of these tests. It checks no signatures. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const projectFolder = join(import.meta.dirname, '..', '..')
/** Where `npm run test:system -- --install` puts it. */
export const motoFolder = join(projectFolder, '.tmp', 'moto')
export const motoRequirement = 'moto[s3,server]==5.2.1'

/** The Python that has moto: that of its own environment, else the first on the path that knows it. */
export function motoPython(): string | undefined {
  const own = join(motoFolder, 'bin', 'python')
  return [own, 'python3'].find((python) => (python === 'python3' || existsSync(python)) && knowsMoto(python))
}

function knowsMoto(python: string): boolean {
  return spawnSync(python, ['-c', 'import moto.server, flask'], { stdio: 'ignore' }).status === 0
}

export interface MotoServer extends AsyncDisposable {
  readonly endpoint: string
  /** What it has answered, oldest first: `… "PUT /bucket/key HTTP/1.1" 200 -`, each written before its answer is sent. */
  readonly requests: readonly string[]
}

export async function startMotoServer(python: string): Promise<MotoServer> {
  const port = await freePort()
  const child = spawn(python, ['-m', 'moto.server', '-H', '127.0.0.1', '-p', String(port)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const requests: string[] = []
  await readyLine(child, (line) => requests.push(line))
  return {
    endpoint: `http://127.0.0.1:${port}`,
    requests,
    [Symbol.asyncDispose]: async () => {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGKILL')
      await ended
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

/** Resolves when it says that it runs; keeps reading, so that its log never fills the pipe, and tells each request. */
async function readyLine(child: ChildProcess, tell: (request: string) => void): Promise<void> {
  const { stderr } = child
  if (stderr === null) throw new Error('nothing to read from')
  let last = ''
  await new Promise<void>((resolve, reject) => {
    createInterface({ input: stderr }).on('line', (line) => {
      last = line
      if (line.includes('Running on')) resolve()
      if (line.includes(' HTTP/1.1"')) tell(line)
    })
    child.once('error', reject)
    child.once('exit', (status) => reject(new Error(`moto ended with ${status}: ${last}`)))
  })
}
