/**
 * A schedule as a person sees it: a real agent whose clock is put forth to when the next run is due, and the pages in
 * Debian's Chromium, whose clock goes along.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { JobDocument, PolicyDetails } from '../../agent-core/contract/index.ts'
import { CliHome } from '../support/cli-home.ts'
import { needs } from '../support/needs.ts'
import { SteppedClock } from '../support/stepped-clock.ts'
import {
  buildPages,
  findAccessFaults,
  nothingLoads,
  openUiBrowser,
  startWebAgent,
  takePictures,
  type UiBrowser,
} from '../support/ui-browser.ts'

let cli: CliHome
let clock: SteppedClock
let ui: UiBrowser
let page: Page

/** The clocks of agent and pages stand at this time; the agent's runs on from there. */
async function putClocks(timeMs: number): Promise<void> {
  clock.put(timeMs)
  await page.clock.setFixedTime(timeMs)
}

async function nextRunMs(): Promise<number> {
  const { nextRuns } = await cli.json<PolicyDetails>(['policy', 'show', 'hourly'])
  return Date.parse(nextRuns[0]?.time ?? '')
}

describe('a schedule, in Chromium', needs('chromium', 'faketime'), () => {
  beforeAll(async () => {
    buildPages()
    cli = new CliHome('/var/tmp')
    writeFileSync(join(cli.source, 'letter.txt'), 'first')
    await cli.json(['vault', 'create', 'usb', '--local', cli.vault])
    await cli.json(['policy', 'create', 'hourly', '--every', '60m'])
    await cli.json(['item', 'enable', 'documents', '--vault', 'usb', '--policy', 'hourly', cli.source])
    clock = new SteppedClock(join(cli.folder, 'clock'), Date.now() + 1000)
    ui = await openUiBrowser()
    page = ui.page
    await page.goto(await startWebAgent(cli, { env: clock.env }))
  })

  afterAll(async () => {
    await ui?.[Symbol.asyncDispose]()
    cli?.[Symbol.dispose]()
  })

  test('files change, a run begins by itself when its time comes, and the page shows its point', async () => {
    await page.getByRole('button', { name: 'Back up documents now' }).click()
    await page.getByText('Your item is protected').waitFor()
    await page.getByRole('link', { name: 'documents', exact: true }).click()
    const points = page.getByRole('row').filter({ hasText: 'in the vault' })
    await points.first().waitFor()
    expect(await points.count()).toBe(1)

    writeFileSync(join(cli.source, 'letter.txt'), 'changed before the run')
    await putClocks((await nextRunMs()) + 1000)
    await points.nth(1).waitFor()
    expect(await cli.points('documents')).toMatchObject([{ kind: 'on-demand' }, { kind: 'scheduled' }])
    const restored = await cli.restore('latest', { item: 'documents' })
    expect(readFileSync(join(restored, 'letter.txt'), 'utf8')).toBe('changed before the run')
  })

  test('its job says that the schedule began it; nothing ran twice, and the next run lies ahead', async () => {
    await page.goto(`${new URL(page.url()).origin}/#/jobs`)
    await nothingLoads(page)
    const run = page.getByRole('row', { name: /Backup of documents.*schedule$/ })
    expect(await run.count()).toBe(1)
    await takePictures(page, 'schedule-jobs')
    await run.getByRole('link').click()
    await page.getByRole('heading', { name: 'Phases' }).waitFor()
    expect(await page.locator('.facts').getByText('schedule', { exact: true }).count()).toBe(1)
    await takePictures(page, 'schedule-job')
    expect(await findAccessFaults(page)).toEqual([])
    await page.goto(`${new URL(page.url()).origin}/#/`)
    await page.getByText('Your item is protected').waitFor()
    expect(await nextRunMs()).toBeGreaterThan(clock.nowMs)
    const jobs = await cli.json<readonly JobDocument[]>(['job', 'list', '--kind', 'backup'])
    expect(jobs.map(({ trigger, state }) => `${trigger} ${state}`)).toEqual(['schedule completed', 'person completed'])
    expect(ui.complaints).toEqual([])
  })
})
