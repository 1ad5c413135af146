import { Type } from 'typebox'
import { HubError, invalidField } from '../errors.ts'
import type { HubInstance } from '../http.ts'
import { CatalogueList, CatalogueParams, CatalogueQuery, CatalogueView } from './schema.ts'
import { cataloguesOf, etagOf, findCatalogue, listCatalogues, viewCatalogue } from './service.ts'

const tags = ['Catalogues']
/** The law is the same for everybody. */
const config = { anyone: true } as const

export async function catalogueRoutes (app: HubInstance): Promise<void> {
  const catalogues = cataloguesOf(app.hub.config.dataDir)

  app.get('/v1/catalogues', { config, schema: { tags, summary: 'List catalogues', response: { 200: CatalogueList } } }, async () => listCatalogues(catalogues))

  app.get('/v1/catalogues/:name', {
    config,
    schema: { tags, summary: 'Read a catalogue of the authority', params: CatalogueParams, querystring: CatalogueQuery, response: { 200: CatalogueView, 304: Type.Null({ description: 'It is what If-None-Match names.' }) } }
  }, async (request, reply) => {
    const found = findCatalogue(catalogues, request.params.name)
    if (found === undefined) throw new HubError('not_found')
    if (found === 'missing') {
      throw new HubError('not_found', {
        detail: {
          es: `${request.params.name} es grande y aún no se ha importado: scripts/import-catalogues.ts lo hace. Mientras tanto sus claves se revisan por su forma.`,
          en: `${request.params.name} is large and has not been imported yet: scripts/import-catalogues.ts does it. Until then its keys are checked by their form.`
        }
      })
    }
    if (request.query.cursor !== undefined && !/^\d{1,9}$/.test(request.query.cursor)) throw invalidField('cursor', 'is not one that this list gave')
    const etag = etagOf(found, request.query)
    // It may be kept, and is asked about each time: who asks needs a credential.
    reply.headers({ etag, 'cache-control': 'private, no-cache' })
    if (request.headers['if-none-match'] === etag) return await reply.code(304).send(null)
    return viewCatalogue(found, request.query)
  })
}
