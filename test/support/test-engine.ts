import type { EngineOptions } from '../../agent-core/engine/engine.ts'
import { testKeys, testVaultId } from './test-keys.ts'

/** What an engine's threads start with, over folders of a test. */
export function testEngineStart(chunkFolder: string, basePath: string): EngineOptions['start'] {
  return {
    chunkFolder,
    basePath,
    keys: testKeys,
    compression: 'lz4',
    vaults: [testVaultId],
    cachedChunks: new Set(),
    storesAll: false,
    parentFileId: undefined,
    skipNoDump: false,
    isGentle: false,
  }
}
