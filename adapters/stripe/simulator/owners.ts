import { intentMoved, setupMoved } from './checkout/session-machine.ts'
import type { World } from './world.ts'

/** Who is told when a payment or a set-up moves. */
export const owners: World['moved'] = {
  intent (call, intent) {
    const session = intent.owner?.kind === 'session' ? call.books.sessions.get(intent.owner.id) : undefined
    if (session !== undefined) intentMoved(call, session, intent)
  },
  setup (call, setup) {
    const session = setup.owner === null ? undefined : call.books.sessions.get(setup.owner.id)
    if (session !== undefined) setupMoved(call, session, setup)
  }
}
