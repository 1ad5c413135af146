import { randomBytes } from 'node:crypto'
import { bootstrap } from '../core/access/first-run.ts'
import { loadAdapters } from '../core/adapters.ts'
import { buildApp } from '../core/app.ts'
import { buildHub } from '../core/build-hub.ts'
import { loadConfig } from '../core/config.ts'
import { migrate } from '../core/db/migrate.ts'
import { createLogger } from '../core/log.ts'
import { askAt, type Method } from '../test/support/app.ts'

/** The API as it serves the console and a buyer's page: a tenant with its administrator, and a sale that waits for its invoice. */
const { BENCH_DATABASE: ownerUrl, BENCH_FOLDER: folder, BENCH_PASSWORD: password } = process.env as Record<string, string>
const config = loadConfig({ PASARELA_DATA_DIR: folder!, PASARELA_DEMO: 'false', LOG_LEVEL: 'error', RATE_LIMIT_PER_MINUTE_KEY: '1000000', RATE_LIMIT_PER_MINUTE_ADDRESS: '1000000' })
const { appUrl } = await migrate({ ownerUrl: ownerUrl!, secretsFile: `${folder!}/roles.json` })
let url = ''
const { hub } = buildHub({
  config, appUrl, masterKeys: `bench:${randomBytes(32).toString('base64')}`, adapters: await loadAdapters({ packages: [], experimental: false }), log: createLogger({ level: config.logLevel }), publicUrl: () => url, wake: () => {}
})
const app = await buildApp({ hub, appUrl })
url = await app.listen({ port: 0, host: '127.0.0.1' })
const { made } = await bootstrap(hub)
const must = async (method: Method, path: string, key: string, body: object, headers: Record<string, string> = {}): Promise<any> => {
  const answer = await askAt(url, method, path, { key, body, headers })
  if (answer.status >= 300) throw new Error(`${method} ${path} answered ${answer.status}: ${answer.text}`)
  return answer.body
}
const platform = made!.key.key
const { id } = await must('POST', '/v1/tenants', platform, { name: 'Autolavado La Gota', country: 'MX' })
const there = { 'pasarela-tenant': id as string }
const email = 'admin@bench.example'
await must('POST', '/v1/users', platform, { email, name: 'Ana', role: 'tenant_admin', password }, there)
const { key } = await must('POST', '/v1/api_keys', platform, { mode: 'test', scopes: ['issuers:write', 'issuers:read', 'payments:write', 'payments:read', 'invoices:write', 'invoices:read'] }, there)
await must('POST', '/v1/issuers', key, { country: 'MX', tax_id: 'EKU9003173C9', legal_name: 'ESCUELA KEMPER URGATE', trade_name: 'Autolavado La Gota', regime: '601', postal_code: '42501' })
const sale = await must('POST', '/v1/sales', key, { lines: [{ description: 'Lavado', quantity: '1', unit_price: '1000.00', taxes: [{ type: 'IVA', rate: '0.16' }], mx: { product_key: '76111501', unit_key: 'E48' } }], tenders: [{ form: '01' }] })
const link = await must('POST', '/v1/self_invoices', key, { sale: sale.id })
process.stdout.write(`READY ${JSON.stringify({ url, email, link: link.url })}\n`)
process.on('SIGTERM', () => { process.exit(0) })
