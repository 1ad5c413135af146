/** A real SMTP server on loopback, that takes mail, refuses it, cuts the line or says nothing, as a test wants. */
import { SMTPServer } from 'smtp-server'
import type { Teardown } from './database.ts'

export interface Received {
  from: string
  to: string[]
  headers: Map<string, string>
  /** Leaves of the MIME tree, decoded. */
  parts: Part[]
  raw: string
}

export interface Part { type: string, filename?: string, cid?: string, bytes: Buffer }

export interface MailServer {
  url: string
  inbox: Received[]
  /** What a recipient is answered with; undefined: taken. */
  recipient: (address: string) => number | undefined
  /** What becomes of a message whose last byte has arrived: a number is answered; `cut`: it is kept, and nobody is told; `silent`: no answer ever. */
  message: 'take' | 'cut' | 'silent' | number
  /** Sessions that began. */
  sessions: number
}

export async function mailServer (t: Teardown, { user }: { user?: { name: string, password: string } } = {}): Promise<MailServer> {
  const refusal = (code: number) => Object.assign(new Error(code === 552 ? 'too large' : 'no such mailbox here'), { responseCode: code })
  const server = new SMTPServer({
    disabledCommands: ['STARTTLS', ...user === undefined ? ['AUTH'] : []],
    authOptional: user === undefined,
    allowInsecureAuth: true,
    disableReverseLookup: true,
    logger: false,
    onAuth: ({ username, password }, _, done) => username === user?.name && password === user?.password ? done(null, { user: username }) : done(Object.assign(new Error('wrong'), { responseCode: 535 })),
    onConnect: (_, done) => {
      made.sessions++
      done()
    },
    onRcptTo: ({ address }, _, done) => {
      const code = made.recipient(address)
      done(code === undefined ? null : refusal(code))
    },
    onData: (stream, session, done) => {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        const { message } = made
        if (typeof message === 'number') return done(refusal(message))
        const { mailFrom, rcptTo } = session.envelope
        const raw = Buffer.concat(chunks).toString('latin1')
        made.inbox.push({ from: mailFrom === false ? '' : mailFrom.address, to: rcptTo.map(({ address }) => address), ...parse(raw), raw })
        if (message === 'take') return done()
        if (message === 'cut') for (const connection of (server as unknown as { connections: Set<{ _socket: { destroy: () => void } }> }).connections) connection._socket.destroy()
      })
    }
  })
  server.on('error', () => {}) // a client that hangs up is what some tests are about
  await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
  const { port } = server.server.address() as { port: number }
  const login = user === undefined ? '' : `${encodeURIComponent(user.name)}:${encodeURIComponent(user.password)}@`
  const made: MailServer = { url: `smtp://${login}127.0.0.1:${port}`, inbox: [], recipient: () => undefined, message: 'take', sessions: 0 }
  t.teardown(async () => {
    for (const connection of (server as unknown as { connections: Set<{ _socket: { destroy: () => void } }> }).connections) connection._socket.destroy()
    await new Promise<void>(resolve => { server.close(() => { resolve() }) })
  })
  return made
}

/** Enough of MIME for what we send. */
function parse (raw: string): { headers: Map<string, string>, parts: Part[] } {
  const at = raw.indexOf('\r\n\r\n')
  const headers = new Map(raw.slice(0, at).replace(/\r\n[ \t]+/g, ' ').split('\r\n').map(line => [line.slice(0, line.indexOf(':')).toLowerCase(), decodeWords(line.slice(line.indexOf(':') + 1).trim())]))
  const body = raw.slice(at + 4)
  const type = headers.get('content-type') ?? 'text/plain'
  const boundary = /boundary="?([^";]+)"?/.exec(type)?.[1]
  if (boundary !== undefined) return { headers, parts: body.split(`--${boundary}`).slice(1, -1).flatMap(part => parse(part.replace(/^\r\n/, '')).parts) }
  const encoding = headers.get('content-transfer-encoding') ?? '7bit'
  const bytes = encoding === 'base64' ? Buffer.from(body, 'base64') : encoding === 'quoted-printable' ? unquote(body) : Buffer.from(body, 'latin1')
  const filename = /filename="?([^";]+)"?/.exec(headers.get('content-disposition') ?? '')?.[1]
  const cid = headers.get('content-id')?.slice(1, -1)
  return { headers, parts: [{ type: type.split(';')[0]!, bytes, ...(filename !== undefined && { filename }), ...(cid !== undefined && { cid }) }] }
}

const unquote = (text: string): Buffer => Buffer.from(text.replace(/=\r\n/g, '').replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))), 'latin1')

/** RFC 2047, as nodemailer writes it. */
const decodeWords = (text: string): string => text.replace(/\?=\s+=\?/g, '?==?').replace(/=\?UTF-8\?([QB])\?([^?]*)\?=/gi, (_, kind: string, word: string) =>
  (kind.toUpperCase() === 'B' ? Buffer.from(word, 'base64') : unquote(word.replaceAll('_', ' '))).toString('utf8'))
