import { Paper } from '@mantine/core'
import { useLocation } from 'wouter'
import { useTexts } from '../../i18n/language.tsx'
import { tell } from '../../ui/notices.ts'
import { Page } from '../../ui/page.tsx'
import { certificates } from './texts.ts'
import { CertificateUpload } from './upload-form.tsx'

export default function UploadPage () {
  const words = useTexts(certificates)
  const [, go] = useLocation()
  return (
    <Page title={words.uploadTitle} lead={words.uploadLead} narrow back={{ to: '/certificates', text: words.title }}>
      <Paper p='lg'>
        <CertificateUpload onKept={({ id }) => {
          tell(words.kept)
          go(`/certificates/${id}`)
        }}
        />
      </Paper>
    </Page>
  )
}
