import type { Mode } from '../../adapter/context.ts'
import { inTenant } from '../../db/in-tenant.ts'
import type { Hub } from '../../hub.ts'
import { mailSettings, type MailSettings } from '../settings.ts'
import { logIn } from '../smtp.ts'
import { type Channel, openChannel, type OpenChannel } from './channel.ts'
import { channelInUse } from './queries.ts'

/** The tenant's own mail server where it has one, else the operator's. */
export const mail: Channel = {
  type: 'mail',
  guarantee: 'at_least_once',
  configuredFor: (hub, row) => row !== undefined || mailSettings(hub.config) !== undefined,
  addressOf: ({ email }) => email?.toLowerCase(),
  test: async (hub, channel) => {
    const failure = await logIn(settingsOf(hub, channel))
    if (failure !== undefined) return { ok: false, evidence: [], code: failure.code, said: failure.said }
    return { ok: true, evidence: [{ es: 'El servidor de correo aceptó la conexión y las credenciales. No se envió nada.', en: 'The mail server took the connection and the credentials. Nothing was sent.' }] }
  }
}

function settingsOf (hub: Pick<Hub, 'config'>, { row, settings, secrets }: OpenChannel): MailSettings {
  return { channelId: row.id, url: secrets.url!, from: settings.from, timeoutMs: hub.config.smtpTimeoutMs, onlyPublic: !hub.config.noticePrivateAddresses }
}

/** Through which server mails of this mode go; undefined where there is none. */
export async function mailRoute (hub: Pick<Hub, 'config' | 'db' | 'vault'>, tenantId: string, mode: Mode): Promise<MailSettings | undefined> {
  const own = await inTenant(hub.db, tenantId, async db => await channelInUse(db, mode, 'mail'))
  return own === undefined ? mailSettings(hub.config) : settingsOf(hub, await openChannel(hub, own))
}
