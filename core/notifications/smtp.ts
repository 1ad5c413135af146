import { isIP } from 'node:net'
import { Readable } from 'node:stream'
import SMTPConnection, { type SMTPConnectionOptions } from 'nodemailer/lib/smtp-connection'
import { publicAddressOf } from '../net-guard.ts'
import type { MailSettings } from './settings.ts'

/** What a server answered to one recipient. 4xx: perhaps later; 5xx: never (RFC 5321 §4.2.1). */
export interface Refusal { address: string, code: number, said: string }

/** One attempt to hand a message over. */
export interface Attempt {
  /** Took the message: from here on it is the server's to deliver. */
  accepted: string[]
  refused: Refusal[]
  failure?: {
    /** `unknown`: all of it was sent and no answer came, so the server may have it. */
    reached: 'nowhere' | 'answered' | 'unknown'
    /** The message itself was refused for good: trying again would not help. */
    final: boolean
    /** The server's number, or nodemailer's word: `535`, `ECONNECTION`. */
    code: string
    /** The server's own words; they may name people. */
    said: string
  }
}

interface SmtpError extends Error { code?: string, responseCode?: number, response?: string, command?: string, recipient?: string, rejectedErrors?: SmtpError[] }

/** How many silences long the whole of it may be: a server that answers a byte at a time does not hold a job for ever. */
const wholeOf = 4
export const attemptAtMostMs = ({ timeoutMs }: Pick<MailSettings, 'timeoutMs'>): number => wholeOf * timeoutMs

/** Hands one message to the mail server for these recipients. Never throws for what the network or the server does. */
export async function handOver (settings: MailSettings, to: readonly string[], bytes: Buffer): Promise<Attempt> {
  const options = await optionsOf(settings).catch((error: SmtpError) => error)
  if (options instanceof Error) return failed(options, false)
  const connection = new SMTPConnection(options)
  const { auth } = credentialsOf(settings.url)
  let uploading = false
  // Read only after the server has asked for it (354).
  const message = new Readable({
    read () {
      uploading = true
      this.push(bytes)
      this.push(null)
    }
  })
  let timer: NodeJS.Timeout | undefined
  try {
    const info = await new Promise<{ accepted: string[], rejectedErrors?: SmtpError[] | undefined }>((resolve, reject) => {
      timer = setTimeout(() => { reject(Object.assign(new Error('the whole of it took too long'), { code: 'ETIMEDOUT' })) }, attemptAtMostMs(settings))
      // Also after it has ended: an error that nobody hears would end the process.
      connection.on('error', reject)
      const send = (): void => { connection.send({ from: settings.from, to: [...to], size: bytes.length }, message, (error: Error | null, info) => { error ? reject(error) : resolve(info!) }) }
      connection.connect((error?: Error | null) => {
        if (error) return reject(error)
        if (auth === undefined) return send()
        connection.login(auth, (error?: Error | null) => { error ? reject(error) : send() })
      })
    })
    return { accepted: info.accepted, refused: refusalsOf(info.rejectedErrors) }
  } catch (thrown) {
    return failed(thrown as SmtpError, uploading)
  } finally {
    clearTimeout(timer)
    message.destroy()
    connection.close()
  }
}

/** Connects and logs in, and sends nothing. What went wrong, if anything. Never throws. */
export async function logIn (settings: MailSettings): Promise<{ code: string, said: string } | undefined> {
  const options = await optionsOf(settings).catch((error: SmtpError) => error)
  if (options instanceof Error) return failed(options, false).failure
  const connection = new SMTPConnection(options)
  const { auth } = credentialsOf(settings.url)
  let timer: NodeJS.Timeout | undefined
  try {
    await new Promise<void>((resolve, reject) => {
      timer = setTimeout(() => { reject(Object.assign(new Error('the whole of it took too long'), { code: 'ETIMEDOUT' })) }, attemptAtMostMs(settings))
      connection.on('error', reject)
      connection.connect((error?: Error | null) => {
        if (error) return reject(error)
        if (auth === undefined) return resolve()
        connection.login(auth, (error?: Error | null) => { error ? reject(error) : resolve() })
      })
    })
    return undefined
  } catch (thrown) {
    return failed(thrown as SmtpError, false).failure
  } finally {
    clearTimeout(timer)
    connection.close()
  }
}

function failed (error: SmtpError, uploading: boolean): Attempt {
  const refused = refusalsOf(error.rejectedErrors)
  const answered = error.responseCode !== undefined
  // Of the message: its text, its size. What is refused before (a login, our own address) is the operator's to mend.
  const aboutMessage = error.command === 'DATA' || error.code === 'EMESSAGE'
  return {
    accepted: [],
    refused,
    failure: {
      reached: answered ? 'answered' : uploading ? 'unknown' : 'nowhere',
      final: aboutMessage && (error.responseCode ?? 500) >= 500 && !(uploading && !answered),
      code: String(error.responseCode ?? error.code ?? 'ESOCKET'),
      said: (error.response ?? error.message).slice(0, 500)
    }
  }
}

const refusalsOf = (errors: readonly SmtpError[] = []): Refusal[] =>
  errors.flatMap(({ recipient, responseCode = 400, response = '' }) => recipient === undefined ? [] : [{ address: recipient, code: responseCode, said: response.slice(0, 500) }])

/** Throws PrivateAddress, or what DNS says of a server that a tenant named. */
async function optionsOf ({ url, timeoutMs, onlyPublic = false }: MailSettings): Promise<SMTPConnectionOptions> {
  const { protocol, hostname, port } = new URL(url)
  const { auth } = credentialsOf(url)
  const secure = protocol === 'smtps:'
  // The address that was judged is the one that is called; its certificate is still that of the name.
  const host = await publicAddressOf(hostname, { allowPrivate: !onlyPublic })
  return {
    host,
    ...(isIP(hostname.replace(/^\[|\]$/g, '')) === 0 && { servername: hostname }),
    ...(port !== '' && { port: Number(port) }),
    secure,
    // A password never goes over a network in the clear.
    ...(!secure && auth !== undefined && !isLoopback(hostname) && { requireTLS: true }),
    allowInternalNetworkInterfaces: true,
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    dnsTimeout: timeoutMs,
    socketCloseTimeout: 1000
  }
}

const isLoopback = (hostname: string): boolean => hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname)

function credentialsOf (url: string): { auth: { user: string, pass: string } | undefined } {
  const { username, password } = new URL(url)
  return { auth: username === '' ? undefined : { user: decodeURIComponent(username), pass: decodeURIComponent(password) } }
}
