import { invalid, missing } from './errors.ts'
import { eventView } from './events.ts'
import { boolean, created, expand, listOf, object, paging, text } from './params.ts'
import { route } from './routing.ts'
import { page } from './shelf.ts'

export const eventRoutes = [
  route('GET', '/v1/events', object({ ...paging, created, type: text(), types: listOf(text()), delivery_success: boolean }), ({ books }, params) => {
    const { type, types, delivery_success: delivered } = params
    if (type !== undefined && types !== undefined) throw invalid('You may only specify one of these parameters: type, types.', { code: 'parameters_exclusive', param: 'type' })
    if (types !== undefined && types.length > 20) throw invalid('You may filter by up to 20 types.', { param: 'types' })
    const pattern = type?.includes('*') === true ? new RegExp(`^${type.split('*').map(part => part.replaceAll('.', '\\.')).join('.*')}$`) : undefined
    return page(books.events, params, '/v1/events', 'event', each => eventView(each), each =>
      (type === undefined || (pattern === undefined ? each.type === type : pattern.test(each.type))) &&
      (types === undefined || types.includes(each.type)) &&
      (delivered === undefined || delivered === (each.undelivered.length === 0)))
  }),
  route('GET', '/v1/events/:id', object({ expand }), ({ books }, _, { id }) => {
    const event = books.events.get(id!)
    if (event === undefined) throw missing('event', id!, 'id')
    return eventView(event)
  })
]
