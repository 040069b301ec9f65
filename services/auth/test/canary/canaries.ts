import { randomBytes } from 'node:crypto'

/** Where a secret may stand all the same: an e-mail address in the users' own columns. */
export type CanaryKind = 'secret' | 'email'

/** Something that must not be found where it does not belong. */
export interface Canary {
  /** What it is, for whoever reads a hit. */
  readonly name: string
  readonly kind: CanaryKind
  readonly value: Buffer
}

/** A text that was collected, and from where, such as `log` or `users.email`. */
export interface Collected {
  readonly place: string
  readonly text: string
}

/** A canary where it must not be. */
export interface Hit {
  readonly name: string
  readonly place: string
}

/** The columns that hold e-mail addresses by their purpose. */
const emailPlaces: ReadonlySet<string> = new Set(['users.email', 'users.email_key'])

/** What was planted, and the search for it. */
export class Canaries {
  readonly #planted: Canary[] = []

  /** Notes a secret that was made elsewhere, and returns it. */
  plant(name: string, value: string, kind: CanaryKind = 'secret'): string {
    this.plantBytes(name, Buffer.from(value), kind)
    return value
  }

  plantBytes(name: string, value: Uint8Array, kind: CanaryKind = 'secret'): void {
    if (value.length < 8) throw new Error(`${name} is too short to be told from chance`)
    if (this.#planted.some((one) => one.value.equals(value))) return
    this.#planted.push({ name, kind, value: Buffer.from(value) })
  }

  /** A new secret that looks like nothing else. */
  make(name: string): string {
    return this.plant(name, `canary-${randomBytes(12).toString('hex')}`)
  }

  /** A new e-mail address. */
  makeEmail(name: string): string {
    return this.plant(name, `${randomBytes(12).toString('hex')}@canary.example`, 'email')
  }

  get count(): number {
    return this.#planted.length
  }

  /** Every canary in every text: as it is, in hex, and in base64 wherever it begins within three bytes. */
  findHits(texts: readonly Collected[]): Hit[] {
    const hits: Hit[] = []
    const planted = this.#planted.map((canary) => ({ ...canary, forms: toForms(canary.value) }))
    for (const { place, text } of texts) {
      const lower = text.toLowerCase()
      for (const { forms, kind, name } of planted) {
        if (kind === 'email' && emailPlaces.has(place)) continue
        if (
          forms.folded.some((form) => lower.includes(form)) ||
          forms.exact.some((form) => text.includes(form))
        ) {
          hits.push({ name, place })
        }
      }
    }
    return hits
  }
}

interface Forms {
  /** In lower case, to be looked for in a text in lower case. */
  readonly folded: readonly string[]
  readonly exact: readonly string[]
}

function toForms(value: Buffer): Forms {
  const texts = [
    value.toString(),
    JSON.stringify(value.toString()).slice(1, -1),
    encodeURIComponent(value.toString()),
  ]
  const shifted = [0, 1, 2].flatMap((before) => {
    // Whole groups of three bytes only: those at the edges share their letters with what stands beside.
    const from = (3 - before) % 3
    const whole = value.subarray(from, from + Math.floor((value.length - from) / 3) * 3)
    return [whole.toString('base64'), whole.toString('base64url')]
  })
  return { folded: [value.toString('hex'), ...texts.map((text) => text.toLowerCase())], exact: shifted }
}
