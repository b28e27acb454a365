/** The S3 server of the tests in a process of its own, so that its work can be told apart: `fork('stub-process.ts', [FOLDER, MILLISECONDS])`. */
import { startS3Stub } from './s3-stub.ts'

/** What it answers to any message: its processor time so far, and how many requests of each kind it had. */
export interface StubReport {
  readonly endpoint: string
  readonly cpuMs: number
  readonly requests: Readonly<Record<string, number>>
  readonly receivedBytes: number
}

const [folder = '', latencyMs = '0'] = process.argv.slice(2)
const stub = await startS3Stub({ folder, ...(latencyMs !== '0' && { latencyMs: Number(latencyMs) }) })

function report(): StubReport {
  const { user, system } = process.cpuUsage()
  const receivedBytes = stub.journal.reduce((sum, entry) => sum + entry.receivedBytes, 0)
  return { endpoint: stub.endpoint, cpuMs: (user + system) / 1000, requests: stub.counts(), receivedBytes }
}

process.on('message', () => process.send?.(report()))
process.send?.(report())
