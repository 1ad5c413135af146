import { Unexpected } from './demo/expect.ts'
import { Instance } from './demo/instance.ts'
import { aroundACharge } from './demo/steps/around-a-charge.ts'
import { connect } from './demo/steps/connect.ts'
import { countries } from './demo/steps/countries.ts'
import { invoices } from './demo/steps/invoices.ts'
import { payments } from './demo/steps/payments.ts'
import { providers } from './demo/steps/providers.ts'
import { safety } from './demo/steps/safety.ts'
import { sales } from './demo/steps/sales.ts'
import { start } from './demo/steps/start.ts'
import { support } from './demo/steps/support.ts'
import { type Step, Story } from './demo/story.ts'

/** The whole story, in order. A later issue adds its own list here. */
const steps: Step[] = [...start, ...connect, ...payments, ...aroundACharge, ...providers, ...invoices, ...countries, ...sales, ...safety, ...support]

/** `npm run demo`: plays it against a fresh instance, and ends with 0 only if all of it was true. */
const instance = new Instance()
const story = new Story(instance)
const from = performance.now()
let failed = false

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => { void instance.remove().finally(() => process.exit(130)) })
}

for (const [index, { name, run }] of steps.entries()) {
  try {
    const seen = await run(story)
    console.log(`✓ ${String(index + 1).padStart(2)}  ${name}`)
    for (const line of seen) console.log(`       ${line}`)
  } catch (error) {
    failed = true
    console.log(`✗ ${String(index + 1).padStart(2)}  ${name}`)
    if (error instanceof Unexpected) console.log(`       ${error.message}\n${indented(`expected: ${error.expected}`)}\n${indented(`seen:     ${error.seen}`)}`)
    else console.log(indented(error instanceof Error ? error.stack ?? error.message : String(error)))
    const log = instance.log()
    if (log !== '') console.log(`\n       The server's last lines:\n${indented(log)}`)
    break
  }
}

const end = await instance.stop()
if (!failed && end.code !== 0) {
  failed = true
  console.log(`✗     The server ended with ${end.code} instead of 0`)
}
await instance.remove()
console.log(failed ? '\nThe story is not true.' : `\nAll ${steps.length} steps are true, in ${((performance.now() - from) / 1000).toFixed(0)} s.`)
process.exitCode = failed ? 1 : 0

function indented (text: string): string {
  return text.split('\n').map(line => `       ${line}`).join('\n')
}
