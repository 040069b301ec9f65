import pg from 'pg'

/** bigint as number: every counter and sequence here stays below 2^53. */
export const postgresTypes = {
  getTypeParser(oid: number, format?: 'text' | 'binary') {
    return oid === pg.types.builtins.INT8 ? Number : pg.types.getTypeParser(oid, format as 'text')
  },
} as pg.CustomTypesConfig
