/** Where the product's package.json and pages lie: above these sources, and above what is bundled of them. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** The folder of package.json. */
export const packageFolder = findPackageFolder(import.meta.dirname)

/** As package.json has it: "1.2.3". */
export function productVersion(): string {
  return (JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8')) as { version: string }).version
}

function findPackageFolder(folder: string): string {
  if (existsSync(join(folder, 'package.json'))) return folder
  if (folder === dirname(folder)) throw new Error('no package.json lies above the program: it was taken apart')
  return findPackageFolder(dirname(folder))
}
