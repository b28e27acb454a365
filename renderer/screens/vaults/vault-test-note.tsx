import type { VaultTest } from '../../../agent-core/contract/index.ts'
import { useAsk } from '../../client/use-agent.ts'
import { ErrorNote, Loading, Note } from '../../ui/notes.tsx'

/** Tries a vault at once, and says how it went. */
export function VaultTestNow({ vault }: { readonly vault: string }) {
  const { answer, error, isLoading, again } = useAsk(['test', vault], async (agent) => await agent.testVault(vault))
  return (
    <>
      <ErrorNote error={error} again={again} />
      {isLoading && <Loading what="the test of the vault" lines={1} />}
      {answer && <VaultTestNote test={answer} />}
    </>
  )
}

export function VaultTestNote({ test }: { readonly test: VaultTest }) {
  return (
    <Note tone="good" title="The vault was tested, and works">
      1 MiB was written in {Math.round(test.putMs)} ms and read back in {Math.round(test.getMs)} ms.
      {test.capabilities.remarks.map((remark) => ` ${remark}`)}
    </Note>
  )
}
