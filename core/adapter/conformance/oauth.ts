import { createHash, randomBytes } from 'node:crypto'
import type { Mode } from '../context.ts'
import { isGrantOver, type OAuthApp, type OAuthFlow, type OAuthGrant } from '../oauth.ts'
import { check, reached, refusal, same, shown } from './check.ts'
import type { Draft, Plan } from './draft.ts'
import type { OAuthSamples } from './harness.ts'
import type { Opened, Session } from './session.ts'

const redirectUri = 'https://hub.test/v1/oauth/callback'

/** Connecting by consent: who may, once, and what an outage must not be taken for. */
export function oauthPromises ({ harness, transcript }: Plan, flow: OAuthFlow, samples: OAuthSamples): Draft[] {
  const { adapter } = harness
  const { modes, oauth: declared } = adapter.manifest
  const secretFields = Object.entries(declared!.app.properties).filter(([, { secret }]) => secret).map(([name]) => name)
  const drafts: Draft[] = []
  const promise = (name: string, because: string, keep: Draft['keep']) => drafts.push({ promise: 'oauth', name, because, keep })

  const appOf = (session: Session, mode = session.mode): OAuthApp => {
    const app = samples.application(session.simulator, mode, redirectUri)
    for (const name of secretFields) if (app[name] !== undefined) transcript.secrets.add(app[name])
    return app
  }

  /** A person at the page; the code that they come back with. */
  async function consented (session: Session, app: OAuthApp, { mode = session.mode, account }: { mode?: Mode, account?: string } = {}) {
    const [state, verifier] = [random(), random()]
    const url = flow.authorizeUrl({ mode, origin: () => session.simulator.url, app, state, redirectUri, codeChallenge: createHash('sha256').update(verifier).digest('base64url') })
    const back = new URL(await samples.consent(url, 'allow', session.simulator, account))
    const code = back.searchParams.get('code')
    check(code, `the person comes back without a code: ${back.href}`)
    same(back.searchParams.get('state'), state, 'the state that comes back')
    same(back.origin + back.pathname, redirectUri, 'where the person comes back to')
    transcript.secrets.add(code)
    transcript.secrets.add(verifier)
    return { code, verifier, bare: session.open({ mode, credentials: {} }) }
  }

  async function granted (session: Session, options: { mode?: Mode, account?: string } = {}) {
    const app = appOf(session, options.mode)
    const { code, verifier, bare } = await consented(session, app, options)
    const grant = await flow.exchange(bare, app, { code, redirectUri, codeVerifier: verifier })
    keepSecrets(grant)
    return { app, code, verifier, bare, grant, context: opened(session, app, grant, options.mode) }
  }

  function keepSecrets ({ credentials, refreshToken }: OAuthGrant): void {
    for (const [name, value] of Object.entries(credentials)) if (adapter.manifest.credentials.properties[name]?.secret !== false) transcript.secrets.add(value)
    if (refreshToken !== undefined) transcript.secrets.add(refreshToken)
  }

  const opened = (session: Session, app: OAuthApp, grant: OAuthGrant, mode = session.mode): Opened =>
    ({ ...session.open({ mode, credentials: { ...grant.credentials, ...flow.operated?.(app) } }), grant: { account: grant.account.id } })

  for (const mode of modes) {
    promise(`a person consents, and what they granted opens their account (${mode})`, 'that is what the button is for', async session => {
      const { grant, context } = await granted(session, { mode })
      same(grant.mode, mode, 'the mode of the grant')
      for (const name of Object.keys(grant.credentials)) check(name in adapter.manifest.credentials.properties, `the grant has ${name}, which is no field of the form, so nobody masks it`)
      const proof = await flow.prove(context)
      check(!isGrantOver(proof), `a fresh grant is told as over: ${shown(proof)}`)
      same(proof.account, grant.account.id, 'the account that the grant opens')
      same((await adapter.test(context)).account.id, grant.account.id, 'the account that test() recognises')
      for (const { method } of context.exchanges.slice(0, 1)) same(method, 'GET', 'a proof only reads')
    })
  }

  promise('who does not consent comes back without a code', 'the denial is told to the tenant', async session => {
    const app = appOf(session)
    const state = random()
    const url = flow.authorizeUrl({ mode: session.mode, origin: () => session.simulator.url, app, state, redirectUri, codeChallenge: createHash('sha256').update(random()).digest('base64url') })
    const back = new URL(await samples.consent(url, 'deny', session.simulator))
    same([back.searchParams.get('state'), back.searchParams.get('error'), back.searchParams.get('code')], [state, 'access_denied', null], 'what comes back')
  })

  promise('a code is good once, for who asked for it', 'it travels through the address line of a browser', async session => {
    const { app, code, verifier, bare } = await granted(session)
    const refused = async (what: string, using: OAuthApp, input: Parameters<OAuthFlow['exchange']>[2]) =>
      reached(await refusal(flow.exchange(bare, using, input), what), ['answered'], what)
    await refused('a code that was used', app, { code, redirectUri, codeVerifier: verifier })
    await refused('a code that nobody gave', app, { code: `${code.slice(0, -6)}000000`, redirectUri, codeVerifier: verifier })
    const second = await consented(session, app)
    await refused('another application’s code', appOf(session), { code: second.code, redirectUri, codeVerifier: second.verifier })
    if (samples.pkce !== false) await refused('a code without its verifier', app, { code: second.code, redirectUri, codeVerifier: random() })
    await flow.exchange(bare, app, { code: second.code, redirectUri, codeVerifier: second.verifier }).then(keepSecrets)
  })

  promise('a lost answer is not known', 'the person is asked to begin again, and nothing is made up', async session => {
    for (const kind of ['cut_after', 'garbage', 'error_500'] as const) {
      const app = appOf(session)
      const { code, verifier, bare } = await consented(session, app)
      session.simulator.inject({ kind, method: 'POST' })
      reached(await refusal(flow.exchange(bare, app, { code, redirectUri, codeVerifier: verifier }), `exchange, ${kind}`), ['unknown'], kind)
    }
  })

  promise('an outage, or an application that is refused, is not the end of a grant', 'tenants would be asked to consent again because the provider was down', async session => {
    const { app, grant, context, bare } = await granted(session)
    session.simulator.inject({ kind: 'error_500_before', times: 3 })
    reached(await refusal(flow.prove(context), 'prove() while the provider fails'), ['unknown', 'nowhere'], 'prove')
    session.simulator.clearFaults()
    const wrong = { ...app, client_secret: samples.wrongSecret(app.client_secret!) }
    // With the platform's own key refused, nothing is known of the consent.
    if (flow.operated !== undefined) await refusal(flow.prove(opened(session, wrong, grant)), 'prove() with a key of the operator’s that is refused')
    if (flow.refresh === undefined) return
    for (const kind of ['error_500_before', 'rate_limit'] as const) {
      session.simulator.inject({ kind, method: 'POST' })
      await refusal(flow.refresh(bare, app, grant.refreshToken!), `refresh(), ${kind}`)
    }
    await refusal(flow.refresh(bare, wrong, grant.refreshToken!), 'refresh() by an application with a wrong secret')
    const renewed = await flow.refresh(bare, app, grant.refreshToken!)
    check(!isGrantOver(renewed), 'after all that the grant still holds')
    keepSecrets(renewed)
  })

  promise('a grant that was taken back is told as over', 'a dead one is to be found before a payer finds it', async session => {
    const { app, bare, grant, context } = await granted(session)
    await samples.revoke(grant.account.id, session.simulator)
    const proof = await flow.prove(context)
    check(isGrantOver(proof) && proof.over !== '', `prove() says ${shown(proof)}`)
    if (flow.refresh === undefined) return
    const renewed = await flow.refresh(bare, app, grant.refreshToken!)
    check(isGrantOver(renewed), 'refresh() renews what was taken back')
  })

  const { refresh, revoke } = flow
  if (refresh !== undefined) {
    promise('a renewal gives another set, of the same account', 'it happens while nobody looks', async session => {
      const { app, bare, grant } = await granted(session)
      check(grant.refreshToken !== undefined && grant.expiresAt !== undefined && grant.expiresAt > session.now(), 'a grant that can be renewed says until when it is good')
      const renewed = await refresh(bare, app, grant.refreshToken)
      check(!isGrantOver(renewed), `refresh() says ${shown(renewed)}`)
      keepSecrets(renewed)
      same([renewed.account.id, renewed.mode], [grant.account.id, grant.mode], 'the account and mode of the new set')
      check(renewed.expiresAt !== undefined && renewed.expiresAt >= grant.expiresAt, 'the new set ends before the old one')
      const proof = await flow.prove(opened(session, app, renewed))
      check(!isGrantOver(proof), 'the new set opens nothing')
    })
    promise('a renewal whose answer was lost is not known, and is asked again', 'the token that did it may be used up: that is an answer, not a crash', async session => {
      const { app, bare, grant } = await granted(session)
      session.simulator.inject({ kind: 'cut_after', method: 'POST' })
      reached(await refusal(refresh(bare, app, grant.refreshToken!), 'refresh(), cut_after'), ['unknown'], 'cut_after')
      const again = await refresh(bare, app, grant.refreshToken!)
      if (!isGrantOver(again)) keepSecrets(again)
      // Whatever was said, a person can consent again, and that counts.
      const { context } = await granted(session)
      check(!isGrantOver(await flow.prove(context)), 'after a lost renewal a new consent opens nothing')
    })
  }
  if (revoke !== undefined) {
    promise('what is given back is over, and giving it back again is no error', 'a tenant that leaves takes its consent along', async session => {
      const { app, bare, grant, context } = await granted(session)
      await revoke(bare, app, grant.account.id)
      check(isGrantOver(await flow.prove(context)), 'the grant still opens the account')
      await revoke(bare, app, grant.account.id)
    })
  }
  return drafts
}

const random = () => randomBytes(32).toString('base64url')
