/** The built pages of the renderer, or a plain page that tells how to build them. */
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { extname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
}

const notBuilt = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Tharsis</title>
<h1>The agent runs. Its pages are not built yet.</h1>
<p>In the project's folder: <code>npm run build:renderer</code>. Then load this page again.</p>
<p>Until then everything is in the command line: <code>tharsis --help</code>.</p>
</html>
`

/** Sends the file that `path` (of an address) names below `folder`; a name without an extension is a page of the app. */
export async function sendPage(folder: string, path: string, response: ServerResponse): Promise<void> {
  const extension = extname(path)
  const isPlain = /^(?:\/[\w-][\w.-]*)+$/.test(path)
  const file = extension === '' ? join(folder, 'index.html') : isPlain ? join(folder, path) : undefined
  const type = extension === '' ? types['.html'] : types[extension]
  if (file === undefined || type === undefined || !(await isFile(file))) {
    if (extension === '') response.writeHead(200, { 'content-type': types['.html'] }).end(notBuilt)
    else response.writeHead(404, { 'content-type': types['.txt'] }).end('There is no such page.\n')
    return
  }
  // Built files are named by their content; the page that names them is not.
  if (path.startsWith('/assets/')) response.setHeader('cache-control', 'private, max-age=31536000, immutable')
  response.writeHead(200, { 'content-type': type })
  await pipeline(createReadStream(file), response)
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile()
  } catch {
    return false
  }
}
