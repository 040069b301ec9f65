import { type StatementModel, toSelected } from '../sql/statement.ts'
import { findVisible } from '../tables/row.ts'

/** `findAccount` by its three columns. */
export const accountStatements: Readonly<Record<string, StatementModel>> = Object.freeze(
  Object.fromEntries(
    ['id', 'username_key', 'email_key'].map((column) => [
      `select "users".*, "user_logins"."last_login_at" from "users"
       left join "user_logins" on "user_logins"."user_id" = "users"."id" where "users"."${column}" = $1`,
      makeFindAccount(column),
    ]),
  ),
)

function makeFindAccount(column: string): StatementModel {
  return ({ parameters, server: { tables }, transaction }) => {
    const index = tables.users.indexes.find(({ columns }) => columns[0] === column)
    const [value] = parameters
    for (const row of index?.rows.get(value) ?? []) {
      const user = findVisible(row, transaction)
      if (user === undefined || user[column] !== value) continue
      const [login] = tables.user_logins.indexes[0]?.rows.get(user.id) ?? []
      const at = login && findVisible(login, transaction)?.last_login_at
      return toSelected([{ ...user, last_login_at: at ?? null }])
    }
    return toSelected([])
  }
}
