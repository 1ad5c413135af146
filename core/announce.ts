import type { FirstRun } from './demo/first-run.ts'

/** What a person who typed `npm start` needs next. */
export function announce ({ url, file, credentials, demo }: { url: string, file: string, credentials: FirstRun, demo: boolean }): void {
  const lines = ['', `  Pasarela is up at ${url}`, '', `  API reference   ${url}/docs`, `  Queues          ${url}/admin/queues   (sign in as ${credentials.platform_user ?? 'a platform administrator'})`]
  if (credentials.user !== undefined) lines.push(`  Login           ${credentials.user} / ${credentials.password}`)
  lines.push(`  All credentials ${file}`)
  if (demo && credentials.api_key_test !== undefined) {
    lines.push('', '  Demo mode: payments go to the bundled simulators, never to a real provider (PASARELA_DEMO=false ends that).', '  Take a payment:', '',
      `  curl -s ${url}/v1/payments -H 'Authorization: Bearer ${credentials.api_key_test}' -H 'Content-Type: application/json' -H 'Idempotency-Key: first' -d '{"amount": 19900, "currency": "MXN", "method": {"type": "card", "token": "pm_card_visa"}, "reference": "order-1"}'`)
  }
  process.stdout.write(`${lines.join('\n')}\n\n`)
}
