/** Where pages are. Names of items and vaults may hold what an address may not. Pure. */

export function itemPath(item: string): string {
  return `/items/${encodeURIComponent(item)}`
}

export function vaultPath(vault: string): string {
  return `/vaults/${encodeURIComponent(vault)}`
}

export function restorePath(item: string, point?: string): string {
  const base = `/restore/${encodeURIComponent(item)}`
  return point === undefined ? base : `${base}/${encodeURIComponent(point)}`
}

export function jobPath(job: string): string {
  return `/jobs/${job}`
}
