import type { ModelChange } from '../model-database.ts'
import type { Row } from '../tables/row.ts'
import { addToIndex, removeFromIndex, type Table } from '../tables/table.ts'
import type { Server } from './server.ts'

/** A standby becomes the primary that lacks the last commits: what they did is undone, and the timeline is another one. */
export function promote(server: Server, lostCommits: number): void {
  for (const backend of [...server.backends]) backend.crash(false)
  let left = lostCommits
  for (let at = server.commits.length - 1; at >= 0 && left > 0; at -= 1) {
    const commit = server.commits[at]
    if (commit === undefined || commit.isLost) continue
    for (const change of commit.changes.toReversed()) undo(server.tables[change.table], change)
    server.commits[at] = { ...commit, isLost: true }
    left -= 1
  }
  server.timeline += 1
  server.isUp = true
  server.isInRecovery = false
  for (const table of Object.values(server.tables)) if (lostCommits > 0) resetSequence(server, table)
}

function undo(table: Table, { before, after }: ModelChange): void {
  const row = after === undefined ? makeRow(table) : findRow(table, after)
  for (const index of table.indexes) {
    const [lost, kept] = [after && index.toKey(after), before && index.toKey(before)]
    if (lost !== undefined && lost !== kept) removeFromIndex(index, lost, row)
    if (kept !== undefined) addToIndex(index, kept, row)
  }
  row.committed = before
  if (before === undefined) table.rows.delete(row)
}

function findRow(table: Table, version: ModelChange['after']): Row {
  for (const row of table.rows) if (row.committed === version) return row
  throw new Error(`a row of ${table.name} is not there that a commit has left`)
}

function makeRow(table: Table): Row {
  table.nextOrder += 1
  const facts = { committed: undefined, writer: undefined, pending: undefined }
  const row: Row = { table, order: table.nextOrder, ...facts, held: [], queue: [] }
  table.rows.add(row)
  return row
}

/** A sequence is logged 32 numbers ahead: the standby goes on somewhere behind the last number that it has in a row. */
function resetSequence(server: Server, table: Table): void {
  const column = table.columns.find(({ isIdentity }) => isIdentity)
  if (column === undefined) return
  let highest = 0
  for (const { committed } of table.rows) highest = Math.max(highest, Number(committed?.[column.name] ?? 0))
  table.sequence = highest + Math.floor(server.random() * 33)
}
