const rows = ['1234567890-=', 'qwertyuiop[]', "asdfghjkl;'", 'zxcvbnm,./']
const shifted = ['!@#$%^&*()_+', 'qwertyuiop{}', 'asdfghjkl:"', 'zxcvbnm<>?']
/** The letters and digits alone, and other layouts' letters. */
const otherRows = [
  ...['1234567890', 'qwertyuiop', 'asdfghjkl', 'zxcvbnm', 'azertyuiop', 'qsdfghjklm', 'wxcvbn', 'qwertzuiop'],
  ...['yxcvbnm', 'йцукенгшщзхъ', 'фывапролджэ', 'ячсмитьбю', 'ㅂㅈㄷㄱㅅㅛㅕㅑㅐㅔ', 'ㅁㄴㅇㄹㅎㅗㅓㅏㅣ'],
]
const pad = ['789', '456', '123']

/** What fingers write that walk over a keyboard: along rows, up and down columns, to and fro, from every key; each of `length` characters. */
export function makeKeyboardWalks(length: number): string[] {
  const paths = [
    ...rows.flatMap((row) => [row, reverse(row)]),
    ...otherRows.flatMap((row) => [row, reverse(row)]),
    ...rows.map((row) => row + reverse(row)),
    ...pairs(rows).flatMap(([one, other]) => [one + other, zip(one, other), zip(other, one)]),
    ...[rows, shifted].flatMap((all) => toColumnPaths(all)),
    ...toColumnPaths(pad),
    pad.join(''),
    reverse(pad.join('')),
    rows.map((row) => row.slice(0, 10)).join(''),
    rows.slice(1).reverse().join(''),
  ]
  return [...new Set(paths.flatMap((path) => toWindows(path, length)))]
}

/** `1qaz2wsx…`, `zaq1xsw2…`, `1qazxsw2…`, and the same from the right. */
function toColumnPaths(all: readonly string[]): string[] {
  const width = Math.min(...all.map((row) => row.length))
  const columns = Array.from({ length: width }, (_, place) => all.map((row) => row[place]).join(''))
  const letters = columns.map((column) => column.slice(1))
  return [columns, letters].flatMap((down) => {
    const up = down.map(reverse)
    const snakes = [0, 1].map((turn) =>
      down.map((column, place) => (place % 2 === turn ? column : reverse(column))),
    )
    return [down, up, ...snakes].flatMap((one) => [one.join(''), one.toReversed().join('')])
  })
}

/** Every stretch of the path that goes round and round. */
function toWindows(path: string, length: number): string[] {
  const round = path.repeat(Math.ceil(length / path.length) + 1)
  return Array.from({ length: path.length }, (_, from) => round.slice(from, from + length))
}

function pairs(all: readonly string[]): [string, string][] {
  return all.flatMap((one) =>
    all.filter((other) => other !== one).map((other): [string, string] => [one, other]),
  )
}

function zip(one: string, other: string): string {
  return Array.from(one.slice(0, other.length), (char, place) => char + other[place]).join('')
}

function reverse(text: string): string {
  return Array.from(text).reverse().join('')
}
