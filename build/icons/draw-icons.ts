/**
 * Draws the icons: `npm run icons`. The mark is that of the pages (renderer/public/icon.svg): two peaks and a sun. The
 * tray's pictures add a badge that tells the state by colour and by shape.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { encodePng } from './png.ts'

type Colour = readonly [red: number, green: number, blue: number]
/** How far (in units of the picture's width) a point lies outside of a shape; below 0: inside. */
type Shape = (x: number, y: number) => number
interface Layer {
  readonly shape: Shape
  readonly colour: Colour | 'clear'
}

const rust: Colour = [143, 61, 31]
const sand: Colour = [246, 233, 223]
const sun: Colour = [240, 180, 143]
const grey: Colour = [128, 132, 140]
const states: Readonly<Record<string, { readonly colour: Colour; readonly sign: Shape }>> = {
  good: { colour: [38, 150, 84], sign: tick(0.73, 0.73, 0.13) },
  running: { colour: [47, 111, 208], sign: triangle(0.735, 0.73, 0.12) },
  warning: { colour: [214, 148, 16], sign: bar(0.73, 0.73, 0.13) },
  error: { colour: [205, 47, 47], sign: cross(0.73, 0.73, 0.11) },
  paused: { colour: [110, 114, 122], sign: twoBars(0.73, 0.73, 0.11) },
}

const projectFolder = join(import.meta.dirname, '..', '..')

write(join(projectFolder, 'build', 'icon.png'), 512, [
  { shape: square(0.5, 0.5, 0.5, 0.25), colour: rust },
  ...mark({ peaks: sand, sun }, 1),
])
for (const [state, { colour, sign }] of Object.entries(states)) {
  const badge: Layer[] = [
    { shape: circle(0.73, 0.73, 0.3), colour: 'clear' },
    { shape: circle(0.73, 0.73, 0.26), colour },
    { shape: sign, colour: [255, 255, 255] },
  ]
  for (const [suffix, size] of [
    ['', 24],
    ['@2x', 48],
  ] as const) {
    write(join(projectFolder, 'main', 'pictures', `tray-${state}${suffix}.png`), size, [
      ...mark({ peaks: grey, sun: grey }, 1.3),
      ...badge,
    ])
  }
}

/** Two peaks and a sun; places in 32nds of the picture's width, as in icon.svg. */
function mark(colours: { readonly peaks: Colour; readonly sun: Colour }, scale: number): Layer[] {
  const at = (place: number) => 0.5 + (place / 32 - 0.5) * scale
  const peak = (left: number, top: number, topY: number, right: number) =>
    triangleOf([at(left), at(24)], [at(top), at(topY)], [at(right), at(24)])
  return [
    { shape: union(peak(4, 13.5, 9.9, 22.5), peak(9.5, 18.1, 10.4, 28)), colour: colours.peaks },
    { shape: circle(at(23), at(9), (2.6 / 32) * scale), colour: colours.sun },
  ]
}

type Point = readonly [x: number, y: number]

/** Its corners run clockwise (y grows downwards). */
function triangleOf(...corners: readonly [Point, Point, Point]): Shape {
  return (x, y) =>
    Math.max(
      ...corners.map(([fromX, fromY], index) => {
        const [toX, toY] = corners[(index + 1) % 3] as Point
        const [alongX, alongY] = [toX - fromX, toY - fromY]
        return ((x - fromX) * alongY - (y - fromY) * alongX) / Math.hypot(alongX, alongY)
      }),
    )
}

function circle(centreX: number, centreY: number, radius: number): Shape {
  return (x, y) => Math.hypot(x - centreX, y - centreY) - radius
}

function square(centreX: number, centreY: number, half: number, corner: number): Shape {
  return (x, y) => {
    const right = Math.max(Math.abs(x - centreX) - half + corner, 0)
    const down = Math.max(Math.abs(y - centreY) - half + corner, 0)
    return Math.hypot(right, down) - corner
  }
}

/** A stroke from one point to another. */
function stroke(fromX: number, fromY: number, toX: number, toY: number, width: number): Shape {
  const [alongX, alongY] = [toX - fromX, toY - fromY]
  const lengthSquared = alongX ** 2 + alongY ** 2
  return (x, y) => {
    const at = Math.min(1, Math.max(0, ((x - fromX) * alongX + (y - fromY) * alongY) / lengthSquared))
    return Math.hypot(x - fromX - alongX * at, y - fromY - alongY * at) - width / 2
  }
}

function union(...shapes: readonly Shape[]): Shape {
  return (x, y) => Math.min(...shapes.map((shape) => shape(x, y)))
}

function tick(x: number, y: number, size: number): Shape {
  return union(
    stroke(x - size, y, x - size * 0.3, y + size * 0.7, 0.07),
    stroke(x - size * 0.3, y + size * 0.7, x + size, y - size * 0.7, 0.07),
  )
}

function cross(x: number, y: number, size: number): Shape {
  return union(
    stroke(x - size, y - size, x + size, y + size, 0.07),
    stroke(x - size, y + size, x + size, y - size, 0.07),
  )
}

function bar(x: number, y: number, size: number): Shape {
  return union(stroke(x, y - size, x, y + size * 0.2, 0.075), circle(x, y + size, 0.045))
}

function twoBars(x: number, y: number, size: number): Shape {
  return union(
    stroke(x - size * 0.6, y - size, x - size * 0.6, y + size, 0.08),
    stroke(x + size * 0.6, y - size, x + size * 0.6, y + size, 0.08),
  )
}

function triangle(x: number, y: number, size: number): Shape {
  // Right of the base line and left of both sides.
  return (px, py) => Math.max(x - size * 0.7 - px, (px - x) * 0.55 + Math.abs(py - y) * 0.85 - size * 0.6)
}

function write(path: string, size: number, layers: readonly Layer[]): void {
  const pixels = new Uint8Array(size * size * 4)
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      let [red, green, blue, alpha] = [0, 0, 0, 0]
      for (const { shape, colour } of layers) {
        const outside = shape((column + 0.5) / size, (row + 0.5) / size) * size
        const cover = Math.min(1, Math.max(0, 0.5 - outside))
        if (colour === 'clear') {
          alpha *= 1 - cover
          continue
        }
        const above = cover + alpha * (1 - cover)
        const mix = (over: number, under: number) =>
          above === 0 ? 0 : (over * cover + under * alpha * (1 - cover)) / above
        ;[red, green, blue, alpha] = [mix(colour[0], red), mix(colour[1], green), mix(colour[2], blue), above]
      }
      pixels.set([red, green, blue, alpha * 255].map(Math.round), (row * size + column) * 4)
    }
  }
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(path, encodePng(size, size, pixels))
}
