import { Button, Paper, Stack } from '@mantine/core'
import { useState } from 'react'
import { Link } from 'wouter'
import { useChange } from '../../api/hooks.ts'
import { useTexts } from '../../i18n/language.tsx'
import { ShownOnce } from '../../ui/once.tsx'
import { Page } from '../../ui/page.tsx'
import { ProblemAlert } from '../../ui/problem.tsx'
import { endpointBody, EndpointFields, endpointFields, type EndpointValues } from './endpoint-form.tsx'
import { deliveries } from './texts.ts'

export default function NewEndpointPage () {
  const words = useTexts(deliveries)
  const [values, setValues] = useState<EndpointValues>({ url: '', label: '', types: '*', ordering: 'none' })
  const make = useChange('post', '/v1/webhook_endpoints', { invalidates: ['/v1/webhook_endpoints'] })
  const back = { to: '/deliveries/endpoints', text: words.endpoints }
  if (make.data !== undefined) {
    return (
      <Page title={words.madeTitle} narrow back={back}>
        <Paper p='lg'>
          <Stack gap='md'>
            <ShownOnce label={words.secret} text={words.secretOnce} value={make.data.secret} />
            <Button component={Link} href={`/deliveries/endpoints/${make.data.id}`} w='fit-content'>{words.toEndpoint}</Button>
          </Stack>
        </Paper>
      </Page>
    )
  }
  return (
    <Page title={words.makeTitle} lead={words.makeLead} narrow back={back}>
      <Paper p='lg'>
        <form onSubmit={event => {
          event.preventDefault()
          if (!make.isPending) make.mutate({ body: endpointBody(values) })
        }}
        >
          <Stack gap='md' maw={560}>
            <EndpointFields values={values} onChange={setValues} error={make.error} />
            {make.isError && <ProblemAlert error={make.error} but={endpointFields} />}
            <Button type='submit' w='fit-content' loading={make.isPending}>{words.make}</Button>
          </Stack>
        </form>
      </Paper>
    </Page>
  )
}
