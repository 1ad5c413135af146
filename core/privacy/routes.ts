import type { HubInstance } from '../http.ts'
import { Erasure, Person, PersonExport } from './schema.ts'
import { erasePerson, exportPerson } from './service.ts'

// Who may delete a customer.
const write = { scope: 'customers:write' } as const
const tags = ['Privacy']

export async function privacyRoutes (app: HubInstance): Promise<void> {
  const { hub } = app

  app.post('/v1/privacy/export', { config: write, schema: { tags, summary: 'All that is kept about one person', body: Person, response: { 200: PersonExport } } }, async request =>
    await exportPerson(hub, request.requireAccess(), request.body))
  app.post('/v1/privacy/erase', { config: write, schema: { tags, summary: 'Erase what no law keeps of one person; says what is kept, until when and why', body: Person, response: { 200: Erasure } } }, async request =>
    await erasePerson(hub, request.requireAccess(), request.body))
}
