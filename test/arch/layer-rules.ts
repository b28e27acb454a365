import type { IFlattenedRuleSet } from 'dependency-cruiser'
import { entryFiles, layerRanks, packageBans, testPackages } from './layers.ts'

type Rule = NonNullable<IFlattenedRuleSet['forbidden']>[number]

/** Tests and the shared suites of a port: beside their module, but no part of the product. */
export const testFilePattern = '\\.(test|suite)\\.ts$'

const productPattern = '^(agent-core|main|renderer)/'

/** The rule set of dependency-cruiser that follows from `layers.ts`. */
export function layerRules(): IFlattenedRuleSet {
  return { forbidden: [...rankRules(), ...packageRules(), ...clientRules(), ...generalRules()] }
}

function rankRules(): Rule[] {
  return Object.entries(layerRanks).map(([layer, rank]) => {
    const unreachable = Object.entries(layerRanks).filter(([other, otherRank]) => other !== layer && otherRank >= rank)
    return {
      name: `layer-${layer.replace(/\.ts$/, '')}`,
      severity: 'error',
      comment:
        `${layer} (rank ${rank}) imports only lower ranks. From its own rank or above, take a port as a parameter, ` +
        'or move what both need down.',
      from: { path: layerPattern(layer), pathNot: exactly(entryFiles) },
      to: {
        path: [...unreachable.map(([other]) => layerPattern(other)), ...entryFiles.map((file) => exactly([file]))],
      },
    }
  })
}

function packageRules(): Rule[] {
  return packageBans.map(({ packages, allowedFrom, reason }) => ({
    name: `package-${packages
      .split('|')[0]
      ?.replace(/[^a-z0-9]+/gi, '-')
      .replace(/^-|-$/g, '')}`,
    severity: 'error',
    comment: reason,
    from: { path: productPattern, pathNot: [allowedFrom, testFilePattern] },
    to: { path: packagePattern(packages) },
  }))
}

function clientRules(): Rule[] {
  return ['main', 'renderer'].map((client) => ({
    name: `client-${client}`,
    severity: 'error',
    comment: `${client}/ is a client: of the agent it sees the contract and nothing else.`,
    from: { path: `^${client}/` },
    to: { path: '^(agent-core|main|renderer)/', pathNot: ['^agent-core/contract/', `^${client}/`] },
  }))
}

function generalRules(): Rule[] {
  return [
    {
      name: 'no-cycle',
      severity: 'error',
      comment: 'Modules that need each other are one module or lack a third one below both.',
      from: {},
      to: { circular: true },
    },
    {
      name: 'unresolvable',
      severity: 'error',
      comment: 'An import that cannot be found is checked by no rule.',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'product-without-tests',
      severity: 'error',
      comment: 'The product never imports tests, test helpers or build scripts.',
      from: { path: productPattern, pathNot: testFilePattern },
      to: { path: ['^(test|build)/', testFilePattern, packagePattern(testPackages)] },
    },
    {
      name: 'test-support-only',
      severity: 'error',
      comment:
        'A test beside its module takes helpers from test/support and contract suites; what crosses modules lives in test/.',
      from: { path: `${productPattern}.*${testFilePattern}` },
      to: { path: '^(test|build)/', pathNot: '^test/(support|contracts)/' },
    },
    {
      name: 'contract-alone',
      severity: 'error',
      comment: 'The contract runs in a browser: no Node modules, and of packages only zod and oRPC.',
      from: { path: '^agent-core/contract/', pathNot: testFilePattern },
      to: { pathNot: ['^agent-core/contract/', packagePattern('zod|@orpc/.+')] },
    },
  ]
}

/** Matches the modules of one layer. */
function layerPattern(layer: string): string {
  const path = `^agent-core/${layer.replaceAll('.', '\\.')}`
  return layer.endsWith('.ts') ? `${path}$` : `${path}/`
}

/** Matches a package by its name, whether installed or not. */
function packagePattern(packages: string): string {
  return `(^|/node_modules/|^node_modules/)(@types/)?(${packages})($|/)`
}

function exactly(files: readonly string[]): string {
  return `^(${files.map((file) => file.replaceAll('.', '\\.')).join('|')})$`
}
