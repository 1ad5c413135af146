import { type Command, text } from './command.ts'

export const tenantsCreate: Command = {
  name: 'tenants create',
  group: 'Tenants',
  summary: 'Make a tenant',
  about: ['Its users and API keys are made through the API: POST /v1/users and POST /v1/api_keys with the platform key and the header Pasarela-Tenant.'],
  options: {
    name: { value: 'NAME', help: 'what people call it', required: true },
    country: { value: 'MX', help: 'ISO 3166-1, two letters', required: true },
    'host-name': { value: 'HOST', help: 'where its people and providers reach the hub, if it has one of its own' }
  },
  examples: [{ line: 'tenants create --name "Hotel Alhambra" --country MX', what: 'answers its id' }],
  run: async call => {
    const [{ withHub }, { operator }, { checked }, { createTenant }, { NewTenant }] = await Promise.all([
      import('./with-hub.ts'), import('./operator.ts'), import('./checked.ts'), import('../tenants/service.ts'), import('../tenants/schema.ts')
    ])
    const body = checked(NewTenant, { name: text(call, 'name'), country: text(call, 'country'), host_name: text(call, 'host-name') })
    return await withHub(call, async hub => {
      const tenant = await createTenant(hub, await operator(hub), body, null)
      call.out.say(tenant.id)
      call.out.json(tenant)
      return 0
    })
  }
}
