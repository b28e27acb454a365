/** `npm run check:layers`: holds every import of the project against the layers, and the module floor. */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { cruiseModules } from './cruise-modules.ts'
import { moduleFloor } from './layers.ts'

const projectFolder = join(import.meta.dirname, '..', '..')
const present = ['agent-core', 'main', 'renderer', 'build', 'test'].filter((root) =>
  existsSync(join(projectFolder, root)),
)
const { moduleCount, dependencyCount, findings } = await cruiseModules(projectFolder, present)

for (const finding of findings) console.error(finding)
if (moduleCount < moduleFloor) {
  console.error(`only ${moduleCount} modules were seen, the floor is ${moduleFloor}: the checker itself is broken`)
}
console.log(`layers: ${moduleCount} modules, ${dependencyCount} imports, ${findings.length} findings`)
process.exitCode = findings.length > 0 || moduleCount < moduleFloor ? 1 : 0
