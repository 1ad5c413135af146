import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance, RawServerDefault } from 'fastify'

/** How long a sender may still take for the rest of a request when the server closes, ms. Nothing of it was done yet. */
const restMs = 500

/**
 * Node's server, told to close, waits for every connection that has not asked anything yet, and no longer looks for those
 * that dawdle: one idle connection of a load balancer would hold up the end. Only a request that is whole is waited for.
 */
export function endConnections (app: Pick<FastifyInstance<RawServerDefault>, 'server' | 'addHook'>): void {
  const asking = new Map<Socket, IncomingMessage | null>()
  let closing = false
  app.server.on('connection', socket => {
    if (closing) return socket.destroy()
    asking.set(socket, null)
    socket.once('close', () => asking.delete(socket))
  })
  app.server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const { socket } = request
    asking.set(socket, request)
    response.once('close', () => {
      if (asking.get(socket) !== request) return
      asking.set(socket, null)
      if (closing) socket.destroySoon()
    })
  })
  app.addHook('preClose', done => {
    closing = true
    for (const [socket, request] of asking) if (request === null) socket.destroy()
    setTimeout(() => { for (const [socket, request] of asking) if (request?.complete === false) socket.destroy() }, restMs).unref()
    done()
  })
}
