import fc from 'fast-check'
import t from 'tap'
import { configMarkdown, envExample } from './config-docs.ts'
import { ConfigError, describeConfig, isFamily, keyOf, loadConfig } from './config.ts'
import type { Config, ConfigProblem } from './config.ts'
import { variables } from './config-table.ts'
import type { Variable } from './config-table.ts'

const rows = Object.entries<Variable>(variables)

function problemsOf (env: Record<string, string | undefined>): readonly ConfigProblem[] {
  try {
    loadConfig(env)
    return []
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.problems
  }
}

function problemOf (name: string, value: string): string {
  return problemsOf({ [name]: value }).map(problem => `${problem.name}: ${problem.message}`).join()
}

t.test('with nothing set, everything has its default', async t => {
  const config = loadConfig({})
  t.match(config, { port: 3000, host: '127.0.0.1', dataDir: '.data', roles: ['api', 'worker'], demo: true, experimental: false, logLevel: 'info' })
  t.match(config, { rateLimitPerMinuteKey: 6000, rateLimitPerMinuteAddress: 600, rateLimitHooksPerMinuteAddress: 60000, databasePoolSize: 10 })
  t.match(config, { queueLockMs: 30000, queueStalledMs: 30000, sweepIntervalMs: 5000, shutdownMs: 4500, sessionTtl: 12 * 3600_000 })
  t.match(config, { paymentWantedFor: 600_000, inboundMaxBytes: 1048576, idempotencyKeep: 86_400_000, idempotencyLeaseMs: 10000 })
  t.same(config.inboundSchedule, [5_000, 30_000, 120_000, 600_000, 3_600_000, 21_600_000])
  t.equal(config.resolverSchedule.length, 13)
  t.equal(config.databaseUrl, undefined)
  t.equal(config.trustProxy, false)
  t.same(config.providerUrls, {})
})

t.test('the types follow the table', async () => {
  const config: Config = loadConfig({})
  const values: [number, string, string | undefined, boolean, ReadonlyArray<'api' | 'worker'>, Readonly<Record<string, number>>, readonly number[], boolean | readonly string[]] =
    [config.port, config.host, config.databaseUrl, config.demo, config.roles, config.providerRates, config.resolverSchedule, config.trustProxy]
  // @ts-expect-error it may be absent
  const url: string = config.databaseUrl
  // @ts-expect-error no such variable
  return [values, url, config.databaseUrI]
})

t.test('each variable has its own key, and each key its variable', async t => {
  t.same(Object.keys(loadConfig({})), rows.map(([name]) => keyOf(name)))
  t.equal(new Set(rows.map(([name]) => keyOf(name))).size, rows.length)
  t.equal(keyOf('PASARELA_PROVIDER_URL_<ID>'), 'providerUrls')
})

t.test('every default and every example in the table is valid', async t => {
  for (const [name, { default: value, example }] of rows) {
    for (const text of [value, example]) {
      if (text !== undefined) t.same(problemsOf({ [name.replace('<ID>', 'STRIPE')]: text }), [], `${name}=${text}`)
    }
  }
})

t.test('empty is absent, and spaces around a value are no part of it', async t => {
  const config = loadConfig({ PORT: '', DATABASE_URL: '  ', PASARELA_UNKNOWN: '', HOST: undefined, LOG_LEVEL: ' warn ' })
  t.match(config, { port: 3000, demo: true, logLevel: 'warn', databaseUrl: undefined })
})

t.test('a configuration cannot be changed', async t => {
  const config = loadConfig({ PASARELA_PROVIDER_URL_STRIPE: 'http://127.0.0.1:1' })
  t.throws(() => { (config as { port: number }).port = 1 }, TypeError)
  t.throws(() => { (config.roles as string[]).push('x') }, TypeError)
  t.throws(() => { (config.providerUrls as Record<string, string>).x = 'y' }, TypeError)
})

t.test('the demo runs by default only where no database is named', async t => {
  for (const name of ['DATABASE_URL', 'DATABASE_APP_URL', 'DATABASE_QUEUE_URL']) {
    t.equal(loadConfig({ [name]: 'postgres://u:p@db/pasarela' }).demo, false, name)
  }
  t.equal(loadConfig({ DATABASE_URL: 'postgres://u:p@db/pasarela', PASARELA_DEMO: '1' }).demo, true)
  t.equal(loadConfig({ PASARELA_DEMO: 'no' }).demo, false)
})

t.test('families become maps by id, underscores kept', async t => {
  const config = loadConfig({
    PASARELA_PROVIDER_URL_STRIPE: 'http://127.0.0.1:4010/',
    PASARELA_PROVIDER_URL_BANK_TRANSFER: 'HTTPS://Bank.example',
    PASARELA_PROVIDER_RATE_SAT_STATUS: '0.5',
    PASARELA_SIMULATOR_PORT_STRIPE: '4010'
  })
  t.same(config.providerUrls, { stripe: 'http://127.0.0.1:4010', bank_transfer: 'https://bank.example' })
  t.same(config.providerRates, { sat_status: 0.5 })
  t.same(config.simulatorPorts, { stripe: 4010 })
})

t.test('everything that is wrong is told at once', async t => {
  const problems = problemsOf({ PORT: '80a', DATABASE_URL: 'mysql://x', LOG_LEVEL: 'loud', PASARELA_PROVIDER_URL_STRIPE: 'x', PASARELA_ADAPTER: 'x', SESSION_TTL: '5' })
  t.same(problems.map(problem => problem.name).sort(), ['DATABASE_URL', 'LOG_LEVEL', 'PASARELA_ADAPTER', 'PASARELA_PROVIDER_URL_STRIPE', 'PORT', 'SESSION_TTL'])
  try {
    loadConfig({ PORT: '80a', LOG_LEVEL: 'loud' })
  } catch (error) {
    t.match((error as Error).message, /PORT: "80a" is not a whole number; expected a port.*\n {2}LOG_LEVEL: "loud" is none of them; expected one of: fatal/)
  }
})

t.test('a name that is nearly right is not passed over', async t => {
  const meant = {
    PASARELA_DATADIR: 'PASARELA_DATA_DIR',
    PASARELA_MASTER_KEY: 'PASARELA_MASTER_KEYS',
    PASARELA_PORT: 'PORT',
    PASARELA_DATABASE_URL: 'DATABASE_URL',
    PASARELA_PROVIDER_UR_STRIPE: 'PASARELA_PROVIDER_URL_<ID>',
    PASARELA_PROVIDER_URL_: 'PASARELA_PROVIDER_URL_<ID>',
    PASARELA_PROVIDER_URL_stripe: 'PASARELA_PROVIDER_URL_<ID>',
    'PASARELA_PROVIDER_URL_MY-PSP': 'PASARELA_PROVIDER_URL_<ID>',
    Pasarela_Demo: 'PASARELA_DEMO'
  }
  for (const [name, known] of Object.entries(meant)) {
    t.equal(problemOf(name, 's3cret'), `${name}: is not a variable of the hub; did you mean ${known}?`)
  }
  t.same(problemsOf({ PATH: '/bin', npm_config_x: '1', DATABASE_URI: 'somebody else\'s' }), [])
})

t.test('what is refused, and why', async t => {
  const cases: Array<[string, string, RegExp]> = [
    ['PORT', '65536', /"65536" is too large/],
    ['PORT', '-1', /"-1" is too small/],
    ['PORT', '3e3', /not a whole number/],
    ['PORT', '٣', /not a whole number/],
    ['HOST', 'localhost:3000', /no address and no host name/],
    ['DATABASE_POOL_SIZE', '0', /too small/],
    ['QUEUE_LOCK_MS', '30s', /not a whole number; expected milliseconds/],
    ['QUEUE_LOCK_MS', '3000000000', /too large/],
    ['PASARELA_DEMO', 'maybe', /neither yes nor no/],
    ['QUEUE_URL', 'http://redis', /another scheme; expected a URL that starts with redis:\/\/ or rediss:\/\//],
    ['QUEUE_URL', 'redis:6379', /another scheme/],
    ['DATABASE_URL', 'db.example.com', /not a URL/],
    ['PASARELA_PUBLIC_URL', 'http://pay.example.com', /plain http/],
    ['PASARELA_PUBLIC_URL', 'http://localhost.example.com', /plain http/],
    ['PASARELA_PUBLIC_URL', 'http://10.0.0.1', /plain http/],
    ['PASARELA_PUBLIC_URL', 'https://pay.example.com/hub', /has a path/],
    ['PASARELA_PROVIDER_URL_STRIPE', 'http://h/v1', /has a path/],
    ['PASARELA_PROVIDER_URL_STRIPE', 'http://h/?', /has a path/],
    ['PASARELA_PROVIDER_URL_STRIPE', 'ftp://h', /not http or https/],
    ['PASARELA_PROVIDER_URL_STRIPE', 'http://u:p@h', /a user or a password/],
    ['PASARELA_PROVIDER_RATE_STRIPE', '0', /is 0/],
    ['PASARELA_PROVIDER_RATE_STRIPE', 'fast', /not a number/],
    ['PASARELA_ADAPTERS', 'ok,../evil', /not the name of an npm package at place 2/],
    ['PASARELA_ADAPTERS', 'a,,b', /nothing at place 2/],
    ['PASARELA_ADAPTERS', 'a,a', /twice/],
    ['PASARELA_ROLES', 'api,cook', /none of them at place 2/],
    ['SESSION_TTL', '12', /has no unit/],
    ['SESSION_TTL', '0s', /no time at all/],
    ['SESSION_TTL', '1.5h', /not a duration/],
    ['SESSION_TTL', '99999d', /more than ten years/],
    ['RESOLVER_SCHEDULE', '5s,', /nothing at place 2/],
    ['TRUST_PROXY', '1', /not an address or a network/],
    ['TRUST_PROXY', '10.0.0.0/33', /not an address or a network/],
    ['LOG_LEVEL', 'INFO', /none of them/]
  ]
  for (const [name, value, message] of cases) t.match(problemOf(name, value), message, `${name}=${value}`)
})

t.test('what is taken', async t => {
  t.match(loadConfig({ PASARELA_PUBLIC_URL: 'https://Pay.example.com/', TRUST_PROXY: 'loopback, 10.0.0.0/8,::1/128', PORT: '0', SESSION_TTL: '500ms' }),
    { publicUrl: 'https://pay.example.com', trustProxy: ['loopback', '10.0.0.0/8', '::1/128'], port: 0, sessionTtl: 500 })
  for (const url of ['http://localhost:3000', 'http://127.0.0.1:1', 'http://[::1]:3000', 'http://hub.localhost']) t.equal(loadConfig({ PASARELA_PUBLIC_URL: url }).publicUrl, url)
  t.equal(loadConfig({ DATABASE_URL: 'postgres:///hub?host=/var/run/postgresql' }).databaseUrl, 'postgres:///hub?host=/var/run/postgresql')
  t.same(loadConfig({ PASARELA_ADAPTERS: '@acme/pasarela, other' }).adapters, ['@acme/pasarela', 'other'])
})

t.test('no secret in an error or in the summary, whatever is wrong with it', async t => {
  const secrets = rows.filter(([, variable]) => variable.secret).map(([name]) => name)
  for (const name of ['DATABASE_URL', 'DATABASE_APP_URL', 'DATABASE_QUEUE_URL', 'DOCUMENTS_S3_SECRET_ACCESS_KEY', 'PASARELA_MASTER_KEYS', 'QUEUE_URL']) t.ok(secrets.includes(name), name)
  for (const name of secrets) {
    for (const value of ['hunter2', 'postgres://u:hunter2@h/d', 'redis://:hunter2@h', 'ftp://hunter2']) {
      t.notOk(problemOf(name, value).includes('hunter2'), `${name}=${value}`)
      if (problemsOf({ [name]: value }).length > 0) continue
      const lines = describeConfig(loadConfig({ [name]: value }))
      t.ok(lines.includes(`${name}: set`))
      t.notOk(lines.join().includes('hunter2'))
    }
  }
  for (const name of ['PASARELA_PUBLIC_URL', 'PASARELA_PROVIDER_URL_STRIPE', 'PASARELA_MASTERKEYS', 'HOST']) {
    t.notOk(problemOf(name, 'http://u:hunter2@h').includes('hunter2'), name)
  }
})

t.test('the summary has each variable, and says what is default', async t => {
  const lines = describeConfig(loadConfig({ PORT: '0', SESSION_TTL: '90m', PASARELA_PROVIDER_URL_BANK_TRANSFER: 'http://127.0.0.1:1' }))
  for (const [name] of rows) if (!isFamily(name)) t.ok(lines.some(line => line.startsWith(`${name}: `)), name)
  for (const line of ['PORT: 0', 'SESSION_TTL: 90m', 'IDEMPOTENCY_KEEP: 1d (default)', 'DATABASE_URL: not set', 'PASARELA_ROLES: api,worker (default)',
    'INBOUND_SCHEDULE: 5s,30s,2m,10m,1h,6h (default)', 'PASARELA_PROVIDER_URL_BANK_TRANSFER: http://127.0.0.1:1']) t.ok(lines.includes(line), line)
})

t.test('whatever the environment holds, it loads or it lists problems of what was given', async t => {
  const names = rows.map(([name]) => name.replace('<ID>', 'STRIPE'))
  const env = fc.dictionary(fc.oneof(fc.constantFrom(...names), fc.string().map(text => `PASARELA_${text}`)), fc.string())
  fc.assert(fc.property(env, env => problemsOf(env).every(problem => Object.hasOwn(env, problem.name))))
  t.pass()
})

t.test('.env.example and config.md have every variable; the example is itself a valid environment', async t => {
  const [example, markdown] = [envExample(), configMarkdown()]
  const lines = example.split('\n').filter(line => /^# [A-Z0-9_]+=/.test(line)).map(line => line.slice(2))
  const env = Object.fromEntries(lines.map(line => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]))
  t.same(Object.keys(env), rows.map(([name]) => name.replace('<ID>', 'STRIPE')))
  t.same(problemsOf(env), [])
  t.notOk(example.split('\n').some(line => line !== '' && !line.startsWith('#')), 'nothing is set by copying it')
  for (const [name, { description }] of rows) {
    t.equal(markdown.split('\n').filter(line => line.startsWith(`| \`${name}\` |`)).length, 1, name)
    t.ok(markdown.includes(description) && example.includes(description))
    t.ok(description.endsWith('.'), `${name} is described by a sentence`)
  }
  for (const line of markdown.split('\n').filter(line => line.startsWith('|'))) t.equal(line.replaceAll('\\|', '').split('|').length, 6, line.slice(0, 40))
})
