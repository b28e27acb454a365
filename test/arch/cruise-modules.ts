import { cruise, type ICruiseResult, type IModule } from 'dependency-cruiser'
import { layerRules, testFilePattern } from './layer-rules.ts'
import { layerRanks, oneFilePackages } from './layers.ts'

/** What a look at all imports found. */
export type CruiseReport = {
  readonly moduleCount: number
  readonly dependencyCount: number
  /** One entry for each import that breaks a rule, with the reason of the rule. */
  readonly findings: readonly string[]
}

const roots = ['agent-core', 'main', 'renderer', 'build', 'test']

/** Follows every import below `baseFolder` and holds it against the layers. */
export async function cruiseModules(baseFolder: string, present: readonly string[] = roots): Promise<CruiseReport> {
  const { output } = await cruise(
    [...present],
    {
      baseDir: baseFolder,
      ruleSet: layerRules(),
      validate: true,
      doNotFollow: { path: 'node_modules' },
      exclude: { path: '(^|/)(golden|fixtures|dist)/' },
      tsPreCompilationDeps: true,
    },
    {
      extensions: ['.ts', '.tsx', '.mjs', '.js', '.json'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'types', 'require'],
    },
  )
  const result = parseResult(output)
  const own = result.modules.filter((module) => roots.some((root) => module.source.startsWith(`${root}/`)))
  return {
    moduleCount: own.length,
    dependencyCount: result.summary.totalDependenciesCruised ?? 0,
    findings: [...ruleFindings(result), ...unrankedModules(own), ...crowdedPackages(own)],
  }
}

function parseResult(output: string | ICruiseResult): ICruiseResult {
  if (typeof output === 'string') throw new TypeError('dependency-cruiser returned text where a result was asked for')
  return output
}

function ruleFindings(result: ICruiseResult): string[] {
  const reasons = new Map((result.summary.ruleSetUsed?.forbidden ?? []).map((rule) => [rule.name, rule.comment ?? '']))
  return result.summary.violations.map((violation) => {
    const cycle = violation.cycle?.map((step) => step.name).join(' → ')
    return `${violation.rule.name}: ${violation.from} → ${cycle ?? violation.to}\n    ${reasons.get(violation.rule.name) ?? ''}`
  })
}

/** Modules of agent-core in no layer: no rule would look at them. */
function unrankedModules(modules: readonly IModule[]): string[] {
  const places = new Set([...Object.keys(layerRanks), 'main.ts'])
  return modules
    .filter(({ source }) => source.startsWith('agent-core/') && !places.has(source.split('/')[1] ?? ''))
    .map(({ source }) => `unranked: ${source}\n    Give its folder a rank in test/arch/layers.ts.`)
}

/** Folders in which more than one file imports a package that belongs into one. */
function crowdedPackages(modules: readonly IModule[]): string[] {
  return oneFilePackages.flatMap(({ packageName, folders }) =>
    folders.flatMap((folder) => {
      const importers = modules
        .filter(({ source }) => source.startsWith(folder) && !new RegExp(testFilePattern).test(source))
        .filter(({ dependencies }) => dependencies.some(({ module }) => module === packageName))
        .map(({ source }) => source)
      if (importers.length <= 1) return []
      return [`one-file-${packageName}: ${importers.join(', ')}\n    In ${folder} one file knows ${packageName}.`]
    }),
  )
}
