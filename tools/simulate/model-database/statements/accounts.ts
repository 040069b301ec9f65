import { findCompiled } from '../sql/compile-statement.ts'
import { type StatementModel, toSelected } from '../sql/statement.ts'
import type { Tables } from '../tables/make-tables.ts'
import { findVisible } from '../tables/row.ts'

const join =
  /^select "users"\.\*, "user_logins"\."last_login_at" from "users" left join "user_logins" on "user_logins"\."user_id" = "users"\."id" /

/** The model of a query for accounts, whatever its conditions: that of one for users, and their last logins beside them. */
export function findAccountStatement(text: string, tables: Tables): StatementModel | undefined {
  const users = join.test(text)
    ? findCompiled(text.replace(join, 'select * from "users" '), tables)
    : undefined
  if (users === undefined) return undefined
  return (at) => {
    const found = users(at)
    if ('next' in found) throw new Error('a query that does not lock never waits')
    const [byUser] = at.server.tables.user_logins.indexes
    return toSelected(
      found.rows.map((user) => {
        const [login] = byUser?.rows.get(user.id) ?? []
        return {
          ...user,
          last_login_at: (login && findVisible(login, at.transaction)?.last_login_at) ?? null,
        }
      }),
    )
  }
}
