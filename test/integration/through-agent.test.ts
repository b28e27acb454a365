/**
 * Tests of the command line once more, through a running agent: whoever has a home folder and asks it cannot tell the
 * difference.
 */
process.env['THARSIS_TEST_AGENT'] = '1'
await import('./main-job.test.ts')
await import('./vault-away.test.ts')

export {}
