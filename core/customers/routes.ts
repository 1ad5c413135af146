import { Type } from 'typebox'
import type { HubInstance } from '../http.ts'
import { IdParams } from '../http-schema.ts'
import * as methods from './methods.ts'
import {
  Customer, CustomerPage, ListCustomers, ListPaymentMethods, MethodParams, NewCustomer, NewPaymentMethod, PatchCustomer, PaymentMethod, PaymentMethodPage
} from './schema.ts'
import * as service from './service.ts'

const read = { scope: 'customers:read' } as const
const write = { scope: 'customers:write' } as const
const tags = ['Customers']

export async function customerRoutes (app: HubInstance): Promise<void> {
  const { hub } = app

  app.post('/v1/customers', { config: write, schema: { tags, summary: 'Keep a customer', body: NewCustomer, response: { 201: Customer } } }, async (request, reply) =>
    await reply.code(201).send(await service.createCustomer(hub, request.requireAccess(), request.body, request.idempotency)))
  app.get('/v1/customers', { config: read, schema: { tags, summary: 'List customers', querystring: ListCustomers, response: { 200: CustomerPage } } }, async request =>
    await service.listCustomers(hub, request.requireAccess(), request.query))
  app.get('/v1/customers/:id', { config: read, schema: { tags, summary: 'Read a customer', params: IdParams, response: { 200: Customer } } }, async request =>
    await service.getCustomer(hub, request.requireAccess(), request.params.id))
  app.patch('/v1/customers/:id', { config: write, schema: { tags, summary: 'Change a customer', params: IdParams, body: PatchCustomer, response: { 200: Customer } } }, async request =>
    await service.patchCustomer(hub, request.requireAccess(), request.params.id, request.body))
  app.delete('/v1/customers/:id', { config: write, schema: { tags, summary: 'Forget a customer', params: IdParams, response: { 204: Type.Null() } } }, async (request, reply) => {
    await service.deleteCustomer(hub, request.requireAccess(), request.params.id)
    return await reply.code(204).send(null)
  })

  app.post('/v1/customers/:id/payment_methods', { config: write, schema: { tags, summary: 'Save a payment method', params: IdParams, body: NewPaymentMethod, response: { 201: PaymentMethod, 202: PaymentMethod } } }, async (request, reply) => {
    const method = await methods.saveMethod(hub, request.requireAccess(), request.params.id, request.body, request.idempotency)
    return await reply.code((method.status === 'unknown' ? 202 : 201) as 201).send(method)
  })
  app.get('/v1/customers/:id/payment_methods', { config: read, schema: { tags, summary: 'List payment methods', params: IdParams, querystring: ListPaymentMethods, response: { 200: PaymentMethodPage } } }, async request =>
    await methods.listMethods(hub, request.requireAccess(), request.params.id, request.query))
  app.get('/v1/customers/:id/payment_methods/:payment_method_id', { config: read, schema: { tags, summary: 'Read a payment method', params: MethodParams, response: { 200: PaymentMethod } } }, async request =>
    await methods.getMethod(hub, request.requireAccess(), request.params.id, request.params.payment_method_id))
  app.post('/v1/customers/:id/payment_methods/:payment_method_id/default', { config: write, schema: { tags, summary: 'Make it the one that is used', params: MethodParams, response: { 200: PaymentMethod } } }, async request =>
    await methods.makeDefault(hub, request.requireAccess(), request.params.id, request.params.payment_method_id))
  app.delete('/v1/customers/:id/payment_methods/:payment_method_id', { config: write, schema: { tags, summary: 'Remove a payment method', params: MethodParams, response: { 204: Type.Null() } } }, async (request, reply) => {
    await methods.removeMethod(hub, request.requireAccess(), request.params.id, request.params.payment_method_id)
    return await reply.code(204).send(null)
  })
}
