import { create } from 'qrcode'
import { useMemo } from 'react'

/** An address as a QR code, drawn here: no picture leaves the page, and none is fetched. */
export default function Qr ({ value, label }: { value: string, label: string }) {
  const { size, path } = useMemo(() => {
    const { modules } = create(value, { errorCorrectionLevel: 'M' })
    const dark = Array.from(modules.data, (bit, index) => bit ? `M${index % modules.size + 4} ${Math.floor(index / modules.size) + 4}h1v1h-1z` : '').join('')
    return { size: modules.size + 8, path: dark }
  }, [value])
  return (
    <svg viewBox={`0 0 ${size} ${size}`} width={220} height={220} role='img' aria-label={label} shapeRendering='crispEdges' data-qr style={{ borderRadius: 8, maxWidth: '100%' }}>
      <rect width={size} height={size} fill='#fff' /><path d={path} fill='#000' />
    </svg>
  )
}
