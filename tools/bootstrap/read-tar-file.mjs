const blockBytes = 512

/** The content of the file called `path` in an uncompressed tar archive. Throws when it holds no such file. */
export function readTarFile(archive, path) {
  for (let offset = 0; offset + blockBytes <= archive.length; ) {
    const name = text(archive, offset, 100)
    const prefix = text(archive, offset + 345, 155)
    const size = Number.parseInt(text(archive, offset + 124, 12), 8) || 0
    const start = offset + blockBytes
    if ((prefix === '' ? name : `${prefix}/${name}`) === path) return archive.subarray(start, start + size)
    offset = start + Math.ceil(size / blockBytes) * blockBytes
  }
  throw new Error(`the archive holds no ${path}`)
}

function text(archive, start, length) {
  const field = archive.subarray(start, start + length)
  const end = field.indexOf(0)
  return field.toString('utf8', 0, end === -1 ? length : end).trim()
}
