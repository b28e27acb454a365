/**
 * The agent's local socket: for clients of the same user. Its folder keeps other users out; the token keeps out what
 * could reach it nevertheless, such as a process that shares the folder by a mount but not the right to read the file.
 */
import { rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { writeFileAtomic } from '../base/atomic-file.ts'
import { isSameToken } from './access-token.ts'
import { makeAgentFolder, withSocketName } from './agent-folder.ts'
import { refuse, type VerbSockets } from './verb-sockets.ts'

/**
 * Listens on `home/agent/socket`. Only for who holds the agent's lock: a socket that a dead agent left is replaced.
 */
export async function listenLocally(home: string, token: string, sockets: VerbSockets): Promise<AsyncDisposable> {
  const paths = makeAgentFolder(home)
  const server = createServer((_request, response) => response.writeHead(404).end())
  server.on('upgrade', (request, socket, head) => {
    const given = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1]
    if (request.url !== '/rpc') refuse(socket, 404, 'Not Found')
    else if (!isSameToken(given, token)) refuse(socket, 401, 'Unauthorized')
    else sockets.accept(request, socket, head)
  })
  await writeFileAtomic(paths.token, `${token}\n`)
  rmSync(paths.socket, { force: true })
  await withSocketName(paths, async (name) => {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(name, resolve)
    })
  })
  return {
    [Symbol.asyncDispose]: async () => {
      rmSync(paths.socket, { force: true })
      await new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
    },
  }
}
