import { mkdirSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { cfdi } from './cfdi.ts'
import { cfdiRules } from './cfdi-rules.ts'
import { charges } from './charges.ts'
import { consoleScreens } from './console.ts'
import { dashboard } from './dashboard.ts'
import { deliveries } from './deliveries.ts'
import { inbound } from './inbound.ts'
import { invoices } from './invoices.ts'
import { payments } from './payments.ts'
import { routing } from './routing.ts'
import { start } from './start.ts'
import type { Result } from './support.ts'
import { vault } from './vault.ts'
import { verify } from './verify.ts'
import { xades } from './xades.ts'

/** `npm run bench [name…]`: ratios against a baseline of the same run, printed and written as JSON. A figure is never an assertion. */
const benches: Record<string, () => Promise<Result[]>> = { inbound, deliveries, dashboard, payments, routing, charges, vault, cfdi, cfdi_rules: cfdiRules, xades, invoices, verify, start, console: consoleScreens }

const wanted = process.argv.slice(2)
const unknown = wanted.filter(name => benches[name] === undefined)
if (unknown.length > 0) {
  process.stderr.write(`no benchmark ${unknown.join(', ')}; there are ${Object.keys(benches).join(', ')}\n`)
  process.exit(2)
}
const results: Result[] = []
for (const [name, run] of Object.entries(benches)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  for (const result of await run()) {
    results.push(result)
    process.stdout.write(`${result.name}: ${result.value} ${result.unit}${result.aim === undefined ? '' : ` (aim ${result.aim})`}\n    against ${result.baseline}\n`)
    if (result.detail !== undefined) process.stdout.write(`    ${Object.entries(result.detail).map(([key, value]) => `${key} ${value}`).join(', ')}\n`)
  }
}
const folder = path.join(import.meta.dirname, 'results')
mkdirSync(folder, { recursive: true })
const file = path.join(folder, `${new Date().toISOString().replaceAll(':', '-')}.json`)
writeFileSync(file, `${JSON.stringify({ at: new Date().toISOString(), node: process.version, cpus: os.cpus().length, load: os.loadavg(), results }, null, 2)}\n`)
process.stdout.write(`\nwritten to ${file}\n`)
