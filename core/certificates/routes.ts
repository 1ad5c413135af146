import { Type } from 'typebox'
import type { HubInstance } from '../http.ts'
import { IdParams } from '../http-schema.ts'
import * as exporting from './export.ts'
import {
  Activate, Certificate, CertificatePage, Consent, ConsentList, ConsentParams, DryRun, ListCertificates, ListUses, NewCertificate, NewConsent, PatchCertificate, Upload, UsePage
} from './schema.ts'
import * as service from './service.ts'

const read = { scope: 'certificates:read' } as const
const write = { scope: 'certificates:write' } as const
const tags = ['Certificates']
/** As a form with files, or as JSON with the files in Base64: the same fields. */
const consumes = ['application/json', 'multipart/form-data']

export async function certificateRoutes (app: HubInstance): Promise<void> {
  const { hub } = app

  app.post('/v1/certificates', { config: write, schema: { tags, consumes, summary: 'Look at a certificate and keep it', body: NewCertificate, response: { 200: DryRun, 201: Certificate } } }, async (request, reply) => {
    const { report, certificate } = await service.uploadCertificate(hub, request.requireAccess(), request.body, request.idempotency)
    return certificate === undefined ? await reply.code(200).send({ object: 'certificate_report', report }) : await reply.code(201).send(certificate)
  })
  app.get('/v1/certificates', { config: read, schema: { tags, summary: 'List certificates', querystring: ListCertificates, response: { 200: CertificatePage } } }, async request =>
    await service.listCertificates(hub, request.requireAccess(), request.query))
  app.get('/v1/certificates/:id', { config: read, schema: { tags, summary: 'Read a certificate', params: IdParams, response: { 200: Certificate } } }, async request =>
    await service.getCertificate(hub, request.requireAccess(), request.params.id))
  app.patch('/v1/certificates/:id', { config: write, schema: { tags, consumes, summary: 'Change its label or issuer, add the chain', params: IdParams, body: PatchCertificate, response: { 200: Certificate } } }, async request =>
    await service.changeCertificate(hub, request.requireAccess(), request.params.id, request.body))
  app.delete('/v1/certificates/:id', { config: write, schema: { tags, summary: 'Destroy its key', params: IdParams, response: { 204: Type.Null() } } }, async (request, reply) => {
    await service.deleteCertificate(hub, request.requireAccess(), request.params.id)
    return await reply.code(204).send(null)
  })
  app.post('/v1/certificates/:id/activate', { config: write, schema: { tags, summary: 'Say when its turn begins', params: IdParams, body: Activate, response: { 200: Certificate } } }, async request =>
    await service.activateCertificate(hub, request.requireAccess(), request.params.id, request.body))
  app.get('/v1/certificates/:id/uses', { config: read, schema: { tags, summary: 'Each time that its key was used', params: IdParams, querystring: ListUses, response: { 200: UsePage } } }, async request =>
    await service.listUses(hub, request.requireAccess(), request.params.id, request.query))

  app.post('/v1/certificates/:id/consents', { config: write, schema: { tags, summary: 'Agree that the key is handed to a PAC that seals', params: IdParams, body: NewConsent, response: { 201: Consent } } }, async (request, reply) =>
    await reply.code(201).send(await exporting.giveConsent(hub, request.requireAccess(), request.params.id, request.body)))
  app.post('/v1/certificates/:id/uploads', { config: write, schema: { tags, summary: 'Hand the certificate and its key to a PAC that seals, agreeing to it', params: IdParams, body: NewConsent, response: { 201: Upload } } }, async (request, reply) =>
    await reply.code(201).send(await exporting.uploadToProvider(hub, request.requireAccess(), request.params.id, request.body)))
  app.get('/v1/certificates/:id/consents', { config: read, schema: { tags, summary: 'What was agreed to', params: IdParams, response: { 200: ConsentList } } }, async request =>
    await exporting.listConsents(hub, request.requireAccess(), request.params.id))
  app.delete('/v1/certificates/:id/consents/:connection_id', { config: write, schema: { tags, summary: 'Withdraw a consent', params: ConsentParams, response: { 204: Type.Null() } } }, async (request, reply) => {
    await exporting.withdrawConsent(hub, request.requireAccess(), request.params.id, request.params.connection_id)
    return await reply.code(204).send(null)
  })
}
