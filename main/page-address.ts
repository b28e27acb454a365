/** Which addresses are pages of this app, and which file each one is: pure. */
import { join, normalize, sep } from 'node:path'
import { pagesAddress } from '../agent-core/contract/shell.ts'

/** True for an address of the app's own pages; nothing else may load, be navigated to, or call the shell. */
export function isPageOfOurs(address: string): boolean {
  const { protocol, host } = partsOf(address)
  const own = partsOf(pagesAddress)
  return protocol === own.protocol && host === own.host
}

/** The file of a page below `folder`; undefined for what is none of ours or would lead out of it. */
export function fileOfPage(address: string, folder: string): string | undefined {
  if (!isPageOfOurs(address)) return undefined
  let path: string
  try {
    path = decodeURIComponent(new URL(address).pathname)
  } catch {
    return undefined
  }
  if (path.includes('\0')) return undefined
  const file = normalize(join(folder, path === '' || path === '/' ? 'index.html' : path))
  return file.startsWith(folder + sep) ? file : undefined
}

function partsOf(address: string): { readonly protocol: string; readonly host: string } {
  try {
    const { protocol, host } = new URL(address)
    return { protocol, host }
  } catch {
    return { protocol: '', host: '' }
  }
}
