/** Time zones for tests. */

/** All that this platform knows. */
export function everyZone(): readonly string[] {
  return ['UTC', ...Intl.supportedValuesOf('timeZone')]
}

/** Zones whose clocks change in ways that have broken schedules, and `count` by chance; the seed is printed. */
export function seededZones(count: number): readonly string[] {
  const odd = ['Australia/Lord_Howe', 'America/Santiago', 'Africa/Casablanca', 'Asia/Gaza', 'Pacific/Apia']
  const seed = Number(process.env['THARSIS_SEED'] ?? Math.floor(Math.random() * 1e9))
  console.log(`zones by chance: THARSIS_SEED=${seed}`)
  const zones = everyZone()
  return [...odd, ...Array.from({ length: count }, (_, at) => zones[(seed + at * 7919) % zones.length] as string)]
}
