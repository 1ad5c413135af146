import { useLocation, useParams } from 'wouter'
import { useRead } from '../../api/hooks.ts'
import { useTexts } from '../../i18n/language.tsx'
import { Page, Waiting } from '../../ui/page.tsx'
import { ProblemAlert } from '../../ui/problem.tsx'
import { connections } from './texts.ts'
import { RepairCredentials } from './wizard/credentials.tsx'

/** New secrets for a connection that works: only what is typed is replaced, and all of it is tested. */
export default function CredentialsPage () {
  const { id } = useParams<{ id: string }>()
  const words = useTexts(connections)
  const [, go] = useLocation()
  const connection = useRead('/v1/connections/{id}', { path: { id } })
  const providerId = connection.data?.provider
  const provider = useRead('/v1/providers/{id}', { path: { id: providerId ?? '' } }, { enabled: providerId !== undefined })
  const failed = connection.error ?? provider.error
  return (
    <Page title={words.replace} lead={connection.data?.label} narrow back={{ to: `/connections/${id}`, text: connection.data?.label ?? words.title }}>
      {failed !== null && <ProblemAlert error={failed} />}
      {failed === null && (connection.data === undefined || provider.data === undefined) && <Waiting rows={3} height={90} />}
      {connection.data !== undefined && provider.data !== undefined && <RepairCredentials connection={connection.data} provider={provider.data} problem={undefined} onTested={() => go(`/connections/${id}`)} />}
    </Page>
  )
}
