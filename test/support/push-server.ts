/**
 * A push service on loopback with the browsers that it serves, by the RFCs and without the library that we send with: it proves the VAPID token
 * (RFC 8292), takes what RFC 8030 says, and a browser reads what came to it with its own key (RFC 8291, RFC 8188).
 */
import { createDecipheriv, createECDH, createPublicKey, type ECDH, hkdfSync, randomBytes, verify } from 'node:crypto'
import { serveSimulator, type SimulatedAnswer, type SimulatedRequest, type SimulatorServer } from '../../core/adapter/simulator-server.ts'
import type { Teardown } from './database.ts'

export interface Pushed { headers: Record<string, string>, message: any, topic: string | undefined }

export interface Browser {
  /** What `pushManager.subscribe()` gives. */
  subscription: { endpoint: string, expirationTime: null, keys: { p256dh: string, auth: string } }
  /** All that arrived, in order. */
  received: Pushed[]
  /** What is shown: a later message of a tag takes the place of the earlier one. */
  shown: () => any[]
  /** What the service answers with for it, until it is told otherwise. */
  answer: { status: number, headers?: Record<string, string> } | undefined
}

export interface PushServer extends SimulatorServer {
  /** A browser that subscribed with this key of the application server. */
  browser: (publicKey: string) => Browser
}

export async function pushServer (t: Teardown): Promise<PushServer> {
  const browsers = new Map<string, Browser & { ecdh: ECDH, auth: Buffer, key: string }>()

  const answer = ({ method, url, headers, bytes }: SimulatedRequest): SimulatedAnswer => {
    const browser = browsers.get(url.pathname.slice('/wpush/v2/'.length))
    if (method !== 'POST') return { status: 405 }
    if (browser === undefined) return { status: 404 }
    const refused = vapidProblem(headers.authorization ?? '', `http://${headers.host}`, browser.key)
    if (refused !== undefined) return { status: refused === 'missing' ? 401 : 403, body: refused }
    if (browser.answer !== undefined) return browser.answer
    // RFC 8030 §5.2: a request without TTL is bad; RFC 8291 §4: a body is aes128gcm.
    if (!/^\d+$/.test(headers.ttl ?? '') || (bytes.length > 0 && headers['content-encoding'] !== 'aes128gcm')) return { status: 400 }
    if (headers.urgency !== undefined && !['very-low', 'low', 'normal', 'high'].includes(headers.urgency)) return { status: 400 }
    if (headers.topic !== undefined && !/^[\w-]{1,32}$/.test(headers.topic)) return { status: 400 }
    if (bytes.length > 4096) return { status: 413 }
    browser.received.push({ headers, message: JSON.parse(decrypted(bytes, browser.ecdh, browser.auth)), topic: headers.topic })
    return { status: 201, headers: { location: `${url.origin}/message/${randomBytes(9).toString('base64url')}` } }
  }

  const server = await serveSimulator(answer)
  t.teardown(async () => { await server.close() })
  return Object.assign(server, {
    browser: (publicKey: string): Browser => {
      const ecdh = createECDH('prime256v1')
      const p256dh = ecdh.generateKeys().toString('base64url')
      const auth = randomBytes(16)
      const id = randomBytes(18).toString('base64url')
      const received: Pushed[] = []
      const browser = {
        ecdh,
        auth,
        key: publicKey,
        subscription: { endpoint: `${server.url}/wpush/v2/${id}`, expirationTime: null, keys: { p256dh, auth: auth.toString('base64url') } },
        received,
        shown: () => [...new Map(received.map(({ message }) => [message.tag, message])).values()],
        answer: undefined as Browser['answer']
      }
      browsers.set(id, browser)
      return browser
    }
  })
}

/** RFC 8292 §2 and §3: `vapid t=<JWT>, k=<key>`, ES256, `aud` is this service, `exp` is within a day, `sub` is a way to reach the sender; and the key is the one of the subscription (§4). */
function vapidProblem (authorization: string, audience: string, expectedKey: string): string | undefined {
  const [, token, key] = /^vapid t=([\w.-]+), ?k=([\w-]+)$/.exec(authorization) ?? []
  if (token === undefined || key === undefined) return 'missing'
  const [head = '', claims = '', signature = ''] = token.split('.')
  const { alg, typ } = JSON.parse(Buffer.from(head, 'base64url').toString())
  const { aud, exp, sub } = JSON.parse(Buffer.from(claims, 'base64url').toString())
  const now = Date.now() / 1000
  if (alg !== 'ES256' || (typ !== undefined && typ !== 'JWT')) return 'alg'
  if (aud !== audience) return 'aud'
  if (!(exp > now) || exp > now + 24 * 3600) return 'exp'
  if (!/^(mailto:|https:)/.test(sub)) return 'sub'
  if (key !== expectedKey) return 'key'
  const point = Buffer.from(key, 'base64url')
  const publicKey = createPublicKey({ key: { kty: 'EC', crv: 'P-256', x: point.subarray(1, 33).toString('base64url'), y: point.subarray(33).toString('base64url') }, format: 'jwk' })
  return verify('sha256', Buffer.from(`${head}.${claims}`), { key: publicKey, dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'base64url')) ? undefined : 'signature'
}

/** RFC 8188 §2 of one record, with the key of RFC 8291 §3.4. Throws when it was not encrypted for this browser. */
function decrypted (body: Buffer, ecdh: ECDH, auth: Buffer): string {
  const salt = body.subarray(0, 16)
  const senderKey = body.subarray(21, 21 + body[20]!)
  const record = body.subarray(21 + body[20]!)
  const hkdf = (secret: Buffer, salt: Buffer, info: Buffer, length: number): Buffer => Buffer.from(hkdfSync('sha256', secret, salt, info, length))
  const ikm = hkdf(ecdh.computeSecret(senderKey), auth, Buffer.concat([Buffer.from('WebPush: info\0'), ecdh.getPublicKey(), senderKey]), 32)
  const key = hkdf(ikm, salt, Buffer.from('Content-Encoding: aes128gcm\0'), 16)
  const nonce = hkdf(ikm, salt, Buffer.from('Content-Encoding: nonce\0'), 12)
  const decipher = createDecipheriv('aes-128-gcm', key, nonce, { authTagLength: 16 })
  decipher.setAuthTag(record.subarray(-16))
  const padded = Buffer.concat([decipher.update(record.subarray(0, -16)), decipher.final()])
  // The last record ends with 2 and zeros.
  const end = padded.lastIndexOf(2)
  return padded.subarray(0, end).toString('utf8')
}
