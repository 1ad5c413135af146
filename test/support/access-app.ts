/** The HTTP side of who may do what, on a database of its own: the plugins and routes of tenancy, and nothing that calls a provider. */
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import Fastify from 'fastify'
import type { LightMyRequestResponse } from 'fastify'
import { pino } from 'pino'
import { bootstrap } from '../../core/access/first-run.ts'
import { createPasswords, type Derive, type Passwords } from '../../core/access/passwords.ts'
import type { Role, Scope } from '../../core/access/principal.ts'
import type { Mode } from '../../core/adapter/context.ts'
import { alertRoutes } from '../../core/alerts/routes.ts'
import { apiKeyRoutes } from '../../core/api-keys/routes.ts'
import { auditRoutes } from '../../core/audit/routes.ts'
import { loadConfig } from '../../core/config.ts'
import { eventRoutes } from '../../core/events/routes.ts'
import type { HubInstance } from '../../core/http.ts'
import type { Hub } from '../../core/hub.ts'
import { parseId } from '../../core/ids.ts'
import { operationRoutes } from '../../core/operations/routes.ts'
import { partnerRoutes } from '../../core/partners/routes.ts'
import { sessionRoutes } from '../../core/sessions/routes.ts'
import { tenantRoutes } from '../../core/tenants/routes.ts'
import { userRoutes } from '../../core/users/routes.ts'
import { auth } from '../../plugins/auth.ts'
import { errorOptions, errors } from '../../plugins/errors.ts'
import { requestIdOptions, requestIds } from '../../plugins/request-ids.ts'
import { validation } from '../../plugins/validation.ts'
import { type Teardown, testDatabase, type TestDatabase } from './database.ts'

export interface Asked {
  key?: string
  /** A session: its cookie, and its CSRF token unless `csrf` says otherwise. */
  session?: OpenedSession
  csrf?: string | null
  tenant?: string
  mode?: string
  body?: object
  headers?: Record<string, string>
}

export interface OpenedSession { id: string, cookie: string, csrf: string }

export interface Answer { status: number, body: any, headers: LightMyRequestResponse['headers'] }

export interface TestTenant { id: string, uuid: string }

export interface AccessApp {
  app: HubInstance
  hub: Hub
  database: TestDatabase
  platformKey: string
  platformAdmin: { id: string, email: string, password: string }
  platformTenantId: string
  /** How many times a password was derived. */
  derivations: () => number
  advance: (ms: number) => void
  ask: (method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE', url: string, asked?: Asked) => Promise<Answer>
  tenant: (name?: string) => Promise<TestTenant>
  /** A key of the tenant, made by the platform. */
  key: (tenant: TestTenant, scopes?: readonly Scope[], mode?: Mode) => Promise<{ id: string, key: string }>
  partner: (name?: string, scopes?: readonly Scope[]) => Promise<{ id: string, uuid: string, key: string }>
  /** A user of the tenant (of the platform when there is none), logged in. */
  person: (role: Role, tenant?: TestTenant) => Promise<{ id: string, email: string, password: string, session: OpenedSession }>
  login: (email: string, password: string, tenant?: string) => Promise<OpenedSession>
}

export async function accessApp (t: Teardown, { publicUrl = 'http://127.0.0.1:1', routes = async () => {} }: { publicUrl?: string, routes?: (app: HubInstance, options: { passwords: Passwords }) => Promise<void> } = {}): Promise<AccessApp> {
  const database = await testDatabase(t)
  let offset = 0
  let derived = 0
  // Cheap, and counted: how often is the promise, how long is scrypt's.
  const derive: Derive = async (password, salt) => {
    derived++
    return Buffer.from(`${salt.toString('hex')} ${password}`.padEnd(100, '.').slice(0, 100))
  }
  const passwords = createPasswords({ derive })
  const hub = {
    db: database.db,
    config: loadConfig({ PASARELA_DEMO: 'false' }),
    log: pino({ level: 'silent' }),
    now: () => new Date(Date.now() + offset),
    publicUrl: () => publicUrl
  } as unknown as Hub
  const app = Fastify({ ...errorOptions, ...requestIdOptions(hub.now), loggerInstance: hub.log }).withTypeProvider<TypeBoxTypeProvider>() as unknown as HubInstance
  app.decorate('hub', hub)
  for (const plugin of [requestIds, errors, validation, auth]) await app.register(plugin)
  app.decorateRequest('idempotency', null)
  await app.register(async scope => {
    const house = scope as unknown as HubInstance
    for (const register of [tenantRoutes, partnerRoutes, apiKeyRoutes, auditRoutes, alertRoutes, eventRoutes, operationRoutes]) await register(house)
    await routes(house, { passwords })
    await userRoutes(house, { passwords })
    await sessionRoutes(house, { passwords })
  })
  await app.ready()
  t.teardown(async () => { await app.close() })

  const { platformTenantId, made } = await bootstrap(hub, { passwords })
  const platformKey = made!.key.key
  let count = 0

  const ask: AccessApp['ask'] = async (method, url, { key, session, csrf = session?.csrf ?? null, tenant, mode, body, headers = {} } = {}) => {
    const response = await app.inject({
      method,
      url,
      headers: {
        ...(key !== undefined && { authorization: `Bearer ${key}` }),
        ...(session !== undefined && { cookie: `pasarela_session=${session.cookie}` }),
        ...(csrf !== null && { 'x-csrf-token': csrf }),
        ...(tenant !== undefined && { 'pasarela-tenant': tenant }),
        ...(mode !== undefined && { 'pasarela-mode': mode }),
        ...headers
      },
      ...(body !== undefined && { payload: body })
    })
    return { status: response.statusCode, body: response.body === '' ? undefined : JSON.parse(response.body), headers: response.headers }
  }
  const must = async (method: 'POST', url: string, asked: Asked): Promise<any> => {
    const answer = await ask(method, url, asked)
    if (answer.status !== 201) throw new Error(`${method} ${url} answered ${answer.status}: ${JSON.stringify(answer.body)}`)
    return answer
  }

  const login: AccessApp['login'] = async (email, password, tenant) => {
    const { body, headers } = await must('POST', '/v1/sessions', { body: { email, password, ...(tenant !== undefined && { tenant }) } })
    const cookie = /pasarela_session=([^;]+)/.exec(String(headers['set-cookie']))![1]!
    return { id: body.id, cookie, csrf: body.csrf_token }
  }

  return {
    app,
    hub,
    database,
    platformKey,
    platformAdmin: made!.user,
    platformTenantId,
    derivations: () => derived,
    advance: ms => { offset += ms },
    ask,
    login,
    tenant: async (name = `Tenant ${++count}`) => {
      const { body } = await must('POST', '/v1/tenants', { key: platformKey, body: { name, country: 'MX' } })
      return { id: body.id, uuid: parseId('tenant', body.id)! }
    },
    key: async (tenant, scopes, mode = 'test') => {
      const { body } = await must('POST', '/v1/api_keys', { key: platformKey, tenant: tenant.id, body: { mode, ...(scopes !== undefined && { scopes }) } })
      return { id: body.id, key: body.key }
    },
    partner: async (name = `Partner ${++count}`, scopes) => {
      const { body: { id } } = await must('POST', '/v1/partners', { key: platformKey, body: { name } })
      const { body } = await must('POST', `/v1/partners/${id}/api_keys`, { key: platformKey, body: { mode: 'test', ...(scopes !== undefined && { scopes }) } })
      return { id, uuid: parseId('partner', id)!, key: body.key }
    },
    person: async (role, tenant) => {
      const email = `${role}.${++count}@example.com`
      const password = `correct horse ${count}`
      const { body } = await must('POST', '/v1/users', { key: platformKey, ...(tenant !== undefined && { tenant: tenant.id }), body: { email, name: role, role, password } })
      return { id: body.id, email, password, session: await login(email, password) }
    }
  }
}
