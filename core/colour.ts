/** Colours as tenants give them, `#rrggbb`, and what can be read on them: WCAG 2.2, relative luminance and contrast ratio. */

const channels = (colour: string): [number, number, number] => [1, 3, 5].map(at => parseInt(colour.slice(at, at + 2), 16)) as [number, number, number]

export const isColour = (text: string): boolean => /^#[0-9A-Fa-f]{6}$/.test(text)

function luminance (colour: string): number {
  const [red, green, blue] = channels(colour).map(value => {
    const part = value / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  }) as [number, number, number]
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

/** From 1 (the same) to 21 (black on white). */
export function contrast (one: string, other: string): number {
  const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a) as [number, number]
  return (light + 0.05) / (dark + 0.05)
}

/** Black or white, whichever is read better on it: one of them always has 4.58 or more. */
export function inkOn (colour: string): '#000000' | '#ffffff' {
  return contrast(colour, '#000000') >= contrast(colour, '#ffffff') ? '#000000' : '#ffffff'
}

/** The colour itself where it can be read on that ground; else as little darker or lighter as makes it so. */
export function readableOn (colour: string, ground: string, least = 4.5): string {
  const ink = inkOn(ground)
  for (let share = 0; share < 1; share += 0.02) {
    const mixed = mix(colour, ink, share)
    if (contrast(mixed, ground) >= least) return mixed
  }
  return ink
}

function mix (colour: string, other: string, share: number): string {
  const others = channels(other)
  return `#${channels(colour).map((value, at) => Math.round(value + (others[at]! - value) * share).toString(16).padStart(2, '0')).join('')}`
}
