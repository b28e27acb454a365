/** Serves the built pages under `tharsis://app/`, so that they have an origin of their own and a strict policy. */

import { readFile } from 'node:fs/promises'
import { extname } from 'node:path'
import { protocol } from 'electron'
import { pagesAddress } from '../agent-core/contract/shell.ts'
import { fileOfPage } from './page-address.ts'

const scheme = new URL(pagesAddress).protocol.slice(0, -1)

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
  '.json': 'application/json',
}

const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/** Before the app is ready. */
export function registerPages(): void {
  protocol.registerSchemesAsPrivileged([
    { scheme, privileges: { standard: true, secure: true, supportFetchAPI: true, corsEnabled: false } },
  ])
}

/** Once the app is ready. */
export function handlePages(folder: string): void {
  protocol.handle(scheme, async (request) => {
    const page = await readPage(request.url, folder)
    if (page === undefined) return new Response('not found', { status: 404 })
    return new Response(new Uint8Array(page.bytes), { headers: page.headers })
  })
}

/** A page's bytes and headers; undefined when there is none. */
async function readPage(address: string, folder: string) {
  const file = fileOfPage(address, folder)
  const bytes = file === undefined ? undefined : await readFile(file).catch(() => undefined)
  if (file === undefined || bytes === undefined) return undefined
  const headers = {
    'content-type': types[extname(file)] ?? 'application/octet-stream',
    'content-security-policy': policy,
    'x-content-type-options': 'nosniff',
  }
  return { bytes, headers }
}
