import type { Config } from '../config.ts'

export interface MailSettings {
  /** `smtp://` or `smtps://`, with the user in it. */
  url: string
  /** The address of the envelope and of every `From`. */
  from: string
  timeoutMs: number
  /** A tenant named the server: it must be on the internet. */
  onlyPublic?: boolean
  /** Whose credentials they are: a channel of the tenant's, by its UUID. */
  channelId?: string
}

/** Undefined where the operator wants no mail. Throws when half of it is said. */
export function mailSettings ({ smtpUrl, mailFrom, smtpTimeoutMs }: Pick<Config, 'smtpUrl' | 'mailFrom' | 'smtpTimeoutMs'>): MailSettings | undefined {
  if (smtpUrl === undefined && mailFrom === undefined) return undefined
  if (smtpUrl === undefined || mailFrom === undefined) throw new Error('SMTP_URL and MAIL_FROM belong together: set both or none')
  return { url: smtpUrl, from: mailFrom, timeoutMs: smtpTimeoutMs }
}
