import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { HubInstance } from '../../http.ts'
import { outcomes, type Page, pagePolicy, renderPage } from './page.ts'
import { BeginOAuth, OAuthBegun } from './schema.ts'
import * as service from './service.ts'

/** What a browser keeps between our page and its way back. Of nobody's use elsewhere. */
const browserCookie = 'pasarela_oauth'
const Provider = Type.Object({ provider: Type.String({ pattern: '^[a-z][a-z0-9_]{1,30}$' }) })
const Given = Type.Optional(Type.String({ maxLength: 4000 }))
/** For people with a browser, so it is not in the API's document; a query that a provider adds to is no mistake. */
const forPeople = { config: { public: true }, schema: { hide: true, params: Provider } } as const

export async function oauthRoutes (app: HubInstance): Promise<void> {
  const { hub } = app

  app.post('/v1/connections/oauth', { config: { scope: 'connections:write' }, schema: { tags: ['Connections'], summary: 'Connect an account by its owner’s consent', body: BeginOAuth, response: { 201: OAuthBegun } } }, async (request, reply) =>
    await reply.code(201).send(await service.beginOAuth(hub, request.requireAccess(), request.body)))

  app.get('/v1/oauth/:provider/start', { ...forPeople, schema: { ...forPeople.schema, querystring: Type.Object({ state: Given }) } }, async (request, reply) => {
    const started = await service.startOAuth(hub, request.params.provider, request.query.state ?? '', visitorOf(request))
    if (started.outcome !== 'go') return await show(reply, endPage(started.outcome, started.language ?? request.language), started.language ?? request.language)
    const { authorizeUrl, tenant, provider, language, browser, ask } = started
    reply.setCookie(browserCookie, browser, { path: '/v1/oauth', httpOnly: true, sameSite: 'lax', secure: hub.publicUrl().startsWith('https:'), maxAge: service.stateMs / 1000 })
    if (!ask) return await reply.redirect(authorizeUrl, 303)
    const say = (es: string, en: string) => language === 'es' ? es : en
    return await show(reply, {
      status: 200,
      title: say(`Conectar su cuenta de ${provider}`, `Connect your ${provider} account`),
      paragraphs: [
        say(`Va a dar a «${tenant}» acceso a su cuenta de ${provider}: podrá cobrar, devolver y ver sus cobros.`, `You are about to give “${tenant}” access to your ${provider} account: it will be able to charge, refund and see your payments.`),
        say('Siga solo si conoce a quien le envió este enlace.', 'Go on only if you know who sent you this link.')
      ],
      link: { href: authorizeUrl, text: say(`Seguir en ${provider}`, `Go on at ${provider}`) }
    }, language)
  })

  app.get('/v1/oauth/:provider/callback', { ...forPeople, schema: { ...forPeople.schema, querystring: Type.Object({ state: Given, code: Given, error: Given }) } }, async (request, reply) => {
    const { state, code, error } = request.query
    const ended = await service.finishOAuth(hub, request.params.provider, { ...(state !== undefined && { state }), ...(code !== undefined && code !== '' && { code }), ...(error !== undefined && error !== '' && { error }) }, visitorOf(request))
    if (ended.returnUrl !== undefined) return await reply.redirect(backTo(ended.returnUrl, ended), 303)
    const language = ended.language ?? request.language
    const page = endPage(ended.outcome, language)
    if (ended.account !== undefined) page.paragraphs.unshift(`${ended.provider}: ${ended.account}`)
    return await show(reply, page, language)
  })
}

function endPage (outcome: keyof typeof outcomes, language: 'es' | 'en'): Page {
  const { status, title, text } = outcomes[outcome]
  return { status, title: title[language], paragraphs: [text[language]] }
}

/** Beside what the tenant's own page has in its query. */
function backTo (returnUrl: string, { outcome, connection }: service.Ended): string {
  const url = new URL(returnUrl)
  url.searchParams.set('status', outcome === 'connected' || outcome === 'denied' ? outcome : 'failed')
  if (connection !== undefined) url.searchParams.set('connection', connection)
  if (outcome !== 'connected') url.searchParams.set('reason', outcome)
  return url.href
}

const show = async (reply: FastifyReply, page: Page, language: 'es' | 'en'): Promise<FastifyReply> =>
  await reply.code(page.status).headers({ 'content-security-policy': pagePolicy, 'cache-control': 'no-store', 'content-language': language }).type('text/html; charset=utf-8').send(renderPage(page, language))

function visitorOf (request: FastifyRequest): service.Visitor {
  return { principalId: request.access?.principal.id, browser: request.cookies[browserCookie], requestId: request.id, address: request.ip }
}
