/** Rows and measurements for the tests of the report: one place for all that a test does not care about. */
import { type Measured, measure, type Row } from './measurements.ts'

export function sampleRow(change: Partial<Row> = {}): Row {
  return {
    peer: 'restic',
    corpus: 'small',
    step: 'initial',
    rep: 1,
    cold: false,
    wall: 10,
    user: 6,
    sys: 2,
    rssKiB: 100 * 1024,
    added: 5e6,
    repoBytes: 9e6,
    rc: 0,
    ...change,
  }
}

export function sampleMeasured(...changes: readonly Partial<Row>[]): Measured[] {
  return measure(changes.map(sampleRow))
}
