/** moto's S3 server on loopback: a second opinion beside the strict server of these tests. It checks no signatures. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'

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
}

export async function startMotoServer(python: string): Promise<MotoServer> {
  const port = await freePort()
  const child = spawn(python, ['-m', 'moto.server', '-H', '127.0.0.1', '-p', String(port)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  await readyLine(child)
  return {
    endpoint: `http://127.0.0.1:${port}`,
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

/** Resolves when it says that it runs; keeps reading, so that its log never fills the pipe. */
async function readyLine(child: ChildProcess): Promise<void> {
  let said = ''
  await new Promise<void>((resolve, reject) => {
    child.stderr?.on('data', (bytes: Buffer) => {
      said = (said + bytes.toString()).slice(-4096)
      if (said.includes('Running on')) resolve()
    })
    child.once('error', reject)
    child.once('exit', (status) => reject(new Error(`moto ended with ${status}: ${said}`)))
  })
}
