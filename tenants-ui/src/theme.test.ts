import t from 'tap'
import { colors } from './theme.ts'

const white: Rgb = [255, 255, 255]
type Rgb = [number, number, number]
const rgb = (hex: string): Rgb => [1, 3, 5].map(at => Number.parseInt(hex.slice(at, at + 2), 16)) as Rgb

/** WCAG 2.2, relative luminance and contrast ratio. */
const luminance = (colour: Rgb): number => {
  const [red, green, blue] = colour.map(part => part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4) as Rgb
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}
const contrast = (one: Rgb, other: Rgb): number => (Math.max(luminance(one), luminance(other)) + 0.05) / (Math.min(luminance(one), luminance(other)) + 0.05)

t.test('every colour reads well wherever the components put text on it, light and dark', async t => {
  const { dark, ...others } = colors
  for (const [name, tuple] of Object.entries(others)) {
    const shade = (index: number): Rgb => rgb(tuple[index]!)
    const darkened = (share: number): Rgb => shade(9).map(part => part * (1 - share)) as Rgb // Mantine's `light` of the dark look, and its hover
    const pairs: Record<string, [Rgb, Rgb]> = {
      'light: badge, alert, icon': [shade(9), shade(1)],
      'light: hovered': [shade(9), shade(2)],
      'light: filled': [white, shade(7)],
      'light: text on a card': [shade(7), white],
      'dark: badge, alert, icon': [shade(0), darkened(0.5)],
      'dark: hovered': [shade(0), darkened(0.3)],
      'dark: text on a card': [shade(4), rgb(dark[7])],
      'dark: text on the page': [shade(4), rgb(dark[8])]
    }
    for (const [where, [one, other]] of Object.entries(pairs)) t.ok(contrast(one, other) >= 4.5, `${name}, ${where}: ${contrast(one, other).toFixed(2)}`)
  }
  for (const back of [5, 6, 7, 8]) t.ok(contrast(rgb(dark[0]), rgb(dark[back]!)) >= 7, `dark: text on ${back}`)
})
