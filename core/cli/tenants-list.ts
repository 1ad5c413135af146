import { type Command, text } from './command.ts'

const pageSize = 100

export const tenantsList: Command = {
  name: 'tenants list',
  group: 'Tenants',
  summary: 'List the tenants',
  about: ['Newest first. With --json, one object on each line.'],
  options: { status: { value: 'active|suspended', help: 'only those' } },
  examples: [
    { line: 'tenants list', what: 'id, country, state and name of each' },
    { line: 'tenants list --status suspended --json', what: 'for a program' }
  ],
  run: async call => {
    const [{ withHub }, { operator }, { checked }, { listTenants }, { ListTenants }] = await Promise.all([
      import('./with-hub.ts'), import('./operator.ts'), import('./checked.ts'), import('../tenants/service.ts'), import('../tenants/schema.ts')
    ])
    const filter = checked(ListTenants, { limit: pageSize, status: text(call, 'status') })
    return await withHub(call, async hub => {
      const access = await operator(hub)
      let cursor: string | null = null
      let count = 0
      do {
        const page: Awaited<ReturnType<typeof listTenants>> = await listTenants(hub, access, { ...filter, ...(cursor !== null && { cursor }) })
        for (const tenant of page.data) {
          call.out.say(`${tenant.id}  ${tenant.country}  ${tenant.status.padEnd(9)}  ${tenant.name}`)
          call.out.json(tenant)
        }
        count += page.data.length
        cursor = page.next_cursor
      } while (cursor !== null)
      if (count === 0) call.out.say('There are no tenants.')
      return 0
    })
  }
}
