import t, { type Test } from 'tap'
import { checkImports, importsOf } from './check-imports.ts'

const packageJson = JSON.stringify({ dependencies: { typebox: '1' } })

/** Writes the files, checks them, gives the findings back. */
function findings (t: Test, files: Record<string, string>): string[] {
  const tree: Record<string, string | Record<string, unknown>> = {}
  for (const [file, text] of Object.entries({ 'core/adapter/package.json': packageJson, 'core/adapter/index.ts': '', ...files })) {
    const parts = file.split('/')
    const name = parts.pop() as string
    let folder = tree
    for (const part of parts) folder = (folder[part] ??= {}) as typeof tree
    folder[name] = text
  }
  return checkImports(t.testdir(tree as Parameters<Test['testdir']>[0]))
}

const refused: Record<string, { files: Record<string, string>, says: RegExp }> = {
  'an adapter that reads the database': {
    files: { 'adapters/acme/adapter.ts': "import { pool } from '../../core/db/pool.ts'", 'core/db/pool.ts': '' },
    says: /^adapters\/acme\/adapter\.ts:1: .*an adapter imports only core\/adapter/
  },
  'an adapter that borrows another': {
    files: { 'adapters/acme/adapter.ts': "import type { X } from '../stripe/wire.ts'", 'adapters/stripe/wire.ts': '' },
    says: /an adapter never imports another/
  },
  'an adapter with a library of its own choosing': {
    files: { 'adapters/acme/adapter.ts': "import axios from 'axios'" },
    says: /imports axios, which scripts\/check-imports\.ts does not list for acme/
  },
  'an adapter that hides it in a dynamic import': {
    files: { 'adapters/acme/adapter.ts': "\nexport const load = () => import('../../core/errors.ts')", 'core/errors.ts': '' },
    says: /^adapters\/acme\/adapter\.ts:2: .*an adapter imports only core\/adapter/
  },
  'an adapter that computes what it imports': {
    files: { 'adapters/acme/adapter.ts': 'export const load = (name: string) => import(name)' },
    says: /computed name/
  },
  'an adapter that requires': {
    files: { 'adapters/acme/adapter.ts': "export const pg = require('pg')" },
    says: /imports pg/
  },
  'an adapter that sees its simulator': {
    files: { 'adapters/acme/adapter.ts': "import './simulator.ts'", 'adapters/acme/simulator.ts': '' },
    says: /never sees its simulator/
  },
  'a simulator that reads from the adapter': {
    files: { 'adapters/acme/simulator.ts': "import './wire.ts'", 'adapters/acme/wire.ts': '' },
    says: /the provider's twin/
  },
  'an adapter that ships the suite': {
    files: { 'adapters/acme/adapter.ts': "import '@pasarela/adapter/conformance'", 'core/adapter/conformance.ts': '' },
    says: /the suite is for tests/
  },
  'core that knows a provider': {
    files: { 'core/payments/service.ts': "import acme from '../../adapters/acme/adapter.ts'", 'adapters/acme/adapter.ts': '' },
    says: /only core\/adapters\.ts reads adapters/
  },
  'core that imports a plugin': {
    files: { 'core/payments/routes.ts': "import auth from '../../plugins/auth.ts'", 'plugins/auth.ts': '' },
    says: /only core\/app\.ts imports plugins/
  },
  'the contract that leans on the hub': {
    files: { 'core/adapter/http.ts': "export type { X } from '../errors.ts'", 'core/errors.ts': '' },
    says: /core\/adapter imports nothing else of the house/
  },
  'the contract with an undeclared package': {
    files: { 'core/adapter/http.ts': "import axios from 'axios'" },
    says: /axios, which core\/adapter\/package\.json does not declare/
  },
  'an import that runs upward': {
    files: { 'core/vault/vault.ts': "import type { P } from '../payments/machine.ts'", 'core/payments/machine.ts': '' },
    says: /vault \(layer 1\) is below payments \(layer 3\)/
  },
  'a type named inline from above': {
    files: { 'core/db/x.ts': "export type P = import('../payments/machine.ts').P", 'core/payments/machine.ts': '' },
    says: /db \(layer 0\) is below payments/
  },
  'a plugin that knows a provider': {
    files: { 'plugins/hook.ts': "import '../adapters/index.ts'", 'adapters/index.ts': '' },
    says: /plugins import only core and plugins/
  },
  'a migration that thaws': {
    files: { 'migrations/0001_x.ts': "import { newUuid } from '../core/ids.ts'", 'core/ids.ts': '' },
    says: /a migration is frozen/
  },
  'a client that knows the house': {
    files: { 'sdk/index.ts': "import type { Money } from '@pasarela/adapter'" },
    says: /sdk knows only the public API/
  },
  'a web app that calls services': {
    files: { 'tenants-ui/main.tsx': "import { x } from '../core/payments/service.ts'", 'core/payments/service.ts': '' },
    says: /tenants-ui knows only the public API/
  },
  'anyone who imports the web app': {
    files: { 'plugins/ui.ts': "import '../tenants-ui/main.tsx'", 'tenants-ui/main.tsx': '' },
    says: /nobody imports tenants-ui/
  },
  'code that leans on a test': {
    files: { 'core/payments/service.ts': "import '../testing/database.ts'", 'core/testing/database.ts': '' },
    says: /which is for tests/
  },
  'a file that is not there': {
    files: { 'core/payments/service.ts': "import './gone.ts'" },
    says: /does not exist/
  },
  'a folder without a place': {
    files: { 'core/misc/things.ts': "import 'node:fs'" },
    says: /core\/misc has no layer/
  },
  'a value in the file of types': {
    files: { 'core/hub.ts': "import { vault } from './vault/vault.ts'", 'core/vault/vault.ts': '' },
    says: /core\/hub holds only types/
  },
  'a value from the file of types': {
    files: { 'core/vault/vault.ts': "import { hub } from '../hub.ts'", 'core/hub.ts': '' },
    says: /as a value, but it holds only types/
  },
  'a circle of files': {
    files: { 'core/db/a.ts': "import './b.ts'", 'core/db/b.ts': "import './c.ts'", 'core/db/c.ts': "import './a.ts'" },
    says: /core\/db\/a\.ts → core\/db\/b\.ts → core\/db\/c\.ts → core\/db\/a\.ts/
  },
  'a circle of folders': {
    files: { 'core/connections/a.ts': "import '../operations/a.ts'", 'core/operations/a.ts': '', 'core/operations/b.ts': "import '../connections/b.ts'", 'core/connections/b.ts': '' },
    says: /core\/connections → core\/operations → core\/connections/
  }
}

for (const [name, { files, says }] of Object.entries(refused)) {
  t.test(`${name} is refused`, async t => {
    const found = findings(t, files)
    t.equal(found.length, 1, `one finding, not ${JSON.stringify(found)}`)
    t.match(found[0], says)
  })
}

t.test('what the rule allows is allowed', async t => {
  t.same(findings(t, {
    'core/adapter/http.ts': "import { Type } from 'typebox'\nimport http from 'node:http'",
    'core/adapter/conformance.ts': "import './http.ts'",
    'core/adapter/simulator.ts': '',
    'core/adapter/conformance.test.ts': "import t from 'tap'\nimport './testing/toy-provider.ts'",
    'core/adapter/testing/toy-provider.ts': "import '../http.ts'",
    'core/adapters.ts': "import { adapters } from '../adapters/index.ts'\nexport const load = (name: string) => import(name)",
    'adapters/index.ts': "import stripe from './stripe/adapter.ts'",
    'adapters/stripe/adapter.ts': "import Stripe from 'stripe'\nimport { createHmac } from 'node:crypto'\nimport '@pasarela/adapter'\nimport '../../core/adapter/http.ts'\nimport './wire.ts'",
    'adapters/stripe/wire.ts': '',
    'adapters/stripe/simulator.ts': "import fastify from 'fastify'\nimport './simulator/books.ts'",
    'adapters/stripe/simulator/books.ts': "import type { Simulator } from '../../../core/adapter/simulator.ts'",
    'adapters/stripe/adapter.test.ts': "import t from 'tap'\nimport '@pasarela/adapter/conformance'\nimport './simulator.ts'\nimport './adapter.ts'",
    'core/config-kinds.ts': "import './errors.ts'",
    'core/errors.ts': '',
    'core/hub.ts': "import type { Opener } from './connections/open.ts'",
    'core/connections/open.ts': "import type { Hub } from '../hub.ts'\nimport '../vault/vault.ts'",
    'core/vault/vault.ts': "import type { Hub } from '../hub.ts'",
    'core/vault/vault.test.ts': "import '../app.ts'\nimport '../../test/support/hub.ts'",
    'test/support/hub.ts': "import '../../core/app.ts'\nimport '../../adapters/index.ts'",
    'core/version.ts': "import manifest from '../package.json' with { type: 'json' }",
    'package.json': '{}',
    'core/app.ts': "import '../plugins/auth.ts'",
    'plugins/auth.ts': "import '../core/errors.ts'",
    'migrations/0001_x.ts': "import { sql } from 'kysely'\nimport './tenant-table.ts'",
    'migrations/tenant-table.ts': '',
    'scripts/generate.ts': "import '../core/errors.ts'\nimport '../adapters/index.ts'",
    'sdk/index.ts': "import 'node:crypto'",
    'tenants-ui/main.tsx': "import './app'\nimport '@pasarela/client'\nexport const x = <div />",
    'tenants-ui/app.tsx': ''
  }), [])
})

t.test('every way to import is read', async t => {
  const text = [
    "import a from 'a'", "import type { B } from 'b'", "import { type C } from 'c'", "export * from 'd'", "export type { E } from 'e'",
    "const f = import('f')", "type G = import('g').G", "const h = require('h')", 'const i = import(name)', "// import 'j'", "const k = `import 'k'`"
  ].join('\n')
  t.same(importsOf('x.ts', text).map(({ specifier, typeOnly, line }) => `${line} ${specifier}${typeOnly ? ' (type)' : ''}`), [
    '1 a', '2 b (type)', '3 c (type)', '4 d', '5 e (type)', '6 f', '7 g (type)', '8 h', '9 undefined'
  ])
})
